// SPDX-License-Identifier: GPL-3.0-or-later
// The preconditioning of Karras et al. 2022 ("Elucidating the Design Space of Diffusion-Based
// Generative Models", equation 7 and table 1): D(x; sigma), which estimates clean latents from
// noisy ones, out of a network whose inputs and outputs have unit variance at every noise level.
// Training and sampling both go through it.
#pragma once

#include <ATen/core/Tensor.h>

#include "core/job.h"
#include "models/unet_1d.h"

namespace riffle::models {

// For noise levels sigma [B]; the first three are [B, 1, 1].
struct EdmScales {
  at::Tensor skip;   // sd^2 / (sigma^2 + sd^2)
  at::Tensor out;    // sigma sd / sqrt(sigma^2 + sd^2)
  at::Tensor in;     // 1 / sqrt(sigma^2 + sd^2)
  at::Tensor noise;  // ln(sigma) / 4, [B]
};
EdmScales edm_scales(const at::Tensor& sigma, double sigma_data);

// D(x; sigma): x [B, C, T], clean latents of unit variance (times sigma_data) plus noise of
// standard deviation sigma [B], all above 0 -> the clean latents it expects. See UNet1D::forward
// for `circular` and errors.
at::Tensor edm_denoise(UNet1D& network, const at::Tensor& x, const at::Tensor& sigma,
                       const UNet1DConditions& conditions, bool circular = false,
                       const Job& job = {});

}  // namespace riffle::models
