// SPDX-License-Identifier: GPL-3.0-or-later
// New sound inside a given one: what inpaint and extend share.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "audio/waveform.h"
#include "pipelines/clip.h"
#include "pipelines/sampling.h"

namespace riffle::pipelines {

// A band of frequencies in Hz.
struct Band {
  double low_hz = 0;
  double high_hz = 0;
};

struct RepaintOptions {
  std::string prompt = {};
  Sampling sampling = {};
  int64_t first = 0;  // samples of the region at the codec's rate that are made anew...
  int64_t last = 0;   // ...up to this one
  std::optional<Band> maybe_band = {};  // absent: all frequencies
  double strength = 1.0;                // below 1 the new sound keeps something of what was there
  at::Tensor known = {};                // latents of the region; undefined: it is encoded
};

struct Repainted {
  audio::Waveform sound;  // the whole region anew, as long as it was, at the level of what is kept
  at::Tensor latents;
  image::Picture picture;
  std::vector<std::string> notes;
};

// region: at the codec's rate; a mono codec takes one or two channels, a stereo one two. What lies
// outside [first, last) steers what comes inside.
Repainted repaint(MusicModel& model, const audio::Waveform& region, const RepaintOptions& options,
                  const RunContext& context);

// The band as rows of a picture, from the top: {top, bottom}, fractions allowed.
struct RowRange {
  double top = 0;
  double bottom = 0;
};
RowRange rows_of(const Band& band, const audio::SpectrogramParams& params);

// original with `replacement` (as long, same rate and channels) in [first, last), faded in and out
// over `fade` samples inside it, and only in the band where there is one. What lies outside is
// bit for bit the original.
audio::Waveform spliced(const audio::Waveform& original, const audio::Waveform& replacement,
                        int64_t first, int64_t last, int64_t fade,
                        const std::optional<Band>& maybe_band);

}  // namespace riffle::pipelines
