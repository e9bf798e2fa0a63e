// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/globals.h"

#include "cli/options.h"
#include "core/log.h"
#include "core/version.h"
#include "nn/runtime.h"

namespace riffle::cli {

void add_global_options(CLI::App& app, Globals& globals) {
  const std::string group = "Options of every command";
  app.add_option("--threads", globals.threads, "Compute threads; 0 for all processors")
      ->type_name("N")
      ->check(between(0, 1024))
      ->capture_default_str()
      ->group(group);
  add_choice(app, "--device", globals.device, {"auto", "cpu", "cuda"}, "Where to compute")
      ->group(group);
  app.add_flag("--json", globals.json, "Print the result as one JSON document")->group(group);
  app.add_flag("--quiet", globals.quiet, "No progress, no warnings")->group(group);
  app.add_flag("-v,--verbose", globals.verbosity, "Say what happens; twice: say why")->group(group);
  app.set_help_flag("-h,--help", "Print this help")->group(group);
}

void apply(const Globals& globals) {
  nn::use_threads(globals.threads);
  log::set_level(globals.quiet            ? log::Level::Error
                 : globals.verbosity >= 2 ? log::Level::Debug
                 : globals.verbosity == 1 ? log::Level::Info
                                          : log::Level::Warn);
  if (log::level() <= log::Level::Info) {
    log::info("riffle {}, {}", version(), nn::describe_runtime());
  }
  nn::warn_if_slow();
  if (globals.device != "auto") (void)nn::choose_device(globals.device);
}

void warn_that_device_is_unused(const Globals& globals) {
  if (globals.device == "cuda") {
    log::warn("sound and pictures are computed on the CPU: --device cuda changes nothing here");
  }
}

}  // namespace riffle::cli
