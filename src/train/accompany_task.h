// SPDX-License-Identifier: GPL-3.0-or-later
// Training of accompaniment models (Nistal et al. 2024, "Diff-A-Riff"): UNet1D learns to find a
// stem's latents in noise, given those of the music it goes with and an embedding of its sound;
// either may be missing, so that it also plays without. Noise levels and weights are those of
// Karras et al. 2022, table 1.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/edm_denoiser.h"
#include "models/unet_1d.h"
#include "train/pair_windows.h"
#include "train/sample_writers.h"
#include "train/task.h"

namespace riffle::train {

struct AccompanyTaskOptions {
  models::UNet1DConfig network{};  // channels and embedding are the pairs'; statistics may be empty
  // ln(sigma) is drawn from a normal distribution. Higher than for pictures (-0.5 and 1.2 at this
  // deviation of the latents): many channels say the same, so a little noise hides nothing, and
  // what the context is good for is decided where much is hidden.
  double noise_mean = 0.6;
  double noise_deviation = 1.4;
  // How often it is left out: each for itself, and both at once besides.
  double drop_context = 0.15;
  double drop_style = 0.15;
  double drop_both = 0.08;
  // How often it is told what is heard in the context, and the song's chords instead, for those who
  // name them. In what is left nothing of either.
  double tell_heard = 0.55;
  double tell_chords = 0.3;
  // How often the style is what is said of the stem, in place of what is heard in a part of it.
  double style_words = 0.25;
  // Noise on the style, as a share of its length: a sentence's embedding is never quite a sound's.
  double style_noise = 0.3;
  uint64_t seed = 0;
  int64_t validation_windows = 64;
  int64_t statistics_windows = 1024;
  int64_t clips = 4;  // among the samples
  int64_t sample_steps = 16;
  std::filesystem::path start{};  // a bundle: its network is where training begins
  std::filesystem::path
      autoencoder{};             // a bundle: its parts go into the model, samples are decoded
  std::filesystem::path clap{};  // the same
  at::Device device = at::kCPU;
  SampleWriters writers = plain_sample_writers();
};

class AccompanyTask : public Task {
 public:
  // Measures the latents' statistics where the options have none. `pairs` must outlive it. Throws
  // Error{InvalidArgument} where there is nothing to train on, and for a start of other widths.
  AccompanyTask(const shards::PairReader& pairs, AccompanyTaskOptions options, const Job& job = {});

  std::string name() const override { return "accompany"; }
  Json settings() const override;
  Json circumstances() const override;
  std::vector<ParameterGroup> parameters() override;
  Batch make_batch(int64_t first, int64_t count) override;
  Loss loss(const Batch& batch, const StepContext& at, const Job& job) override;
  // "loss" with both conditions, "loss at SIGMA" for the middle of each quarter of the noise levels
  // of training; and without style what the context is worth: "context" (the true one), "shuffled"
  // (of another song), "none".
  NamedNumbers validate(const Job& job) override;
  // Stems for contexts that were not learned: generated above real ones.
  void write_samples(const std::filesystem::path& folder, const Job& job) override;
  // A bundle, as far as its parts are known.
  void write_model(const std::filesystem::path& folder, const Job& job) override;

  models::UNet1D& network() { return *network_; }

 private:
  void start_from(const std::filesystem::path& bundle, const Job& job);
  void measure_statistics(const Job& job);
  at::Tensor told_chroma(const PairWindow& window, bool no_context, Random& chance);
  // The loss of each item: [B].
  at::Tensor losses(const at::Tensor& clean, const at::Tensor& noise, const at::Tensor& sigma,
                    const models::UNet1DConditions& conditions, const Job& job);
  struct Samples;
  Samples samples_of(const PairWindows& windows, int64_t count) const;
  double mean_loss(const Samples& samples, double sigma, const models::UNet1DConditions& conditions,
                   const Job& job);
  at::Tensor generate(const Samples& samples, const Job& job);

  AccompanyTaskOptions options_;
  PairWindows training_;
  std::optional<PairWindows> validation_;  // empty when the split is
  std::shared_ptr<models::UNet1D> network_;
};

}  // namespace riffle::train
