// SPDX-License-Identifier: GPL-3.0-or-later
#include <ATen/core/grad_mode.h>

#include <functional>
#include <utility>

#include "models/riff_seams.h"
#include "nn/conv2d.h"

namespace riffle::models {
namespace {

// The network, loaded when first asked for.
using Network = std::function<MelAutoencoder&(const Job&)>;

class RiffMelAutoencoder final : public Autoencoder {
 public:
  RiffMelAutoencoder(const MelAutoencoderConfig& config, const RiffModelOptions& options,
                     Network network)
      : options_(options), network_(std::move(network)) {
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
    MelAutoencoder& model = network_(job);
    const at::Tensor latents = model.encode(to_model(options_, media), job).to(media.options());
    return model.normalise(latents);
  }

  at::Tensor decode(const at::Tensor& latents, const DenoiseOptions& options,
                    const Job& job) override {
    const at::NoGradGuard no_grad;
    const nn::CircularWidth circular(options.circular_time);
    MelAutoencoder& model = network_(job);
    return model.decode(to_model(options_, model.denormalise(latents)), job).to(latents.options());
  }

 private:
  RiffModelOptions options_;
  Network network_;
  AutoencoderInfo info_;
};

}  // namespace

std::unique_ptr<Autoencoder> make_mel_autoencoder(std::shared_ptr<RiffParts> parts) {
  return std::make_unique<RiffMelAutoencoder>(
      parts->mel_config(), parts->options(),
      [parts](const Job& job) -> MelAutoencoder& { return parts->mel_autoencoder(job); });
}

std::unique_ptr<Autoencoder> open_mel_autoencoder(const weights::Bundle& bundle,
                                                  const RiffModelOptions& options) {
  const auto config = MelAutoencoderConfig::from_json(
      bundle.config("vae"), (bundle.path() / "vae" / "config.json").string());
  auto model = std::make_shared<std::shared_ptr<MelAutoencoder>>();
  return std::make_unique<RiffMelAutoencoder>(
      config, options, [=](const Job& job) -> MelAutoencoder& {
        if (!*model) {
          auto loaded = std::make_shared<MelAutoencoder>(config);
          load_for_inference(*loaded, *bundle.tensors("vae"), options, job);
          *model = loaded;
        }
        return **model;
      });
}

}  // namespace riffle::models
