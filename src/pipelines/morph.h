// SPDX-License-Identifier: GPL-3.0-or-later
// One sound turning into another, clip by clip on the beat of a seed: Riffusion's interpolation as
// one continuous piece.
#pragma once

#include <string>
#include <vector>

#include "audio/mel_spectrogram.h"
#include "pipelines/between.h"
#include "pipelines/clip.h"
#include "pipelines/length.h"
#include "pipelines/sampling.h"

namespace riffle::pipelines {

struct MorphRequest {
  std::string prompt = {};
  std::string to = {};
  std::string init = {};  // a picture or a sound: what every clip is made over
  std::string mask = {};  // a picture: white is repainted
  int64_t clips = 8;
  Length length = {};  // of a clip, where there is no init
  double strength = 0.75;
  std::optional<double> to_strength = {};
  std::optional<int64_t> to_seed = {};
  double alpha_power = 1.0;
  double loudness = -23.0;
  Sampling sampling = {};

  void visit(FieldVisitor& v);
};

// What the clips of a morph share.
struct MorphPlan {
  MorphRequest request = {};  // its seeds filled in
  Ground ground = {};
  BetweenStep step = {};
};
MorphPlan plan_morph(MusicModel& model, MorphRequest request, const Job& job);
// Of clip number `index`, from 0.
BetweenStep morph_step(const MorphPlan& plan, int64_t index);

// One clip: the whole piece. Its parts are equally long, start on the beat of the first and are
// brought to one level.
std::vector<Clip> morph(MusicModel& model, MorphRequest request, const RunContext& context = {});

// Brings the stretches of a spectrogram that begin at `starts` (ascending, the first at 0) to their
// common level, gliding from one gain to the next around each start; no gain beyond limit_db.
// Silent stretches are left alone. Returns the largest gain, in dB, of either sign.
double level_stretches(audio::MelSpectrogram& mel, const std::vector<int64_t>& starts,
                       double limit_db);

}  // namespace riffle::pipelines
