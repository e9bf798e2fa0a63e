// SPDX-License-Identifier: GPL-3.0-or-later
// What a denoiser of spectrograms takes beside its latents, as further channels: where beats and
// bars lie (beat_rows.h), the place of the row from -1 (top) to 1, since rows of a spectrogram are
// not alike, and, of models that follow harmony, where the notes of the key and those that are to
// sound lie (tone_rows.h).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "core/json.h"
#include "models/beat_rows.h"
#include "models/denoiser.h"
#include "models/tone_rows.h"

namespace riffle::models {

class ContextRows {
 public:
  // Channels for beats and the place of the row alone.
  static constexpr int64_t kBeatChannels = kBeatRows + 1;
  // Those with harmony too, of latent rows that stand for so many mel rows.
  static constexpr int64_t with_harmony(int64_t mel_rows) {
    return kBeatChannels + ToneRows::key_channels(mel_rows) + ToneRows::chroma_channels(mel_rows);
  }

  // channels: beside the latents' own; 0: nothing is taken. mel_rows: those of a latent row.
  // spectrogram: the bundle's, for the frequencies. Throws Error{InvalidArgument} for a number of
  // channels that is none of these.
  ContextRows(int64_t channels, int64_t mel_rows, const Json& spectrogram);

  bool beats() const { return channels_ > 0; }
  bool harmony() const { return tones_.has_value(); }

  // latents: [B, C, H, columns] -> [B, C + channels, H, columns]. Of `told` beats, chroma, and, at
  // the end of the summary, the numbers of the prompt are read; what is undefined is unknown.
  // Throws Error{InvalidArgument} for shapes that do not fit.
  at::Tensor beside(const at::Tensor& latents, const Conditioning& told) const;

 private:
  at::Tensor harmony_of(const at::Tensor& latents, const Conditioning& told) const;

  int64_t channels_;
  std::optional<ToneRows> tones_;
};

}  // namespace riffle::models
