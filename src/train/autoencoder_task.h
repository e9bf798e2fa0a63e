// SPDX-License-Identifier: GPL-3.0-or-later
// Training of MelAutoencoder: spectrogram pictures through a narrow place and back, sharp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/mel_autoencoder.h"
#include "train/patch_discriminator.h"
#include "train/picture_losses.h"
#include "train/sample_writers.h"
#include "train/task.h"
#include "train/windows.h"

namespace riffle::train {

struct AutoencoderTaskOptions {
  models::MelAutoencoderConfig model{};
  std::filesystem::path start{};  // a folder of weights to begin with; empty: at random
  PictureLossWeights losses{};
  // Above 0: the last phase. The encoder and the latents' statistics stay as they are in `start`
  // (so do latents that were made with them), and the decoder also learns to please a
  // discriminator, to this share of what the other losses pull.
  double adversarial = 0;
  // The decoder sees latents with noise of up to so many of their standard deviations, so that it
  // bears what a denoiser will leave in them.
  double latent_noise = 0.2;
  int64_t frames = 256;
  uint64_t seed = 0;
  int64_t validation_windows = 64;
  int64_t statistics_windows = 256;
  int64_t pictures = 6;  // among the samples
  at::Device device = at::kCPU;
  SampleWriters writers = plain_sample_writers();
};

class AutoencoderTask : public Task {
 public:
  // `corpus` must outlive it. Throws Error{InvalidArgument} when corpus and model do not fit.
  AutoencoderTask(const shards::ShardReader& corpus, AutoencoderTaskOptions options);

  std::string name() const override {
    return discriminator_ ? "autoencoder, adversarial" : "autoencoder";
  }
  Json settings() const override;
  Json circumstances() const override;
  std::vector<ParameterGroup> parameters() override;
  Batch make_batch(int64_t first, int64_t count) override;
  Loss loss(const Batch& batch, const StepContext& at, const Job& job) override;
  // "level error" in levels of 255, "blur time", "blur frequency" (1 is right), "loss".
  NamedNumbers validate(const Job& job) override;
  // Real pictures above decoded ones.
  void write_samples(const std::filesystem::path& folder, const Job& job) override;
  // config.json with the latents' statistics, and the weights in half precision.
  void write_model(const std::filesystem::path& folder, const Job& job) override;

  models::MelAutoencoder& model() { return *model_; }

 private:
  at::Tensor pictures_of(const std::vector<Window>& windows) const;
  at::Tensor noisy(const at::Tensor& latents, const Batch& batch) const;
  Loss reconstruction(const at::Tensor& decoded, const at::Tensor& real) const;
  void add_adversarial(Loss& loss, const at::Tensor& decoded, const at::Tensor& real);
  void measure_statistics(const Job& job);

  AutoencoderTaskOptions options_;
  Windows training_;
  std::optional<Windows> validation_;  // empty when the split is
  std::shared_ptr<models::MelAutoencoder> model_;
  std::optional<RandomFeatures> features_;
  std::shared_ptr<PatchDiscriminator> discriminator_;  // in the last phase
};

}  // namespace riffle::train
