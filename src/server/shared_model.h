// SPDX-License-Identifier: GPL-3.0-or-later
// A model that many threads drive at once: loaded once, one computation at a time.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "pipelines/music_model.h"
#include "server/model_gate.h"

namespace riffle::server {

class SharedModel final : public pipelines::MusicModel {
 public:
  // gate: of all models that share a machine.
  SharedModel(std::unique_ptr<pipelines::MusicModel> model, std::shared_ptr<ModelGate> gate);
  ~SharedModel() override;

  const std::string& name() const override { return model_->name(); }
  const pipelines::Geometry& geometry() const override { return model_->geometry(); }
  models::DefaultGuidance default_guidance() const override { return model_->default_guidance(); }
  double sharpening() const override { return model_->sharpening(); }
  // Predictions of threads that share a Cohort are made together.
  models::Denoiser& denoiser() override;
  models::Denoiser* few_step_denoiser() override;
  // Pictures that were encoded before are not encoded again: the newest few are remembered.
  models::Autoencoder& autoencoder() override;
  models::Conditioner& conditioner() override;
  void set_adapters(const std::vector<weights::LoraUse>& adapters, const Job& job) override;

  // Since the start: forwards of the denoiser, and items that went through them.
  int64_t forwards() const { return forwards_; }
  int64_t items() const { return items_; }
  // Stretches that went through the autoencoder's encoder.
  int64_t encodes() const { return encodes_; }

 private:
  class GuardedDenoiser;
  class GuardedAutoencoder;
  class GuardedConditioner;

  std::unique_ptr<pipelines::MusicModel> model_;
  std::shared_ptr<ModelGate> gate_;
  std::atomic<int64_t> forwards_{0};
  std::atomic<int64_t> items_{0};
  std::atomic<int64_t> encodes_{0};
  std::unique_ptr<GuardedDenoiser> denoiser_;
  std::unique_ptr<GuardedDenoiser> few_step_denoiser_;
  std::unique_ptr<GuardedAutoencoder> autoencoder_;
  std::unique_ptr<GuardedConditioner> conditioner_;
};

}  // namespace riffle::server
