// SPDX-License-Identifier: GPL-3.0-or-later
// riffle sample-clips: clips from random places of a sound file.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>

#include "audio/audio_reader.h"
#include "audio/read_audio.h"
#include "audio/sample_clips.h"
#include "cli/clip_options.h"
#include "cli/commands.h"
#include "cli/options.h"

namespace riffle::cli {
namespace {

struct Options {
  std::string audio;
  std::string output_dir;
  ClipOptions clips;
};

void run(const Options& options, Context& context) {
  const auto plan_options = options.clips.plan_options();
  const audio::AudioReader reader(options.audio);
  const int64_t frames = audio::count_frames(options.audio, context.job);
  const auto plan = audio::plan_clips(frames, reader.info().sample_rate, plan_options);
  std::filesystem::create_directories(options.output_dir);
  const auto paths = audio::cut_clips(options.audio, options.output_dir, plan,
                                      {.mono = options.clips.mono}, context.job);
  OrderedJson clips = OrderedJson::array();
  for (size_t i = 0; i < paths.size(); ++i) {
    context.out.line("{}", paths[i].string());
    clips.push_back(
        {{"audio", paths[i].string()}, {"start_ms", plan[i].start_ms}, {"frames", plan[i].frames}});
  }
  context.out.document() = {{"audio", options.audio}, {"clips", std::move(clips)}};
}

}  // namespace

Action add_sample_clips(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("audio,--audio", options->audio, "Sound to cut from")
      ->type_name(kFileType)
      ->required();
  app.add_option("output-dir,--output-dir", options->output_dir,
                 "Folder for the clips; made when missing")
      ->type_name(kFolderType)
      ->required();
  options->clips.extension = "wav";
  add_clip_options(app, options->clips, "--num-clips");
  return [options](Context& context) { run(*options, context); };
}

}  // namespace riffle::cli
