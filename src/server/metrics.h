// SPDX-License-Identifier: GPL-3.0-or-later
// Counters and gauges in Prometheus' text format.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace riffle::server {

// Every function may be called from any thread.
class Metrics {
 public:
  // `labels` as they stand in braces: state="done". The counter begins at 0 where it is new.
  void add(std::string_view name, std::string_view labels, double value = 1);
  // Asked for its value each time.
  void gauge(std::string name, std::string help, std::function<double()> value);
  void describe(std::string name, std::string help);  // a counter

  std::string text() const;

 private:
  struct Gauge {
    std::string name;
    std::string help;
    std::function<double()> value;
  };
  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> help_;
  std::map<std::string, std::map<std::string, double, std::less<>>, std::less<>> counters_;
  std::vector<Gauge> gauges_;
};

}  // namespace riffle::server
