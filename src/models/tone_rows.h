// SPDX-License-Identifier: GPL-3.0-or-later
// Where in a mel spectrogram the notes of a key, or those that are to sound, lie: rows a denoiser
// sees beside its latents. A key is nothing but places in frequency, which a network that is told
// its name alone has to learn for each of twelve tonics, and for each row of latents anew.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace riffle::models {

inline constexpr int64_t kPitchClasses = 12;
// How much of each pitch class sounds, C first, 0 to 1, and 1 where that is known; all 0 where it
// is not.
inline constexpr int64_t kChromaRows = kPitchClasses + 1;

// The mel rows (HTK scale) that latents stand for.
struct MelRange {
  double low_hz = 0;
  double high_hz = 10000;
};

class ToneRows {
 public:
  // Channels of a key: for each mel row of a latent row how near it is to the tonic in any octave,
  // and to the nearest notes of the scale, as far as the row tells semitones apart.
  static constexpr int64_t key_channels(int64_t mel_rows) { return 2 * mel_rows; }
  // Of chroma: for each mel row of a latent row what sounds near it, and 1 where that is known.
  static constexpr int64_t chroma_channels(int64_t mel_rows) { return mel_rows + 1; }

  // mel_rows: those of a latent row. Throws Error{InvalidArgument} for a range that is none.
  ToneRows(const MelRange& range, int64_t mel_rows);

  // numbers: [B, kMusicFeatures] of prompts (prompt_features.h); rows: of latents, the highest
  // first -> [B, key channels, rows], of the numbers' type and device. All 0 where no key is known,
  // the scale where no mode is; linear in the key and in the mode, so that prompts may be blended.
  at::Tensor of_key(const at::Tensor& numbers, int64_t rows) const;
  // chroma: [B, kChromaRows, columns] -> [B, chroma channels, rows, columns].
  at::Tensor of_chroma(const at::Tensor& chroma, int64_t rows) const;

 private:
  MelRange range_;
  int64_t mel_rows_;
};

}  // namespace riffle::models
