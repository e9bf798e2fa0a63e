// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/loudness_steps.h"

#include <algorithm>
#include <cmath>

#include "audio/loudness.h"
#include "eval/signal.h"
#include "pipelines/sound_file.h"

namespace riffle::eval {

std::vector<double> stretch_loudness(const audio::Waveform& sound, int64_t parts, const Job& job) {
  std::vector<double> loudness;
  const int64_t frames = sound.frames();
  for (int64_t i = 0; i < parts; ++i) {
    const audio::Waveform part =
        pipelines::part_of(sound, frames * i / parts, frames * (i + 1) / parts);
    loudness.push_back(
        audio::measure_loudness(part, audio::kUnknownLayout, Job{job.stop, {}}).integrated_lufs);
  }
  return loudness;
}

double largest_step_db(const std::vector<double>& loudness) {
  double largest = 0;
  for (size_t i = 1; i < loudness.size(); ++i) {
    largest = std::max(largest, std::abs(loudness[i] - loudness[i - 1]));
  }
  return largest;
}

}  // namespace riffle::eval
