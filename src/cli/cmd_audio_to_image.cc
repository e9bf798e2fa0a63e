// SPDX-License-Identifier: GPL-3.0-or-later
// riffle audio-to-image: a sound file as one spectrogram picture, or as a row of them.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "audio/audio_reader.h"
#include "cli/codec_options.h"
#include "cli/commands.h"
#include "cli/encode_file.h"
#include "cli/inputs.h"
#include "cli/mel_queue.h"
#include "cli/options.h"
#include "core/error.h"
#include "core/log.h"
#include "image/picture_file.h"
#include "image/spectrogram_picture.h"

namespace riffle::cli {
namespace {

struct Options {
  std::string audio;
  std::string image;
  int64_t tile_width = 0;
  CodecOptions codec{audio::SpectrogramParams{}};
};

audio::SpectrogramParams params_for(const Options& options, const audio::AudioFileInfo& info) {
  audio::SpectrogramParams base;
  base.sample_rate = info.sample_rate;
  return options.codec.over(base);
}

// Says what was written, for people and in the document.
void report(const std::filesystem::path& path, const image::Picture& picture, Context& context) {
  context.out.line("{} ({} x {})", path.string(), picture.width, picture.height);
  context.out.document()["images"].push_back(
      {{"image", path.string()}, {"width", picture.width}, {"height", picture.height}});
}

void write_one(const Options& options, Context& context) {
  audio::AudioReader reader(options.audio);
  const auto params = params_for(options, reader.info());
  const audio::MelSpectrogram mel = encode_file(reader, params, context.job);
  const float max_value = image::max_amplitude(mel);
  const image::Picture picture = image::picture_from_mel(mel, params, max_value, context.job);
  image::write_picture(options.image, picture);
  context.out.document()["max_value"] = max_value;
  report(options.image, picture, context);
}

// The loudest amplitude of the whole file: one scale for all tiles.
float measure(const Options& options, Context& context) {
  audio::AudioReader reader(options.audio);
  float loudest = 0;
  encode_file(reader, params_for(options, reader.info()), "measure", context.job,
              [&](const audio::MelSpectrogram& mel) {
                if (mel.frames > 0) loudest = std::max(loudest, image::max_amplitude(mel));
              });
  return loudest;
}

// Every tile but the last has the width asked for. A picture of one column would hold no sound, so
// the last one takes a single column left over.
void write_tiles(const Options& options, Context& context) {
  const float max_value = measure(options, context);
  audio::AudioReader reader(options.audio);
  const auto params = params_for(options, reader.info());
  MelQueue queue;
  int64_t number = 0;
  const auto write_tile = [&](int64_t width) {
    const image::Picture picture =
        image::picture_from_mel(queue.take(width), params, max_value, Job{context.job.stop, {}});
    const auto path = numbered(options.image, ++number);
    image::write_picture(path, picture);
    report(path, picture, context);
  };
  encode_file(reader, params, "encode", context.job, [&](audio::MelSpectrogram mel) {
    queue.push(std::move(mel));
    while (queue.frames() >= options.tile_width + 2) write_tile(options.tile_width);
  });
  write_tile(queue.frames());
  if (const auto next = numbered(options.image, number + 1); std::filesystem::exists(next)) {
    log::warn("{} and what may follow it are older tiles, not part of this sound", next.string());
  }
  context.out.document()["max_value"] = max_value;
}

// Everything that can be wrong before the work is told before the work.
void run(const Options& options, Context& context) {
  const std::filesystem::path target = options.image;
  warn_that_device_is_unused(context.globals);
  (void)image::picture_format_of(target);
  if (options.tile_width == 1) {
    throw Error(ErrorCode::InvalidArgument, "--tile-width is 1, expected 2 or more",
                "a picture of one column holds no sound");
  }
  context.out.document()["audio"] = options.audio;
  if (options.tile_width == 0) {
    require_writable(target);
    write_one(options, context);
    return;
  }
  if (target.has_parent_path()) std::filesystem::create_directories(target.parent_path());
  require_writable(target);
  write_tiles(options, context);
}

}  // namespace

Action add_audio_to_image(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("audio,--audio", options->audio, "Sound to read")
      ->type_name(kFileType)
      ->required();
  app.add_option("image,--image", options->image, "Picture to write, .png or .jpg")
      ->type_name(kFileType)
      ->required();
  app.add_option("--tile-width", options->tile_width,
                 "Write numbered pictures so many columns wide; 0 for one picture")
      ->type_name("N")
      ->check(between(0, 1e6))
      ->capture_default_str();
  options->codec.add_rows(app);
  options->codec.add_to(app);
  options->codec.add_sample_rate(app, "the file's");
  return [options](Context& context) { run(*options, context); };
}

}  // namespace riffle::cli
