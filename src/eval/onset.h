// SPDX-License-Identifier: GPL-3.0-or-later
// Onset strength: how much begins at each moment. The spectral flux of logarithmic mel amplitudes
// with a maximum filter over frequency, so that vibrato does not count as onsets (Boeck and Widmer,
// "Maximum filter vibrato suppression for onset detection", DAFx 2013, eq. 1 to 3).
#pragma once

#include <cstdint>
#include <vector>

#include "audio/waveform.h"
#include "core/job.h"

namespace riffle::eval {

struct OnsetStrength {
  double rate_hz = 100;       // values a second
  std::vector<float> values;  // 0 or more; the scale does not depend on the sound's loudness
};

// About 100 values a second. Silence gives zeros.
OnsetStrength onset_strength(const audio::Waveform& sound, const Job& job = {});

// How alike two clips are in when things begin: the largest correlation of their onset strengths
// over shifts of up to `tolerance_s` either way.
double onset_correlation(const OnsetStrength& a, const OnsetStrength& b, double tolerance_s = 0.03);

}  // namespace riffle::eval
