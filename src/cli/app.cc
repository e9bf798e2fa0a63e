// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/app.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "cli/failure.h"
#include "cli/interrupt.h"
#include "cli/parser.h"
#include "cli/progress_display.h"

namespace riffle::cli {
namespace {

// Prints the failure and, for scripts that asked for --json, adds it to the document.
int finish_with(const Failure& failure, Output& out) {
  print_failure(failure);
  if (out.json()) {
    out.document()["error"] = to_json(failure);
    try {
      out.finish();
    } catch (const Error& e) {
      print_failure({e.code(), e.message(), e.hint()});
    }
  }
  return exit_status(failure.code);
}

int run_command(const Parser& parser, Output& out) {
  try {
    const std::stop_token stop = stop_on_signals();
    apply(parser.globals());
    ProgressDisplay display(stderr, ProgressDisplay::style_for(stderr, parser.globals().quiet));
    const Job job{stop, [&](const Progress& progress) { display.update(progress); }};
    Context context{parser.globals(), out, job};
    parser.action()(context);
    display.clear();
    out.finish();
    return 0;
  } catch (...) {
    return finish_with(failure_from(std::current_exception()), out);
  }
}

bool asks_for_json(int argc, const char* const* argv) {
  return std::any_of(argv, argv + argc,
                     [](const char* word) { return std::string_view(word) == "--json"; });
}

}  // namespace

int run(int argc, const char* const* argv, const std::vector<Command>& commands) {
  Parser parser(commands);
  try {
    parser.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", parser.help());
    return 0;
  } catch (const CLI::CallForVersion& e) {
    fmt::print("{}\n", e.what());
    return 0;
  } catch (...) {
    Output out(stdout, asks_for_json(argc, argv));
    return finish_with(failure_from(std::current_exception()), out);
  }
  Output out(stdout, parser.globals().json);
  return run_command(parser, out);
}

}  // namespace riffle::cli
