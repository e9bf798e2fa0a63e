// SPDX-License-Identifier: GPL-3.0-or-later
// riffle train average
#include <memory>
#include <string>

#include "cli/options.h"
#include "cli/train_commands.h"
#include "train/average_models.h"
#include "weights/model_library.h"

namespace riffle::cli {
namespace {

struct Options {
  std::string a;
  std::string b;
  std::string out;
  double share = 0.5;
};

void run(const Options& options, Context& context) {
  const train::AverageReport report =
      train::average_models(weights::find_model(options.a), weights::find_model(options.b),
                            options.share, options.out, context.job);
  context.out.line("{}", options.out);
  context.out.line("  {} numbers averaged, {} were alike", report.averaged, report.alike);
  context.out.document() = {
      {"model", options.out}, {"averaged", report.averaged}, {"alike", report.alike}};
}

}  // namespace

Action add_train_average(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("model", options->a, "A model")->type_name("MODEL")->required();
  app.add_option("other", options->b, "Another one of the same form, such as what it began from")
      ->type_name("MODEL")
      ->required();
  app.add_option("out", options->out, "Folder for the model between them")
      ->type_name(kFolderType)
      ->required();
  app.add_option("--share", options->share, "Of the other one")
      ->check(between(0, 1))
      ->capture_default_str();
  return [options](Context& context) { run(*options, context); };
}

}  // namespace riffle::cli
