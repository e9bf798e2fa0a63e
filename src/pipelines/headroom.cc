// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/headroom.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "audio/limiter.h"
#include "pipelines/play.h"

namespace riffle::pipelines {
namespace {

constexpr double kCeilingDb = -0.3;

}  // namespace

float peak_of(const audio::Waveform& sound) {
  float peak = 0;
  for (const auto& channel : sound.samples) {
    for (const float sample : channel) peak = std::max(peak, std::abs(sample));
  }
  return peak;
}

void hold_peaks(audio::Waveform& sound, bool loop, std::vector<std::string>& notes,
                const Job& job) {
  const float peak = peak_of(sound);
  if (peak <= 1) return;
  const double over_db = 20 * std::log10(double{peak}) - kCeilingDb;
  if (loop) {
    change_level(sound, -over_db);
    notes.push_back(fmt::format("made {:.1f} dB softer: its peaks were above full scale", over_db));
    return;
  }
  const auto held = audio::limit_peaks(sound, {.ceiling_dbtp = kCeilingDb}, Job{job.stop, {}});
  notes.push_back(
      fmt::format("peaks above full scale were held, by {:.1f} dB at most", held.reduction_db));
}

}  // namespace riffle::pipelines
