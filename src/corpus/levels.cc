// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/levels.h"

#include <ATen/ops/full.h>

#include <algorithm>
#include <cmath>

#include "audio/downmix.h"
#include "audio/spectrogram_encoder.h"

namespace riffle::corpus {

audio::SpectrogramParams default_spectrogram() {
  audio::SpectrogramParams params;
  params.step_size_ms = 20;
  params.window_duration_ms = 80;
  params.padded_duration_ms = 160;
  params.num_frequencies = 256;
  params.min_frequency = 20;
  params.max_frequency = 16000;
  return params;
}

Levels levels_of(const audio::Waveform& sound, const audio::SpectrogramParams& params,
                 const Job& job) {
  const audio::Waveform mono = audio::mix_channels(sound, audio::kUnknownLayout, 1);
  const audio::MelSpectrogram mel = audio::encode_spectrogram(mono, params, job);
  const float max =
      mel.values.empty() ? 0 : *std::max_element(mel.values.begin(), mel.values.end());
  Levels result{at::full({mel.rows, mel.frames}, 255, at::kByte), max};
  if (max <= 0) return result;
  auto* levels = result.levels.data_ptr<uint8_t>();
  const bool fourth_root = params.power_for_image == 0.25F;
  for (int64_t t = 0; t < mel.frames; ++t) {
    const auto frame = mel.frame(0, t);
    for (int row = 0; row < mel.rows; ++row) {
      const float part = frame[static_cast<size_t>(row)] / max;
      const float root =
          fourth_root ? std::sqrt(std::sqrt(part)) : std::pow(part, params.power_for_image);
      levels[static_cast<int64_t>(mel.rows - 1 - row) * mel.frames + t] =
          static_cast<uint8_t>(std::lround(255 * (1 - root)));
    }
  }
  return result;
}

}  // namespace riffle::corpus
