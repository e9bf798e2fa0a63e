// SPDX-License-Identifier: GPL-3.0-or-later
// Griffin-Lim as torchaudio runs it (Griffin and Lim 1984 with the momentum of Perraudin et al.
// 2013): the yardstick and the `--compat` decoder. phase_retrieval.h is the better way.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "audio/stft.h"
#include "core/job.h"

namespace riffle::audio {

struct GriffinLimOptions {
  int iterations = 32;
  double momentum = 0.99;  // used as momentum / (1 + momentum)
  uint64_t seed =
      0;  // of the start: real and imaginary parts uniform in [0, 1), not of unit modulus
};

// magnitude: [frames, bins] -> hop * (frames - 1) samples.
std::vector<float> griffin_lim(std::span<const float> magnitude, const Stft& stft,
                               const GriffinLimOptions& options = {}, const Job& job = {});

}  // namespace riffle::audio
