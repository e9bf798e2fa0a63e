// SPDX-License-Identifier: GPL-3.0-or-later
// Consistency training of ConsistencyAutoencoder (Song et al. 2023, arXiv:2303.01469, algorithm 3;
// Pasini et al. 2024, section 3.3): what the network makes of a noisy sound is to equal what it
// makes of a slightly less noisy one, in steps that become smaller as the run goes on. Encoder,
// decoder and U-Net learn from this one loss.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "models/consistency_autoencoder.h"
#include "shards/shard_reader.h"
#include "train/random.h"
#include "train/task.h"

namespace riffle::train {

// A small network, some 5 million parameters, that decodes faster than real time on two cores.
models::ConsistencyConfig small_consistency_config();

struct ConsistencyTaskOptions {
  models::ConsistencyConfig model = small_consistency_config();
  int64_t frames = 64;        // of a crop; a multiple of model.frames_per_latent()
  double first_exponent = 1;  // steps between noise levels are 0.1^e of the schedule, e going from
  double last_exponent = 3;   // the first to the last over the run's planned steps
  double level_mean = -1.1;   // of the logarithm of noise levels
  double level_deviation = 2;
  double least_rms = 1e-3;  // softer crops are passed over
  uint64_t seed = 0;
  int64_t validation_crops = 32;
  int64_t sounds = 4;  // among the samples
  at::Device device = at::kCPU;
};

class ConsistencyTask : public Task {
 public:
  // waves: a corpus as corpus::hear_corpus writes it for waveforms; must outlive this. Throws
  // Error{InvalidArgument} when no part of it is long enough or its rate is not the model's.
  ConsistencyTask(const shards::ShardReader& waves, ConsistencyTaskOptions options);

  std::string name() const override { return "consistency autoencoder"; }
  Json settings() const override;
  Json circumstances() const override;
  std::vector<ParameterGroup> parameters() override;
  Batch make_batch(int64_t first, int64_t count) override;  // "sound" [B, samples]
  Loss loss(const Batch& batch, const StepContext& at, const Job& job) override;
  // "log-spectral distance" in dB between crops of unseen songs and what one step makes of their
  // latents.
  NamedNumbers validate(const Job& job) override;
  // real-N.wav and decoded-N.wav.
  void write_samples(const std::filesystem::path& folder, const Job& job) override;
  // The part "autoencoder" of a bundle.
  void write_model(const std::filesystem::path& folder, const Job& job) override;

  models::ConsistencyAutoencoder& model() { return *model_; }

  // Noise level u of 0..1 on the schedule: sigma_min to sigma_max.
  double sigma(double u) const;
  // Of one sample: the level it gets and the one its target gets, both as u.
  std::pair<double, double> levels(double chance, double within, const StepContext& at) const;

 private:
  struct Part {
    size_t record = 0;
    size_t segment = 0;
  };

  std::vector<Part> parts_of(shards::Split split) const;
  int64_t samples() const;
  at::Tensor crop(const Part& part, Random& chance) const;
  std::vector<at::Tensor> validation_crops() const;  // each [samples]
  at::Tensor decoded(const at::Tensor& pictures, const Job& job);

  const shards::ShardReader& waves_;
  ConsistencyTaskOptions options_;
  std::vector<Part> training_;
  ShuffledOrder order_;
  std::vector<double> level_chances_;  // cumulated, one for each of many levels
  std::shared_ptr<models::ConsistencyAutoencoder> model_;
};

}  // namespace riffle::train
