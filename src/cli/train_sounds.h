// SPDX-License-Identifier: GPL-3.0-or-later
// A corpus as the networks that listen get it. The program riffle-train (src/trainer), which reads
// no sound files, takes what was heard elsewhere.
#pragma once

#include <cstdint>
#include <filesystem>

#include "core/job.h"
#include "models/clap_features.h"

namespace riffle::cli {

// The corpus of what CLAP hears of `corpus`, or of its waveforms at a rate, made or completed
// first; songs: at most so many, 0 for all. Throw as corpus::hear_corpus does.
std::filesystem::path clap_sounds(const std::filesystem::path& corpus,
                                  const models::ClapFeatureConfig& features, int64_t songs,
                                  const Job& job);
std::filesystem::path wave_sounds(const std::filesystem::path& corpus, int64_t sample_rate,
                                  int64_t songs, const Job& job);

}  // namespace riffle::cli
