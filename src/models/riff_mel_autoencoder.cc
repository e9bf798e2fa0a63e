// SPDX-License-Identifier: GPL-3.0-or-later
#include <ATen/core/grad_mode.h>

#include <utility>

#include "models/riff_seams.h"
#include "nn/conv2d.h"

namespace riffle::models {
namespace {

class RiffMelAutoencoder final : public Autoencoder {
 public:
  explicit RiffMelAutoencoder(std::shared_ptr<RiffParts> parts) : parts_(std::move(parts)) {
    const MelAutoencoderConfig& config = parts_->mel_config();
    info_ = {.medium = AutoencoderInfo::Medium::Picture,
             .media_channels = 1,
             .latent_channels = config.latent_channels,
             .time_factor = config.patch,
             .frequency_factor = config.row_factor()};
  }

  const AutoencoderInfo& info() const override { return info_; }

  // Its posterior is a point: the noise is not used.
  at::Tensor encode(const at::Tensor& media, const at::Tensor& /*noise*/,
                    const DenoiseOptions& options, const Job& job) override {
    const at::NoGradGuard no_grad;
    const nn::CircularWidth circular(options.circular_time);
    MelAutoencoder& model = parts_->mel_autoencoder(job);
    const at::Tensor latents = model.encode(to_model(*parts_, media), job).to(media.options());
    return model.normalise(latents);
  }

  at::Tensor decode(const at::Tensor& latents, const DenoiseOptions& options,
                    const Job& job) override {
    const at::NoGradGuard no_grad;
    const nn::CircularWidth circular(options.circular_time);
    MelAutoencoder& model = parts_->mel_autoencoder(job);
    return model.decode(to_model(*parts_, model.denormalise(latents)), job).to(latents.options());
  }

 private:
  std::shared_ptr<RiffParts> parts_;
  AutoencoderInfo info_;
};

}  // namespace

std::unique_ptr<Autoencoder> make_mel_autoencoder(std::shared_ptr<RiffParts> parts) {
  return std::make_unique<RiffMelAutoencoder>(std::move(parts));
}

}  // namespace riffle::models
