// SPDX-License-Identifier: GPL-3.0-or-later
// riffle audio-to-images-batch: a spectrogram picture of every sound file of a folder.
#include <filesystem>
#include <memory>
#include <string>

#include "audio/audio_reader.h"
#include "cli/batch.h"
#include "cli/codec_options.h"
#include "cli/commands.h"
#include "cli/encode_file.h"
#include "cli/options.h"
#include "core/error.h"
#include "core/log.h"
#include "image/picture_file.h"
#include "image/spectrogram_exif.h"
#include "image/spectrogram_picture.h"

namespace riffle::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  BatchOptions batch;
  std::string image_extension = "jpg";
  CodecOptions codec{audio::SpectrogramParams{.stereo = true}};
};

// Whether the picture is there, whole, newer than its sound and made with these parameters.
bool is_done(const fs::path& sound, const fs::path& picture_path,
             const audio::SpectrogramParams& params) {
  std::error_code ec;
  if (!fs::exists(picture_path, ec)) return false;
  if (fs::last_write_time(picture_path) < fs::last_write_time(sound)) return false;
  try {
    const image::Picture picture = image::read_picture(picture_path);
    const auto reading = image::decode_spectrogram_exif(picture.exif, picture_path.string());
    return reading.found && reading.found->params == params;
  } catch (const Error& e) {
    log::warn("{}; it is made again", e.message());
    return false;
  }
}

BatchResult make_picture(const Options& options, const audio::SpectrogramParams& params,
                         const BatchFile& file, const Job& job) {
  fs::path picture_path = file.output_stem;
  picture_path += "." + options.image_extension;
  if (is_done(file.path, picture_path, params)) {
    return {BatchResult::Outcome::Present, {picture_path}, {}};
  }
  audio::AudioReader reader(file.path);
  const audio::MelSpectrogram mel = encode_file(reader, params, job);
  image::write_picture(picture_path, image::picture_from_mel(mel, params, {}, job));
  return {BatchResult::Outcome::Written, {picture_path}, {}};
}

}  // namespace

Action add_audio_to_images_batch(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  add_batch_options(app, options->batch);
  add_choice(app, "--image-extension", options->image_extension, {"jpg", "jpeg", "png"},
             "Kind of picture; png is exact");
  options->codec.add_rows(app);
  options->codec.add_to(app);
  options->codec.add_sample_rate(app, "44100");
  return [options](Context& context) {
    warn_that_device_is_unused(context.globals);
    const audio::SpectrogramParams params = options->codec.over_base();
    run_batch(options->batch, context, [&](const BatchFile& file, const Job& job) {
      return make_picture(*options, params, file, job);
    });
  };
}

}  // namespace riffle::cli
