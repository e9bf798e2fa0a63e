// SPDX-License-Identifier: GPL-3.0-or-later
// The judges of accompaniment: does a model's stem keep to the beats and the chords of the music it
// was made for, is it the instrument that was wished for and nothing else, is music with it like
// real music. Held against what costs nothing: a stem by chance, one of another song at the same
// tempo and key, and the model's own stem for other music.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "audio/waveform.h"
#include "core/job.h"
#include "eval/band_items.h"
#include "eval/judge.h"
#include "eval/report.h"

namespace riffle::eval {

// What is judged: a model, or a test's own player.
struct BandPlayer {
  std::string name;
  // A stem for `context`, as long and at its rate, that sounds like `like`.
  std::function<audio::Waveform(const audio::Waveform& context, const audio::Waveform& like,
                                uint64_t seed, const Job& job)>
      play;
  // An embedding of a sound, [D] of unit length. Empty: distances of sets are left out.
  std::function<at::Tensor(const audio::Waveform& sound, const Job& job)> embed;
  // A sound through the codec and back. Empty: the codec is not judged.
  std::function<audio::Waveform(const audio::Waveform& sound, const Job& job)> through_codec;
};

struct JudgeBandOptions {
  uint64_t seed = 1;
  int64_t takes = 3;          // of the first few contexts, for diversity
  int64_t diverse_items = 6;  // so many of them
  int64_t codec_items = 12;
  std::string folder = {};  // where context, stem and mix of each item are written; empty: nowhere
};

// judge: hears instruments; may be null. Progress stage "stems". Throws Error{InvalidArgument} for
// fewer than two songs.
Report judge_band(const BandPlayer& player, const std::vector<BandItem>& items, const Judge* judge,
                  const JudgeBandOptions& options, const Job& job = {});

// Accompaniment prompt adherence (Grachten and Nistal 2024): where the candidates' distance to real
// pairs lies between none (1) and that of pairs mixed up (0). All are embeddings of context and
// stem together, [N, D].
double prompt_adherence(const at::Tensor& candidates, const at::Tensor& real,
                        const at::Tensor& mixed_up);

// Root mean square difference of two sounds' logarithmic mel spectra, in dB, where either is above
// -60 dB of the louder one's peak.
double log_spectral_distance(const audio::Waveform& a, const audio::Waveform& b,
                             const Job& job = {});

}  // namespace riffle::eval
