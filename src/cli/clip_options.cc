// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/clip_options.h"

#include <limits>
#include <vector>

#include "audio/audio_writer.h"
#include "cli/options.h"

namespace riffle::cli {

audio::SampleClipsOptions ClipOptions::plan_options() const {
  audio::SampleClipsOptions plan{
      .clips = clips, .duration_ms = duration_ms, .extension = extension};
  if (seed >= 0) plan.maybe_seed = static_cast<uint32_t>(seed);
  return plan;
}

void add_clip_options(CLI::App& app, ClipOptions& options, const std::string& clips_flag) {
  std::vector<std::string> endings;
  for (const auto& ending : audio::writable_endings()) endings.push_back(ending.substr(1));
  app.add_option(clips_flag, options.clips, "Clips of each sound")
      ->type_name("N")
      ->check(between(1, 100000))
      ->capture_default_str();
  app.add_option("--duration-ms", options.duration_ms, "Length of a clip")
      ->type_name("MS")
      ->check(between(1, 1e9))
      ->capture_default_str();
  app.add_flag("--mono", options.mono, "Mix to one channel");
  add_choice(app, "--extension", options.extension, endings, "Kind of sound file");
  app.add_option("--seed", options.seed,
                 "Of the places; the same seed gives the same; -1 for chance")
      ->type_name("N")
      ->check(between(-1, std::numeric_limits<uint32_t>::max()))
      ->capture_default_str();
}

}  // namespace riffle::cli
