// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/tone_rows.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "core/error.h"
#include "core/mel_scale.h"
#include "models/prompt_features.h"
#include "text/mode_steps.h"

namespace riffle::models {
namespace {

constexpr int kTones = kPitchClasses;
constexpr double kA4Hz = 440;
constexpr int kA = 9;            // its pitch class
constexpr double kWidth = 0.35;  // semitones: how far a note reaches where rows are narrow

double semitones(double hz) { return kTones * std::log2(hz / kA4Hz) + kA; }

// How much of each pitch class each mel row hears, the highest row first: [kTones, count]. A note
// reaches as far as the row is wide, and the less of it is in one row then.
at::Tensor tones_of_rows(const MelRange& range, int64_t count) {
  std::vector<float> values(static_cast<size_t>(kTones * count));
  const double low = hz_to_mel(range.low_hz);
  const double step = (hz_to_mel(range.high_hz) - low) / static_cast<double>(count + 1);
  for (int64_t row = 0; row < count; ++row) {
    const double mel = low + step * static_cast<double>(count - row);
    const double centre = semitones(mel_to_hz(mel));
    const double half = semitones(mel_to_hz(mel + step / 2)) - centre;
    const double width = std::hypot(kWidth, half);
    for (int tone = 0; tone < kTones; ++tone) {
      const double away = std::remainder(centre - tone, kTones) / width;
      values[static_cast<size_t>(tone * count + row)] =
          static_cast<float>(kWidth / width * std::exp(-away * away / 2));
    }
  }
  return at::tensor(values).view({kTones, count});
}

// Which pitch classes are in each key and mode: [kTones, modes, kTones].
at::Tensor scales() {
  std::vector<float> values(kTones * text::kModeSteps.size() * kTones);
  for (int tonic = 0; tonic < kTones; ++tonic) {
    for (size_t mode = 0; mode < text::kModeSteps.size(); ++mode) {
      for (const int note : text::kModeSteps[mode]) {
        values[(static_cast<size_t>(tonic) * text::kModeSteps.size() + mode) * kTones +
               static_cast<size_t>((tonic + note) % kTones)] = 1;
      }
    }
  }
  return at::tensor(values).view({kTones, -1, kTones});
}

}  // namespace

ToneRows::ToneRows(const MelRange& range, int64_t mel_rows) : range_(range), mel_rows_(mel_rows) {
  if (!(range.low_hz >= 0 && range.high_hz > range.low_hz) || mel_rows < 1) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("rows of tones from {} to {} Hz, {} mel rows a latent row",
                            range.low_hz, range.high_hz, mel_rows));
  }
}

at::Tensor ToneRows::of_key(const at::Tensor& numbers, int64_t rows) const {
  const int64_t batch = numbers.size(0);
  const at::Tensor heard = tones_of_rows(range_, rows * mel_rows_).to(numbers.options());
  const at::Tensor key = numbers.narrow(1, kTempoFeatures + 1, kTones);
  const at::Tensor mode = numbers.narrow(1, kTempoFeatures + kKeyFeatures + 1, kModeFeatures - 1);
  const at::Tensor both = (key.unsqueeze(2) * mode.unsqueeze(1)).flatten(1);
  const at::Tensor scale = both.matmul(scales().to(numbers.options()).flatten(0, 1));
  return at::stack({key.matmul(heard), scale.matmul(heard)}, 1)  // [B, 2, mel rows]
      .view({batch, -1, rows, mel_rows_})
      .transpose(2, 3)
      .reshape({batch, -1, rows});
}

at::Tensor ToneRows::of_chroma(const at::Tensor& chroma, int64_t rows) const {
  const int64_t batch = chroma.size(0);
  const int64_t columns = chroma.size(2);
  const at::Tensor heard = tones_of_rows(range_, rows * mel_rows_).to(chroma.options());
  const at::Tensor sounding = heard.t()
                                  .matmul(chroma.narrow(1, 0, kPitchClasses))
                                  .view({batch, rows, mel_rows_, columns})
                                  .transpose(1, 2);
  const at::Tensor known = chroma.narrow(1, kPitchClasses, 1).unsqueeze(2);
  return at::cat({sounding, known.expand({batch, 1, rows, columns})}, 1);
}

}  // namespace riffle::models
