// SPDX-License-Identifier: GPL-3.0-or-later
// The picture of sound that Music2Latent works on (Pasini et al. 2024, arXiv:2408.06500, section
// 3): a short-time Fourier transform whose amplitudes are companded, real and imaginary parts as
// two channels.
#pragma once

#include <ATen/core/Tensor.h>

#include "models/consistency_config.h"

namespace riffle::models {

// mono: [B, samples], at least a window -> [B, 2, bins, frames], frames = (samples - window) / hop
// + 1, not centred. beta |c|^alpha with c's phase; the bin at half the sample rate is left out.
at::Tensor companded_stft(const at::Tensor& mono, const ConsistencyConfig& config);

// And back: [B, (frames - 1) * hop + window] in -1..1. Exact but for the bin left out, and towards
// the ends, which fewer windows cover.
at::Tensor inverse_companded_stft(const at::Tensor& picture, const ConsistencyConfig& config);

}  // namespace riffle::models
