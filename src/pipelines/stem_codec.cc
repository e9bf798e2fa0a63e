// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/stem_codec.h"

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "audio/spectrogram_encoder.h"
#include "core/error.h"
#include "models/riff_seams.h"
#include "pipelines/music_model.h"
#include "pipelines/sound_latents.h"
#include "pipelines/sound_stem_codec.h"

namespace riffle::pipelines {
namespace {

// The autoencoder takes pictures of any length; a window bounds the memory of long ones.
constexpr int64_t kWindowColumns = 128;

class MelStemCodec final : public StemCodec {
 public:
  MelStemCodec(const weights::Bundle& bundle, const models::RiffModelOptions& options)
      : autoencoder_(models::open_mel_autoencoder(bundle, options)) {
    const std::string where = bundle.path().string();
    const Json spectrogram = bundle.spectrogram();
    geometry_ = geometry_of_pictures(autoencoder_->info(), spectrogram, where);
    geometry_.window = kWindowColumns;
    max_value_ = static_cast<float>(
        json_get_or(spectrogram, "max_value", double{kStemMaxValue}, where + ": spectrogram.json"));
    if (!(max_value_ > 0)) {
      throw Error(ErrorCode::BadFile,
                  fmt::format("{}: spectrogram.json: max_value must be above 0, got {}", where,
                              max_value_));
    }
    sharpening_ = sharpening_of(bundle.defaults(), where + ": defaults.json");
    if (geometry_.codec.stereo) {
      throw Error(ErrorCode::Unsupported,
                  where + ": spectrogram.json: stems are encoded in mono, this is a stereo codec");
    }
  }

  int sample_rate() const override { return geometry_.codec.sample_rate; }
  int64_t samples_per_column() const override { return geometry_.samples_per_column(); }
  int64_t channels() const override { return geometry_.latent_channels * geometry_.rows; }

  at::Tensor encode(const audio::Waveform& mono, const Job& job) override {
    const at::NoGradGuard no_grad;
    require_mono_stem(*this, mono);
    const int64_t columns = columns_of(mono.frames());
    audio::Waveform padded = mono;
    padded.samples[0].resize(static_cast<size_t>(columns * samples_per_column()), 0.0F);
    audio::MelSpectrogram mel =
        audio::encode_spectrogram(padded, geometry_.codec, Job{job.stop, {}});
    // The last frame stands at the end itself: where the next column would begin.
    mel.frames = columns * geometry_.factor;
    mel.values.resize(static_cast<size_t>(mel.frames * mel.rows));
    return latents_of(mel, false, job);
  }

  at::Tensor encode_loop(const audio::Waveform& mono, const Job& job) override {
    const at::NoGradGuard no_grad;
    require_mono_stem(*this, mono);
    const int64_t frames = columns_of_loop(mono.frames()) * geometry_.factor;
    return latents_of(mel_of_loop(mono, geometry_.codec, frames, job), true, job);
  }

  audio::Waveform decode(const at::Tensor& latents, int64_t samples,
                         const StemDecodeOptions& options, const Job& job) override {
    const at::NoGradGuard no_grad;
    require_stem_latents(*this, latents, samples, options.circular);
    const at::Tensor pictures =
        latents.to(at::kFloat)
            .reshape({1, geometry_.latent_channels, geometry_.rows, latents.size(1)});
    const at::Tensor media =
        decode_latents(*autoencoder_, geometry_, pictures, options.circular, job);
    audio::MelSpectrogram mel = sharpened_mel(media);
    if (!options.circular) repeat_last_frame(mel);
    return sound_of_mel(
        mel, geometry_, samples,
        {.iterations = options.iterations, .seed = options.seed, .circular = options.circular},
        job);
  }

 private:
  at::Tensor latents_of(const audio::MelSpectrogram& mel, bool circular, const Job& job) {
    const at::Tensor latents = encode_media(
        *autoencoder_, geometry_, media_of_mel(mel, geometry_, max_value_), circular, job);
    return latents[0].reshape({channels(), -1});
  }

  // Sharper, and as loud as before: peaks that rise would make a stem louder beside its mix.
  audio::MelSpectrogram sharpened_mel(const at::Tensor& media) const {
    const audio::MelSpectrogram plain = mel_of_media(media, geometry_, max_value_);
    if (sharpening_ == 0) return plain;
    audio::MelSpectrogram mel = mel_of_media(sharpened(media, sharpening_), geometry_, max_value_);
    const double before = power_of(plain);
    const double after = power_of(mel);
    if (!(before > 0 && after > 0)) return mel;
    const auto gain = static_cast<float>(std::sqrt(before / after));
    for (float& value : mel.values) value *= gain;
    return mel;
  }

  static double power_of(const audio::MelSpectrogram& mel) {
    return std::inner_product(mel.values.begin(), mel.values.end(), mel.values.begin(), 0.0);
  }

  // Frames are centred: one more closes the last hop.
  static void repeat_last_frame(audio::MelSpectrogram& mel) {
    const auto last = mel.values.size() - static_cast<size_t>(mel.rows);
    mel.values.resize(mel.values.size() + static_cast<size_t>(mel.rows));
    std::copy_n(mel.values.begin() + static_cast<std::ptrdiff_t>(last), mel.rows,
                mel.values.end() - mel.rows);
    ++mel.frames;
  }

  std::unique_ptr<models::Autoencoder> autoencoder_;
  Geometry geometry_;
  float max_value_ = kStemMaxValue;
  double sharpening_ = 0;
};

}  // namespace

void require_mono_stem(const StemCodec& codec, const audio::Waveform& sound) {
  if (sound.channels() == 1 && sound.sample_rate == codec.sample_rate() && sound.frames() > 0)
    return;
  throw Error(
      ErrorCode::InvalidArgument,
      fmt::format("stems are encoded from mono sound at {} Hz, got {} channels of {} "
                  "samples at {} Hz",
                  codec.sample_rate(), sound.channels(), sound.frames(), sound.sample_rate));
}

void require_stem_latents(const StemCodec& codec, const at::Tensor& latents, int64_t samples,
                          bool circular) {
  const bool fits = latents.dim() == 2 && latents.size(0) == codec.channels() && samples > 0 &&
                    (circular || samples <= latents.size(1) * codec.samples_per_column());
  if (fits) return;
  throw Error(ErrorCode::InvalidArgument,
              fmt::format("latents of [{}, {}] cannot be decoded to {} samples: expected {} "
                          "channels and {} samples a column",
                          latents.size(0), latents.dim() > 1 ? latents.size(1) : 0, samples,
                          codec.channels(), codec.samples_per_column()));
}

std::unique_ptr<StemCodec> open_stem_codec(const weights::Bundle& bundle,
                                           const models::RiffModelOptions& options) {
  if (bundle.has("autoencoder")) return open_sound_stem_codec(bundle, options);
  return std::make_unique<MelStemCodec>(bundle, options);
}

}  // namespace riffle::pipelines
