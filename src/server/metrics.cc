// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/metrics.h"

#include <fmt/format.h>

namespace riffle::server {

void Metrics::add(std::string_view name, std::string_view labels, double value) {
  const std::lock_guard lock(mutex_);
  auto counter = counters_.find(name);
  if (counter == counters_.end())
    counter =
        counters_.emplace(std::string(name), std::map<std::string, double, std::less<>>{}).first;
  auto entry = counter->second.find(labels);
  if (entry == counter->second.end()) entry = counter->second.emplace(std::string(labels), 0).first;
  entry->second += value;
}

void Metrics::gauge(std::string name, std::string help, std::function<double()> value) {
  const std::lock_guard lock(mutex_);
  gauges_.push_back({std::move(name), std::move(help), std::move(value)});
}

void Metrics::describe(std::string name, std::string help) {
  const std::lock_guard lock(mutex_);
  counters_.try_emplace(name);
  help_.emplace(std::move(name), std::move(help));
}

std::string Metrics::text() const {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const auto& [name, values] : counters_) {
    const auto help = help_.find(name);
    text += fmt::format("# HELP {} {}\n# TYPE {} counter\n", name,
                        help == help_.end() ? "" : help->second, name);
    for (const auto& [labels, value] : values) {
      text += labels.empty() ? fmt::format("{} {}\n", name, value)
                             : fmt::format("{}{{{}}} {}\n", name, labels, value);
    }
  }
  for (const Gauge& gauge : gauges_) {
    text += fmt::format("# HELP {} {}\n# TYPE {} gauge\n{} {}\n", gauge.name, gauge.help,
                        gauge.name, gauge.name, gauge.value());
  }
  return text;
}

}  // namespace riffle::server
