// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/sound_stem_codec.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "models/sound_autoencoder.h"

namespace riffle::pipelines {
namespace {

// A circle of samples read at `count` places that are equally far apart: by the cubic through the
// four samples around each (Catmull and Rom), exact where it falls on one.
std::vector<float> circle_at(const std::vector<float>& circle, int64_t count) {
  const auto size = static_cast<int64_t>(circle.size());
  if (size == count) return circle;
  std::vector<float> result;
  result.reserve(static_cast<size_t>(count));
  const auto at = [&](int64_t i) {
    return double{circle[static_cast<size_t>(((i % size) + size) % size)]};
  };
  for (int64_t i = 0; i < count; ++i) {
    const double place =
        static_cast<double>(i) * static_cast<double>(size) / static_cast<double>(count);
    const auto k = static_cast<int64_t>(place);
    const double t = place - static_cast<double>(k);
    const double a = at(k - 1);
    const double b = at(k);
    const double c = at(k + 1);
    const double d = at(k + 2);
    result.push_back(static_cast<float>(
        b + t / 2 * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))));
  }
  return result;
}

class SoundStemCodec final : public StemCodec {
 public:
  SoundStemCodec(const weights::Bundle& bundle, const models::RiffModelOptions& options)
      : folder_(bundle.path() / "autoencoder"),
        options_{.device = options.device, .exact = options.exact} {
    const auto file = folder_ / "config.json";
    // A checkpoint knows its configuration only when it is read.
    config_ = std::filesystem::exists(file)
                  ? models::ConsistencyConfig::from_json(read_json_file(file), file.string())
                  : model({}).config();
  }

  int sample_rate() const override { return static_cast<int>(config_.sample_rate); }
  int64_t samples_per_column() const override { return config_.samples_per_latent(); }
  int64_t channels() const override { return config_.bottleneck_channels; }

  at::Tensor encode(const audio::Waveform& mono, const Job& job) override {
    require_mono_stem(*this, mono);
    std::vector<float> padded = mono.samples[0];
    padded.resize(static_cast<size_t>(config_.samples_of(columns_of(mono.frames()))), 0.0F);
    return encoded(padded, false, job);
  }

  at::Tensor encode_loop(const audio::Waveform& mono, const Job& job) override {
    require_mono_stem(*this, mono);
    const int64_t columns = columns_of_loop(mono.frames());
    return encoded(circle_at(mono.samples[0], columns * samples_per_column()), true, job);
  }

  audio::Waveform decode(const at::Tensor& latents, int64_t samples,
                         const StemDecodeOptions& options, const Job& job) override {
    const at::NoGradGuard no_grad;
    require_stem_latents(*this, latents, samples, options.circular);
    const at::Tensor sound =
        model(job)
            .decode_sound(latents.to(at::kFloat).unsqueeze(0),
                          {.seed = options.seed, .circular = options.circular}, Job{job.stop, {}})
            .cpu()
            .contiguous();
    job.report("decode", 1, 1);
    const float* data = sound.data_ptr<float>();
    std::vector<float> decoded(data, data + sound.numel());
    if (options.circular) {
      decoded = circle_at(decoded, samples);
    } else {
      decoded.resize(static_cast<size_t>(samples));
    }
    return {.sample_rate = sample_rate(), .samples = {std::move(decoded)}};
  }

 private:
  models::SoundAutoencoder& model(const Job& job) {
    if (!model_) model_ = models::SoundAutoencoder::load(folder_, options_, job);
    return *model_;
  }

  at::Tensor encoded(const std::vector<float>& samples, bool circular, const Job& job) {
    const at::NoGradGuard no_grad;
    const at::Tensor media = at::from_blob(const_cast<float*>(samples.data()),
                                           {1, 1, static_cast<int64_t>(samples.size())}, at::kFloat)
                                 .clone();
    const at::Tensor latents =
        model(job).encode(media, {}, {.circular_time = circular}, Job{job.stop, {}});
    job.report("encode", 1, 1);
    return latents[0];
  }

  std::filesystem::path folder_;
  models::SoundAutoencoderOptions options_;
  std::unique_ptr<models::SoundAutoencoder> model_;
  models::ConsistencyConfig config_;
};

}  // namespace

std::unique_ptr<StemCodec> open_sound_stem_codec(const weights::Bundle& bundle,
                                                 const models::RiffModelOptions& options) {
  return std::make_unique<SoundStemCodec>(bundle, options);
}

}  // namespace riffle::pipelines
