// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/train_samples.h"

#include <algorithm>

#include "audio/audio_writer.h"
#include "audio/loudness.h"
#include "image/picture_file.h"
#include "pipelines/music_model.h"
#include "pipelines/sound_latents.h"
#include "train/windows.h"

namespace riffle::cli {
namespace {

namespace fs = std::filesystem;

// What becomes black is not known of generated pictures; loudness is set afterwards anyway.
constexpr float kMaxValue = 30e6F;

void write_sound(const fs::path& path, const at::Tensor& levels,
                 const audio::SpectrogramParams& codec, const Job& job) {
  const at::Tensor media = train::picture_of_levels(levels).unsqueeze(0).unsqueeze(0);
  pipelines::Geometry geometry{.codec = codec};
  geometry.codec.stereo = false;
  geometry.media_channels = 1;
  const Job quiet{job.stop, {}};
  audio::Waveform sound =
      pipelines::sound_of_mel(pipelines::mel_of_media(media, geometry, kMaxValue), geometry,
                              geometry.codec.samples_of(levels.size(1)), {}, quiet);
  audio::normalize_loudness(sound, {}, quiet);
  audio::write_audio(path.string() + ".wav", sound, {}, quiet);
}

}  // namespace

train::SampleWriters sample_writers(const OrderedJson& spectrogram) {
  const auto codec = pipelines::spectrogram_params_from_json(Json::parse(spectrogram.dump()),
                                                             "corpus.json: \"spectrogram\"");
  return {.picture =
              [](const fs::path& path, const at::Tensor& levels) {
                const at::Tensor gray = levels.contiguous();
                image::Picture picture(static_cast<int>(gray.size(1)),
                                       static_cast<int>(gray.size(0)));
                const auto* from = gray.data_ptr<uint8_t>();
                for (size_t i = 0; i < picture.rgb.size(); ++i) picture.rgb[i] = from[i / 3];
                image::write_picture(path.string() + ".png", picture);
              },
          .sound = [codec](const fs::path& path, const at::Tensor& levels,
                           const Job& job) { write_sound(path, levels, codec, job); }};
}

fs::path write_chart(const fs::path& path, const train::Raster& chart) {
  image::Picture picture(chart.width, chart.height);
  picture.rgb = chart.rgb;
  image::write_picture(path, picture);
  return path;
}

}  // namespace riffle::cli
