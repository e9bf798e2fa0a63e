// SPDX-License-Identifier: GPL-3.0-or-later
// Jumps of loudness between the stretches a long piece was made of.
#pragma once

#include <cstdint>
#include <vector>

#include "audio/waveform.h"
#include "core/job.h"

namespace riffle::eval {

// Loudness (EBU R128) of `parts` equal stretches, LUFS; silent ones have audio::kSilenceLufs.
std::vector<double> stretch_loudness(const audio::Waveform& sound, int64_t parts,
                                     const Job& job = {});

// The largest difference between neighbours, dB; 0 for fewer than two.
double largest_step_db(const std::vector<double>& loudness);

}  // namespace riffle::eval
