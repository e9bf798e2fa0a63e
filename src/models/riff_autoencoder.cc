// SPDX-License-Identifier: GPL-3.0-or-later
#include <ATen/core/grad_mode.h>

#include <utility>

#include "models/riff_seams.h"
#include "nn/conv2d.h"

namespace riffle::models {
namespace {

class RiffAutoencoder final : public Autoencoder {
 public:
  explicit RiffAutoencoder(std::shared_ptr<RiffParts> parts) : parts_(std::move(parts)) {
    const AutoencoderKLConfig& config = parts_->vae_config();
    info_ = {.medium = AutoencoderInfo::Medium::Picture,
             .media_channels = config.in_channels,
             .latent_channels = config.latent_channels,
             .time_factor = config.factor(),
             .frequency_factor = config.factor()};
  }

  const AutoencoderInfo& info() const override { return info_; }

  at::Tensor encode(const at::Tensor& media, const at::Tensor& noise, const DenoiseOptions& options,
                    const Job& job) override {
    const at::NoGradGuard no_grad;
    const nn::CircularWidth circular(options.circular_time);
    AutoencoderKL& vae = parts_->vae(job);
    const LatentMoments moments = vae.encode(to_model(media), job);
    const at::Tensor latents = noise.defined() ? moments.sample(to_model(noise)) : moments.mean;
    return latents.to(media.options()) * parts_->vae_config().scaling_factor;
  }

  at::Tensor decode(const at::Tensor& latents, const DenoiseOptions& options,
                    const Job& job) override {
    const at::NoGradGuard no_grad;
    const nn::CircularWidth circular(options.circular_time);
    AutoencoderKL& vae = parts_->vae(job);
    const at::Tensor unscaled = latents / parts_->vae_config().scaling_factor;
    return vae.decode(to_model(unscaled), job).to(latents.options());
  }

 private:
  at::Tensor to_model(const at::Tensor& x) const {
    const at::Device device = parts_->options().device;
    return x.to(device, device.is_cuda() ? at::kHalf : at::kFloat);
  }

  std::shared_ptr<RiffParts> parts_;
  AutoencoderInfo info_;
};

}  // namespace

std::unique_ptr<Autoencoder> make_riff_autoencoder(std::shared_ptr<RiffParts> parts) {
  return std::make_unique<RiffAutoencoder>(std::move(parts));
}

}  // namespace riffle::models
