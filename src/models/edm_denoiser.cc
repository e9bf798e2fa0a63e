// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/edm_denoiser.h"

namespace riffle::models {

EdmScales edm_scales(const at::Tensor& sigma, double sigma_data) {
  const at::Tensor level = sigma.view({-1, 1, 1});
  const at::Tensor variance = level.square() + sigma_data * sigma_data;
  const at::Tensor deviation = variance.sqrt();
  return {.skip = sigma_data * sigma_data / variance,
          .out = level * sigma_data / deviation,
          .in = deviation.reciprocal(),
          .noise = sigma.log() / 4};
}

at::Tensor edm_denoise(UNet1D& network, const at::Tensor& x, const at::Tensor& sigma,
                       const UNet1DConditions& conditions, bool circular, const Job& job) {
  const EdmScales scales = edm_scales(sigma, network.config().sigma_data);
  const at::Tensor predicted =
      network.forward(x * scales.in, scales.noise, conditions, circular, job);
  return scales.skip * x + scales.out * predicted;
}

}  // namespace riffle::models
