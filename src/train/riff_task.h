// SPDX-License-Identifier: GPL-3.0-or-later
// Training of a riff model's denoiser, with its text encoder where that is new: noise over latents
// and captions in, the noise (or v) out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "diffusion/noise_schedule.h"
#include "models/context_rows.h"
#include "train/conditions.h"
#include "train/latent_cache.h"
#include "train/riff_networks.h"
#include "train/sample_writers.h"
#include "train/task.h"
#include "train/windows.h"

namespace riffle::train {

struct RiffTaskOptions {
  // What of the model is trained; the rest stands still.
  bool train_text_encoder = true;
  int64_t frames = 256;
  int64_t alone = 1;  // of Windows
  uint64_t seed = 0;
  ConditionChances chances{};
  // Noise levels: evenly over the timesteps, or as a normal deviate through a logistic curve, which
  // dwells in the middle.
  bool logit_normal = false;
  // Hang et al. 2023: losses weighed by min(SNR, gamma), as v and epsilon prediction need it; 0:
  // all alike.
  double min_snr_gamma = 0;
  // Latents are turned around by whole columns, this often (0 to 1), where a window begins with a
  // bar and holds a whole number of them.
  double turn = 0.5;
  int64_t validation_windows = 64;
  int64_t clips = 4;  // among the samples
  std::string sample_scheduler = "dpmpp_2m";
  int64_t sample_steps = 16;
  double sample_guidance = 3;
  at::Device device = at::kCPU;
  std::filesystem::path bundle{};       // the networks came from here, if from a bundle
  std::filesystem::path autoencoder{};  // where the autoencoder is found, for what is written
  SampleWriters writers = plain_sample_writers();
};

class RiffTask : public Task {
 public:
  // `corpus` and `latents`, which are filled, must outlive it.
  RiffTask(const shards::ShardReader& corpus, const LatentCache& latents, RiffNetworks networks,
           RiffTaskOptions options);

  std::string name() const override { return "riff"; }
  Json settings() const override;
  Json circumstances() const override;
  std::vector<ParameterGroup> parameters() override;
  Batch make_batch(int64_t first, int64_t count) override;
  Loss loss(const Batch& batch, const StepContext& at, const Job& job) override;
  // "loss" over all levels of noise, then at four of them, of all facts and captions told.
  NamedNumbers validate(const Job& job) override;
  // What it makes of captions of the validation split.
  void write_samples(const std::filesystem::path& folder, const Job& job) override;
  // The whole bundle.
  void write_model(const std::filesystem::path& folder, const Job& job) override;

  RiffNetworks& networks() { return networks_; }

 protected:
  struct Levels {
    at::Tensor alpha;  // [B, 1, 1, 1], as sigma
    at::Tensor sigma;
  };

  // The loss of each sample, [B].
  virtual at::Tensor losses(const Batch& batch, const Job& job);
  // What the network says of noisy latents [B, C, rows, columns], told what the batch tells.
  at::Tensor predict(const at::Tensor& noisy, const at::Tensor& timesteps, const Batch& batch,
                     const Job& job);
  Levels levels(const at::Tensor& timesteps) const;
  const diffusion::SchedulerConfig& scheduler() const { return scheduler_; }
  // The ids of a prompt that says nothing.
  std::vector<int64_t> no_words() const { return conditions_.of_prompt("").ids; }

 private:
  int64_t timestep(int64_t sample, Random& chance) const;
  void add_condition(Batch& batch, const std::vector<Condition>& conditions) const;
  at::Tensor turned(at::Tensor latents, Condition& condition, const Window& window,
                    Random& chance) const;
  at::Tensor window_latents(const Window& window) const;
  Batch validation_batch(const std::vector<Window>& windows, int64_t timestep) const;

  const LatentCache& latents_;
  RiffNetworks networks_;
  models::ContextRows context_;
  RiffTaskOptions options_;
  Windows training_;
  std::optional<Windows> validation_;
  ConditionMaker conditions_;
  diffusion::SchedulerConfig scheduler_;
  at::Tensor alphas_;  // [timesteps]
  at::Tensor sigmas_;
};

}  // namespace riffle::train
