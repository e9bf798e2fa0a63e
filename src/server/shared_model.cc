// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/shared_model.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>

#include <deque>
#include <mutex>
#include <utility>

#include "server/cohort.h"

namespace riffle::server {

class SharedModel::GuardedDenoiser final : public models::Denoiser {
 public:
  GuardedDenoiser(SharedModel& shared, models::Denoiser& inner) : shared_(shared), inner_(inner) {}

  int64_t latent_channels() const override { return inner_.latent_channels(); }
  int64_t training_columns() const override { return inner_.training_columns(); }
  bool follows_beats() const override { return inner_.follows_beats(); }
  bool follows_chroma() const override { return inner_.follows_chroma(); }
  const Json& scheduler_config() const override { return inner_.scheduler_config(); }

  at::Tensor predict(const at::Tensor& latents, double noise_level,
                     const models::Conditioning& conditioning,
                     const models::DenoiseOptions& options, const Job& job) override {
    const Prediction prediction{&inner_, latents, noise_level, conditioning, options};
    const Predictor one = [this](const Prediction& p, const Job& inner_job) {
      const at::NoGradGuard no_grad;
      const ModelGate::Turn turn(*shared_.gate_);
      ++shared_.forwards_;
      shared_.items_ += p.latents.size(0);
      return p.denoiser->predict(p.latents, p.noise_level, p.conditioning, p.options, inner_job);
    };
    Cohort* cohort = Cohort::current();
    return cohort == nullptr ? one(prediction, job) : cohort->predict(prediction, one, job);
  }

 private:
  SharedModel& shared_;
  models::Denoiser& inner_;
};

class SharedModel::GuardedAutoencoder final : public models::Autoencoder {
 public:
  explicit GuardedAutoencoder(SharedModel& shared)
      : shared_(shared), inner_(shared.model_->autoencoder()) {}

  const models::AutoencoderInfo& info() const override { return inner_.info(); }

  at::Tensor encode(const at::Tensor& media, const at::Tensor& noise,
                    const models::DenoiseOptions& options, const Job& job) override {
    // With noise it is a draw from the posterior, made for one seed only.
    if (noise.defined()) {
      const ModelGate::Turn turn(*shared_.gate_);
      ++shared_.encodes_;
      return inner_.encode(media, noise, options, job);
    }
    if (const at::Tensor known = find(media, options); known.defined()) return known;
    at::Tensor latents;
    {
      const ModelGate::Turn turn(*shared_.gate_);
      ++shared_.encodes_;
      latents = inner_.encode(media, noise, options, job);
    }
    const std::lock_guard lock(mutex_);
    known_.push_front({media.clone(), latents, options.circular_time});
    int64_t bytes = 0;
    for (size_t i = 0; i < known_.size(); ++i) {
      bytes += static_cast<int64_t>(known_[i].media.nbytes());
      if (bytes > kKnownBytes && i > 0) known_.resize(i);
    }
    return latents;
  }

  at::Tensor decode(const at::Tensor& latents, const models::DenoiseOptions& options,
                    const Job& job) override {
    const ModelGate::Turn turn(*shared_.gate_);
    return inner_.decode(latents, options, job);
  }

 private:
  struct Known {
    at::Tensor media;
    at::Tensor latents;
    bool circular = false;
  };
  static constexpr int64_t kKnownBytes = int64_t{64} << 20;

  at::Tensor find(const at::Tensor& media, const models::DenoiseOptions& options) {
    const std::lock_guard lock(mutex_);
    for (const Known& known : known_) {
      const bool same = known.circular == options.circular_time &&
                        known.media.sizes() == media.sizes() && at::equal(known.media, media);
      if (same) return known.latents.clone();
    }
    return {};
  }

  SharedModel& shared_;
  models::Autoencoder& inner_;
  std::mutex mutex_;
  std::deque<Known> known_;  // newest first
};

class SharedModel::GuardedConditioner final : public models::Conditioner {
 public:
  explicit GuardedConditioner(SharedModel& shared)
      : shared_(shared), inner_(shared.model_->conditioner()) {}

  models::ConditionedPrompts condition(std::span<const std::string> prompts,
                                       const models::ConditionOptions& options,
                                       const Job& job) override {
    const ModelGate::Turn turn(*shared_.gate_);
    return inner_.condition(prompts, options, job);
  }

 private:
  SharedModel& shared_;
  models::Conditioner& inner_;
};

SharedModel::SharedModel(std::unique_ptr<pipelines::MusicModel> model,
                         std::shared_ptr<ModelGate> gate)
    : model_(std::move(model)),
      gate_(std::move(gate)),
      denoiser_(std::make_unique<GuardedDenoiser>(*this, model_->denoiser())),
      autoencoder_(std::make_unique<GuardedAutoencoder>(*this)),
      conditioner_(std::make_unique<GuardedConditioner>(*this)) {
  if (models::Denoiser* inner = model_->few_step_denoiser()) {
    few_step_denoiser_ = std::make_unique<GuardedDenoiser>(*this, *inner);
  }
}

SharedModel::~SharedModel() = default;

models::Denoiser& SharedModel::denoiser() { return *denoiser_; }
models::Denoiser* SharedModel::few_step_denoiser() { return few_step_denoiser_.get(); }
models::Autoencoder& SharedModel::autoencoder() { return *autoencoder_; }
models::Conditioner& SharedModel::conditioner() { return *conditioner_; }

void SharedModel::set_adapters(const std::vector<weights::LoraUse>& adapters, const Job& job) {
  const ModelGate::Turn turn(*gate_);
  model_->set_adapters(adapters, job);
}

}  // namespace riffle::server
