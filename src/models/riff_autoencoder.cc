// SPDX-License-Identifier: GPL-3.0-or-later
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>

#include <algorithm>
#include <utility>

#include "models/riff_seams.h"
#include "models/tiles.h"
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
    AutoencoderKL& vae = parts_->vae(job);
    const auto moments_of = [&](const at::Tensor& picture) {
      const LatentMoments moments = vae.encode(picture, job);
      return at::cat({moments.mean, moments.logvar}, 1);
    };
    const auto halves =
        in_tiles(to_model(*parts_, media), info_.time_factor, 1, options, moments_of).chunk(2, 1);
    const LatentMoments moments{.mean = halves[0], .logvar = halves[1]};
    const at::Tensor latents =
        noise.defined() ? moments.sample(to_model(*parts_, noise)) : moments.mean;
    return latents.to(media.options()) * parts_->vae_config().scaling_factor;
  }

  at::Tensor decode(const at::Tensor& latents, const DenoiseOptions& options,
                    const Job& job) override {
    const at::NoGradGuard no_grad;
    AutoencoderKL& vae = parts_->vae(job);
    const at::Tensor unscaled = latents / parts_->vae_config().scaling_factor;
    return in_tiles(to_model(*parts_, unscaled), 1, info_.time_factor, options,
                    [&](const at::Tensor& z) { return vae.decode(z, job); })
        .to(latents.options());
  }

 private:
  // With low_memory wide pictures go through the network in tiles of about the width it was trained
  // on; around a circle a tile has neighbours on both sides, so it is not one itself.
  template <class Map>
  at::Tensor in_tiles(const at::Tensor& x, int64_t unit, int64_t out_unit,
                      const DenoiseOptions& options, const Map& map) const {
    const TileOptions tiles{.tile = std::max<int64_t>(32, parts_->unet_config().sample_size),
                            .circular = options.circular_time};
    const bool fits = x.dim() == 4 && x.size(3) % unit == 0;  // else the network says what is wrong
    const bool tiled = parts_->options().low_memory && fits && x.size(3) / unit > tiles.tile;
    const nn::CircularWidth circular(options.circular_time && !tiled);
    return tiled ? map_tiles(x, unit, out_unit, tiles, map) : map(x);
  }

  std::shared_ptr<RiffParts> parts_;
  AutoencoderInfo info_;
};

}  // namespace

std::unique_ptr<Autoencoder> make_riff_autoencoder(std::shared_ptr<RiffParts> parts) {
  return std::make_unique<RiffAutoencoder>(std::move(parts));
}

}  // namespace riffle::models
