// SPDX-License-Identifier: GPL-3.0-or-later
// First guess of a spectrogram's phases from its magnitudes alone: phase gradient heap integration
// (Prusa, Balazs, Sondergaard, "A noniterative method for reconstruction of phase from STFT
// magnitude", 2017, eqs. 13-16 and alg. 1). For a (near) Gaussian window the phase's slope in time
// is the log magnitude's slope in frequency and the other way round; the slopes are integrated from
// the loudest points outwards.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/job.h"

namespace riffle::audio {

// A spectrogram of Hann-windowed frames, window at the start of the FFT frame.
struct StftGeometry {
  int win = 0;    // samples
  int hop = 0;    // samples
  int n_fft = 0;  // samples, at least win
};

struct PhaseGradientOptions {
  uint64_t seed =
      0;  // of the phases nothing determines: below the tolerance, and where each region starts
  float tolerance = 1e-4F;  // of the largest magnitude; quieter points get random phases
  int64_t known_frames =
      0;  // so many leading frames already hold their phases in `phase` and are continued from
};

// magnitude: [frames, bins], bins <= n_fft / 2 + 1; phase: the same shape, radians, written (known
// frames are read).
void integrate_phase_gradient(std::span<const float> magnitude, int64_t frames, int bins,
                              const StftGeometry& geometry, const PhaseGradientOptions& options,
                              std::span<float> phase, const Job& job = {});

}  // namespace riffle::audio
