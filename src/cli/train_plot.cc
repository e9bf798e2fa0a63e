// SPDX-License-Identifier: GPL-3.0-or-later
// riffle train plot: the curves of a run's log as a picture.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/options.h"
#include "cli/train_commands.h"
#include "cli/train_samples.h"
#include "core/error.h"
#include "train/line_chart.h"
#include "train/log_file.h"

namespace riffle::cli {
namespace {

struct Options {
  std::vector<std::string> logs;
  std::string out = "training.png";
  std::vector<std::string> values{"loss", "validation/loss"};
  double smooth = 0;
  bool linear = false;
};

// "loss" of a line, or "validation/loss" within its object.
std::optional<double> value_of(const Json& line, const std::string& name) {
  const Json::json_pointer pointer("/" + name);
  if (!line.contains(pointer) || !line.at(pointer).is_number()) return {};
  return line.at(pointer).get<double>();
}

train::Series series_of(const std::vector<Json>& lines, const std::string& name,
                        const std::string& label, double smooth) {
  train::Series series{label, {}};
  double mean = 0;
  for (const Json& line : lines) {
    const auto value = value_of(line, name);
    if (!value) continue;
    mean = series.points.empty() ? *value : smooth * mean + (1 - smooth) * *value;
    series.points.emplace_back(line.at("step").get<double>(), mean);
  }
  return series;
}

void plot(const Options& options, Context& context) {
  std::vector<train::Series> all;
  for (const std::string& log : options.logs) {
    const std::filesystem::path path(log);
    const auto file = std::filesystem::is_directory(path) ? path / "log.jsonl" : path;
    const auto lines = train::read_log(file);
    const std::string of =
        options.logs.size() > 1 ? file.parent_path().filename().string() + ": " : "";
    for (const std::string& name : options.values) {
      // Validations are few and averages already.
      const bool smoothed = !name.starts_with("validation/");
      auto series = series_of(lines, name, of + name, smoothed ? options.smooth : 0);
      if (!series.points.empty()) all.push_back(std::move(series));
    }
  }
  if (all.empty()) {
    throw Error(ErrorCode::NotFound,
                fmt::format("{}: there are no such values in it", options.logs.front()),
                "--value takes names of its lines, such as loss, learning_rate, validation/loss");
  }
  const auto written =
      write_chart(options.out, train::draw_chart(all, {.logarithmic = !options.linear}));
  context.out.line("{}", written.string());
  OrderedJson values = OrderedJson::array();
  for (const train::Series& series : all) {
    context.out.line("  {:<28} {} points, last {:.5g}", series.name, series.points.size(),
                     series.points.back().second);
    values.push_back({{"name", series.name},
                      {"points", series.points.size()},
                      {"last", series.points.back().second}});
  }
  context.out.document() = {{"picture", written.string()}, {"values", std::move(values)}};
}

}  // namespace

Action add_train_plot(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("log", options->logs, "Folder of a run, or its log.jsonl; several are compared")
      ->type_name(kFileType)
      ->required();
  app.add_option("-o,--output", options->out, "Picture to write")
      ->type_name(kFileType)
      ->capture_default_str();
  app.add_option("--value", options->values, "What to draw; may be repeated")
      ->type_name("NAME")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->default_str("loss, validation/loss");
  app.add_option("--smooth", options->smooth,
                 "0: as it is; 0.9: a running mean over some ten lines")
      ->check(between(0, 0.9999))
      ->capture_default_str();
  app.add_flag("--linear", options->linear, "A linear vertical axis; else logarithmic");
  return [options](Context& context) { plot(*options, context); };
}

}  // namespace riffle::cli
