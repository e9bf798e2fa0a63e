// SPDX-License-Identifier: GPL-3.0-or-later
// Loops to make music over, played from patterns at any tempo: what a jam keeps the beat of.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "audio/waveform.h"

namespace riffle::pipelines {

struct SeedLoop {
  std::string_view id;  // Riffusion's names, so that its clients find one under each
  std::string_view title;
  double bpm = 0;  // its own tempo
};

std::span<const SeedLoop> seed_loops();

// Throws Error{NotFound} listing the ids.
const SeedLoop& seed_loop(std::string_view id);

// Beats of the longest run of whole bars that lasts at most so long: 1, 2, 4, ... bars, at least
// one.
int64_t loop_beats(double bpm, int64_t beats_per_bar, double longest_s);

// So many beats of it, mono, exactly `samples` long. The end goes on into the beginning. The same
// every time.
audio::Waveform play_seed_loop(const SeedLoop& loop, int64_t beats, int64_t samples,
                               int sample_rate);

}  // namespace riffle::pipelines
