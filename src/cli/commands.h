// SPDX-License-Identifier: GPL-3.0-or-later
// The table of commands: what riffle can do.
#pragma once

#include <vector>

#include "cli/command.h"

namespace riffle::cli {

const std::vector<Command>& commands();

// The rows made of the pipelines' table, in cmd_pipelines.cc.
std::vector<Command> pipeline_commands();

// One function a command, each in its cmd_NAME.cc: adds the options, returns the action.
Action add_audio_to_image(CLI::App& app);
Action add_audio_to_images_batch(CLI::App& app);
Action add_bench(CLI::App& app);
Action add_corpus(CLI::App& app);
Action add_completion(CLI::App& app);
Action add_docs(CLI::App& app);
Action add_eval(CLI::App& app);
Action add_image_to_audio(CLI::App& app);
Action add_info(CLI::App& app);
Action add_models(CLI::App& app);
Action add_print_exif(CLI::App& app);
Action add_sample_clips(CLI::App& app);
Action add_sample_clips_batch(CLI::App& app);
Action add_serve(CLI::App& app);

}  // namespace riffle::cli
