// SPDX-License-Identifier: GPL-3.0-or-later
// What every band pipeline is made of: sounds in, one stem out.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "audio/waveform.h"
#include "pipelines/band_model.h"
#include "pipelines/band_sampling.h"
#include "pipelines/clip.h"

namespace riffle::pipelines {

// Repetition inside a piece, and how wide it is.
struct BandShape {
  int64_t loop = 0;  // 0: the piece begins and ends; n: a loop that consists of n repetitions
  double loop_strength = 1;           // 1: they are equal; below: they vary
  std::optional<double> stereo = {};  // absent: the model's; 0 is mono

  void visit(FieldVisitor& v);
};

// What is absent becomes the model's.
void settle(BandShape& shape, const BandModel& model);

// The music a stem is to fit, as the model takes it in. Undefined: none.
struct BandContext {
  at::Tensor latents = {};  // the codec's, [C, columns]
  at::Tensor chroma = {};   // [1, kChromaRows, columns]: of models that are told which notes sound
};

// A stem to be made, in samples at the codec's rate.
struct BandPiece {
  int64_t samples = 0;
  BandContext context = {};
  at::Tensor style = {};  // style_of(); undefined: none
  // What it begins from, the codec's latents, and the share of the noise it is covered with first:
  // 0 leaves it as it is, 1 nothing of it.
  at::Tensor known = {};
  double strength = 1;
  at::Tensor mask = {};  // [1, 1, 1, columns]: 1 is made anew, 0 stays `known`; undefined: all anew
  uint64_t seed = 0;
  // Of a stem that begins from nothing: so many takes are made, and the one that fits best is kept
  // (best_take.h). The first has the seed itself, so that best_of 1 is among them.
  int64_t best_of = 1;
};

struct PlayedStem {
  audio::Waveform sound;           // one channel, two where stereo; exactly so many samples
  at::Tensor latents;              // [channels of sound, C, 1, columns], as the codec makes them
  std::vector<std::string> notes;  // which take it is
};

// Seconds of sound a column stands for: a loop's columns are spread over it.
double column_seconds(BandModel& model, const audio::Waveform& mono, int64_t columns,
                      const BandShape& shape);

// Latents of a sound for a piece of that shape: of a circle where it loops.
at::Tensor latents_of_stem(BandModel& model, const audio::Waveform& mono, const BandShape& shape,
                           const Job& job);

// The same of other music, with the notes that are heard in it. Throws Error{Unsupported} for a
// model that hears none.
BandContext context_of_sound(BandModel& model, const audio::Waveform& mono, const BandShape& shape,
                             const Job& job);

// Chords from a piece's first sample on, as models are told them (BandContext::chroma). Undefined
// where there are none, and, with a note, for models that do not follow them. Throws
// Error{InvalidArgument} for what is no progression, and without a tempo.
at::Tensor chroma_of_chords(BandModel& model, const std::string& chords, std::optional<double> bpm,
                            int64_t beats_per_bar, int64_t samples, const BandShape& shape,
                            std::vector<std::string>& notes);

// Progress stages "diffuse", "choose" where there are several takes, and "decode". Pieces longer
// than the model's window are made in windows whose predictions are blended at every step. Stereo's
// left channel is the right one varied (pseudo-stereo): same conditions, same decoder.
PlayedStem play(BandModel& model, const BandPiece& piece, const BandShape& shape,
                const BandSampling& sampling, const RunContext& context);

// Models learn from music of usual loudness. By so many dB other music is changed before it is
// heard, and what comes out is changed back: 0 inside that range, and for silence.
double listening_gain_db(const audio::Waveform& sound);

// One channel at the codec's rate, exactly so many samples, changed by gain_db.
audio::Waveform heard(BandModel& model, const audio::Waveform& sound, int64_t samples,
                      double gain_db, const Job& job);

// A played stem as the user gets it: at that rate, so many frames, changed back.
audio::Waveform given_back(const audio::Waveform& sound, int sample_rate, int64_t frames,
                           double gain_db, const Job& job);

// In place.
void change_level(audio::Waveform& sound, double gain_db);

// Sounds added up, each as many channels as the widest has; as long as the first.
audio::Waveform mixed_sound(const audio::Waveform& a, const audio::Waveform& b);

// The picture a clip of a band model has: of its mono sum.
image::Picture picture_of_sound(const audio::Waveform& sound, const Job& job);

}  // namespace riffle::pipelines
