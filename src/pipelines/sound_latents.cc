// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/sound_latents.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "audio/spectrogram_encoder.h"
#include "core/error.h"
#include "diffusion/windows.h"
#include "image/spectrogram_exif.h"
#include "image/spectrogram_picture.h"
#include "weights/safetensors.h"

namespace riffle::pipelines {
namespace {

// [channels, rows, frames] with the lowest row last, as pictures have it.
at::Tensor tensor_of_mel(const audio::MelSpectrogram& mel) {
  return at::from_blob(const_cast<float*>(mel.values.data()), {mel.channels, mel.frames, mel.rows},
                       at::kFloat)
      .permute({0, 2, 1})
      .flip(1);
}

void require_positive(float max_value) {
  if (!(max_value > 0) || std::isinf(max_value)) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("the maximum of a picture must be above 0, got {}", max_value));
  }
}

diffusion::WindowOptions windows_of(const Geometry& geometry, bool circular) {
  return {.window = geometry.window, .overlap = geometry.window / 4, .circular = circular};
}

// The window's weights for what has `factor` values a column: the same slopes, finer. They are
// divided by their sum afterwards.
at::Tensor fine_weights(const at::Tensor& weights, int64_t factor) {
  return weights.repeat_interleave(factor).clamp_min(1e-4);
}

// Runs `map` over windows of a stretch and blends what it gives. in_factor and out_factor: values
// per column of what goes in and comes out.
template <class Map>
at::Tensor over_windows(const at::Tensor& stretch, int64_t in_factor, int64_t out_factor,
                        const diffusion::WindowOptions& options, const char* stage, const Job& job,
                        const Map& map) {
  const int64_t columns = stretch.size(-1) / in_factor;
  const diffusion::WindowPlan plan(columns, options);
  if (plan.count() == 1) {
    const at::Tensor whole = map(stretch);
    job.report(stage, 1, 1);
    return whole;
  }
  at::Tensor sum;
  const at::Tensor weight = at::zeros({columns * out_factor});
  for (int64_t k = 0; k < plan.count(); ++k) {
    job.check();
    const int64_t start = plan.starts()[static_cast<size_t>(k)];
    const int64_t before_end = std::min(plan.window(), columns - start);
    const int64_t rest = plan.window() - before_end;
    at::Tensor window = stretch.narrow(-1, start * in_factor, before_end * in_factor);
    if (rest > 0) window = at::cat({window, stretch.narrow(-1, 0, rest * in_factor)}, -1);
    const at::Tensor weights = fine_weights(plan.weights(k), out_factor);
    const at::Tensor mapped = map(window) * weights;
    if (!sum.defined()) {
      std::vector<int64_t> shape = mapped.sizes().vec();
      shape.back() = columns * out_factor;
      sum = at::zeros(shape);
    }
    const auto add = [&](int64_t to, int64_t from, int64_t count) {
      sum.narrow(-1, to * out_factor, count * out_factor)
          .add_(mapped.narrow(-1, from * out_factor, count * out_factor));
      weight.narrow(-1, to * out_factor, count * out_factor)
          .add_(weights.narrow(-1, from * out_factor, count * out_factor));
    };
    add(start, 0, before_end);
    if (rest > 0) add(0, before_end, rest);
    job.report(stage, k + 1, plan.count());
  }
  return sum / weight;
}

}  // namespace

at::Tensor media_of_mel(const audio::MelSpectrogram& mel, const Geometry& geometry,
                        float max_value) {
  require_positive(max_value);
  const at::Tensor levels =
      1 - 2 * (tensor_of_mel(mel) / max_value).clamp(0, 1).pow(geometry.codec.power_for_image);
  if (!geometry.codec.stereo) {
    return levels.unsqueeze(1).expand({-1, geometry.media_channels, -1, -1}).contiguous();
  }
  return at::cat({-at::ones({1, levels.size(1), levels.size(2)}), levels}).unsqueeze(0);
}

audio::MelSpectrogram mel_of_media(const at::Tensor& media, const Geometry& geometry,
                                   float max_value) {
  require_positive(max_value);
  // [channels, rows, frames]
  const at::Tensor levels = geometry.codec.stereo ? media[0].narrow(0, 1, 2) : media.mean(1);
  const at::Tensor amplitudes =
      ((1 - levels) / 2).clamp(0, 1).pow(1.0 / double{geometry.codec.power_for_image}) * max_value;
  const at::Tensor values = amplitudes.flip(1).permute({0, 2, 1}).contiguous();
  audio::MelSpectrogram mel(static_cast<int>(values.size(0)), values.size(1),
                            static_cast<int>(values.size(2)));
  std::copy_n(values.data_ptr<float>(), values.numel(), mel.values.begin());
  return mel;
}

image::Picture picture_of_media(const at::Tensor& media, const Geometry& geometry,
                                float max_value) {
  const at::Tensor levels =
      geometry.codec.stereo ? media[0] : media.mean(std::vector<int64_t>{0, 1}).expand({3, -1, -1});
  const at::Tensor bytes =
      ((levels + 1) * 127.5).clamp(0, 255).round().to(at::kByte).permute({1, 2, 0}).contiguous();
  image::Picture picture(static_cast<int>(bytes.size(1)), static_cast<int>(bytes.size(0)));
  std::copy_n(bytes.data_ptr<uint8_t>(), bytes.numel(), picture.rgb.begin());
  picture.exif = image::encode_spectrogram_exif({geometry.codec, max_value});
  return picture;
}

at::Tensor encode_media(models::Autoencoder& autoencoder, const Geometry& geometry,
                        const at::Tensor& media, bool circular, const Job& job) {
  const models::DenoiseOptions options{
      .circular_time = circular && media.size(-1) <= geometry.window * geometry.factor};
  const Job inner{job.stop, {}};
  return over_windows(
      media, geometry.factor, 1, windows_of(geometry, circular), "encode", job,
      [&](const at::Tensor& x) { return autoencoder.encode(x, {}, options, inner); });
}

at::Tensor decode_latents(models::Autoencoder& autoencoder, const Geometry& geometry,
                          const at::Tensor& latents, bool circular, const Job& job) {
  const models::DenoiseOptions options{.circular_time =
                                           circular && latents.size(-1) <= geometry.window};
  const Job inner{job.stop, {}};
  return over_windows(latents, 1, geometry.factor, windows_of(geometry, circular), "decode", job,
                      [&](const at::Tensor& z) { return autoencoder.decode(z, options, inner); });
}

at::Tensor encode_media(MusicModel& model, const at::Tensor& media, bool circular, const Job& job) {
  return encode_media(model.autoencoder(), model.geometry(), media, circular, job);
}

at::Tensor decode_latents(MusicModel& model, const at::Tensor& latents, bool circular,
                          const Job& job) {
  return sharpened(decode_latents(model.autoencoder(), model.geometry(), latents, circular, job),
                   model.sharpening());
}

double sharpening_of(const Json& defaults, const std::string& where) {
  constexpr double kMost = 4;
  const double amount = json_get_or(defaults, "sharpening", 0.0, where);
  if (!(amount >= 0 && amount <= kMost)) {
    throw Error(ErrorCode::BadFile,
                fmt::format("{}: \"sharpening\": expected 0 to {}, got {}", where, kMost, amount));
  }
  return amount;
}

at::Tensor sharpened(const at::Tensor& media, double amount) {
  const int64_t rows = media.size(2);
  if (amount == 0 || rows < 2) return media;
  const at::Tensor above = at::cat({media.narrow(2, 0, 1), media.narrow(2, 0, rows - 1)}, 2);
  const at::Tensor below = at::cat({media.narrow(2, 1, rows - 1), media.narrow(2, rows - 1, 1)}, 2);
  return media + amount * (media - (above + below) / 2);
}

FieldInfo latents_field() {
  return {.name = "latents",
          .help = "Latents of the recording (.safetensors): it is then not encoded",
          .absent = "it is encoded",
          .is_file = true,
          .advanced = true};
}

at::Tensor read_latents(const std::filesystem::path& path, const Geometry& geometry) {
  at::Tensor latents = weights::open_safetensors(path).tensors->load("latents", at::kFloat);
  const bool fits = latents.dim() == 4 && latents.size(0) > 0 &&
                    latents.size(1) == geometry.latent_channels &&
                    latents.size(2) == geometry.rows && latents.size(3) > 0;
  if (!fits) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("{}: the latents are not of this model's form, [1, {}, {}, columns]",
                            path.string(), geometry.latent_channels, geometry.rows));
  }
  return latents;
}

at::Tensor read_latents_of(const std::filesystem::path& path, const audio::Waveform& sound,
                           const Geometry& geometry) {
  at::Tensor latents = read_latents(path, geometry);
  const int64_t items = geometry.codec.stereo ? 1 : sound.channels();
  const int64_t columns = geometry.columns_of(sound.frames());
  if (latents.size(0) != items || latents.size(3) != columns) {
    throw Error(
        ErrorCode::InvalidArgument,
        fmt::format("{}: latents of {} channels and {} columns, the recording has {} and {}",
                    path.string(), latents.size(0), latents.size(3), items, columns),
        "leave the latents out: the recording is encoded then");
  }
  return latents;
}

SoundLatents latents_of_sound(MusicModel& model, const audio::Waveform& sound, const Job& job,
                              const at::Tensor& known) {
  const at::NoGradGuard no_grad;
  const Geometry& geometry = model.geometry();
  const int64_t samples = sound.frames();
  const int64_t frames = geometry.columns_of(samples) * geometry.factor;
  audio::Waveform padded = sound;
  for (auto& channel : padded.samples) {
    channel.resize(static_cast<size_t>(geometry.codec.samples_of(frames)), 0.0F);
  }
  audio::SpectrogramParams params = geometry.codec;
  params.stereo = sound.channels() == 2;
  const audio::MelSpectrogram mel = audio::encode_spectrogram(padded, params, job);
  const float max_value = std::max(image::max_amplitude(mel), 1.0F);
  const at::Tensor media = media_of_mel(mel, geometry, max_value);
  return {known.defined() ? known : encode_media(model, media, false, job), media, max_value,
          samples};
}

}  // namespace riffle::pipelines
