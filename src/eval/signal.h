// SPDX-License-Identifier: GPL-3.0-or-later
// What the signal judges share: one channel at one rate, and a little statistics.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "audio/waveform.h"
#include "core/job.h"

namespace riffle::eval {

// The rate judges listen at: beats and notes lie well below its 11 kHz.
inline constexpr int kJudgeRate = 22050;

// All channels mixed to one, at kJudgeRate.
std::vector<float> judged_signal(const audio::Waveform& sound, const Job& job = {});

// Pearson's correlation; 0 where one of the two does not vary. Equally long, else the longer one is
// read as far as the shorter goes.
double correlation(std::span<const float> a, std::span<const float> b);

double mean_of(std::span<const float> values);

// The value below which that share (0..1) of the values lies, interpolated; 0 for none.
double quantile(std::vector<float> values, double share);

}  // namespace riffle::eval
