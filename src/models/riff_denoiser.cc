// SPDX-License-Identifier: GPL-3.0-or-later
#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>

#include <utility>
#include <vector>

#include "models/context_rows.h"
#include "models/riff_seams.h"
#include "nn/conv2d.h"
#include "nn/replay.h"

namespace riffle::models {
namespace {

class RiffDenoiser final : public Denoiser {
 public:
  RiffDenoiser(std::shared_ptr<RiffParts> parts, bool few_steps)
      : parts_(std::move(parts)),
        few_steps_(few_steps),
        scheduler_config_(parts_->bundle().config("scheduler")),
        context_(parts_->unet_config().in_channels - parts_->unet_config().out_channels,
                 parts_->mel_rows_per_latent_row(), parts_->bundle().spectrogram()),
        // Networks that make room for each other would leave recordings' memory behind.
        replays_(parts_->options().low_memory ? nn::MakeRecording{}
                                              : nn::cuda_recorder(parts_->options().device)) {}

  int64_t latent_channels() const override { return parts_->unet_config().out_channels; }
  int64_t training_columns() const override { return parts_->unet_config().sample_size; }
  bool follows_beats() const override { return context_.beats(); }
  bool follows_chroma() const override { return context_.harmony(); }
  const Json& scheduler_config() const override { return scheduler_config_; }

  at::Tensor predict(const at::Tensor& latents, double noise_level,
                     const Conditioning& conditioning, const DenoiseOptions& options,
                     const Job& job) override {
    const at::NoGradGuard no_grad;
    const nn::CircularWidth circular(options.circular_time);
    UNet2DConditionModel& unet = few_steps_ ? parts_->few_step_unet(job) : parts_->unet(job);
    const at::Tensor time = at::full({1}, noise_level, at::kFloat);
    const at::Device device = parts_->options().device;
    const at::ScalarType type = device.is_cuda() ? at::kHalf : at::kFloat;
    const bool summed = parts_->unet_config().projection_class_embeddings_input_dim > 0;
    const at::Tensor summary = summed ? conditioning.summary.to(device, type) : at::Tensor();
    const at::Tensor input = context_.beside(latents, conditioning);
    const std::vector<at::Tensor> inputs{input.to(device, type), time.to(device),
                                         conditioning.tokens.to(device, type), summary};
    const auto evaluate = [&](const std::vector<at::Tensor>& in) {
      return unet.forward(in[0], in[1], in[2], job, options.step_cache, in[3]);
    };
    // What a step cache keeps would be a recording's memory.
    if (options.step_cache != nullptr) return evaluate(inputs).to(latents.options());
    job.check();
    replays_.weights_are(parts_->generation());
    return replays_.run(inputs, options.circular_time ? 1 : 0, evaluate).to(latents.options());
  }

 private:
  std::shared_ptr<RiffParts> parts_;
  bool few_steps_;
  Json scheduler_config_;
  ContextRows context_;
  nn::Replays replays_;
};

}  // namespace

std::unique_ptr<Denoiser> make_riff_denoiser(std::shared_ptr<RiffParts> parts) {
  return std::make_unique<RiffDenoiser>(std::move(parts), /*few_steps=*/false);
}

std::unique_ptr<Denoiser> make_few_step_denoiser(std::shared_ptr<RiffParts> parts) {
  return std::make_unique<RiffDenoiser>(std::move(parts), /*few_steps=*/true);
}

}  // namespace riffle::models
