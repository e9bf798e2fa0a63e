// SPDX-License-Identifier: GPL-3.0-or-later
// Sound to the latents band models work on, and back. What is alike in a mel autoencoder and in a
// consistency autoencoder: mono, whole columns, and loudness that survives, so that a stem decoded
// again is as loud as it was beside its mix.
#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstdint>
#include <memory>

#include "audio/waveform.h"
#include "core/job.h"
#include "image/spectrogram_picture.h"
#include "models/riff_parts.h"
#include "weights/bundle.h"

namespace riffle::pipelines {

// The amplitude of a mel picture's black where spectrogram.json names none ("max_value"): the
// default of pictures. The loudest of 126 stems and mixes of a synthetic corpus reaches 2.3e7, half
// of them 0.8e7; what is louder than this, tones near full scale, is clipped.
inline constexpr float kStemMaxValue = image::kDefaultMaxValue;

struct StemDecodeOptions {
  uint64_t seed = 0;      // of phases, or of the decoder's noise; the same for both stereo channels
  bool circular = false;  // a loop: the end goes on into the beginning without a click
  int iterations = 24;    // of the phase search, where there is one
};

class StemCodec {
 public:
  virtual ~StemCodec() = default;
  StemCodec(const StemCodec&) = delete;
  StemCodec& operator=(const StemCodec&) = delete;

  virtual int sample_rate() const = 0;
  virtual int64_t samples_per_column() const = 0;
  virtual int64_t channels() const = 0;
  // The fewest columns that hold so many samples, and those nearest to a loop's length.
  int64_t columns_of(int64_t samples) const {
    return (samples + samples_per_column() - 1) / samples_per_column();
  }
  int64_t columns_of_loop(int64_t samples) const {
    return std::max<int64_t>(1, (samples + samples_per_column() / 2) / samples_per_column());
  }

  // mono: at the codec's rate, its end padded with silence to whole columns -> [channels, columns],
  // float32. Throws Error{InvalidArgument} for another rate, more channels or no samples.
  virtual at::Tensor encode(const audio::Waveform& mono, const Job& job = {}) = 0;
  // Of a loop: its end goes on into its beginning, and the columns, as many as come nearest to its
  // length, are spread over it.
  virtual at::Tensor encode_loop(const audio::Waveform& mono, const Job& job = {}) = 0;
  // latents: [channels, columns]. Exactly so many samples, which must not be more than the columns
  // hold; where circular the columns are spread over them. Throws Error{InvalidArgument}.
  virtual audio::Waveform decode(const at::Tensor& latents, int64_t samples,
                                 const StemDecodeOptions& options = {}, const Job& job = {}) = 0;

 protected:
  StemCodec() = default;
};

// The bundle's "autoencoder" (sound_stem_codec.h), else its "vae", a MelAutoencoder: latents are
// [latent channels * rows, columns], channel-major. Of a bundle of any kind; weights are read when
// first needed. Throws Error{BadFile, Unsupported, NotFound}.
std::unique_ptr<StemCodec> open_stem_codec(const weights::Bundle& bundle,
                                           const models::RiffModelOptions& options = {});

}  // namespace riffle::pipelines
