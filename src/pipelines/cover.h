// SPDX-License-Identifier: GPL-3.0-or-later
// A cover of a whole recording: melody and tempo stay, the sound becomes another (Riffusion's
// audio-to-audio, Riffusion-Melodiff), without the joints of five-second pieces. It begins from the
// noise the model itself would have made the recording from, in which melody and tempo still are
// (diffusion/inversion.h), or from noise of a seed, as Riffusion's does.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pipelines/clip.h"
#include "pipelines/sampling.h"

namespace riffle::pipelines {

struct CoverRequest {
  std::string file = {};
  std::string latents = {};  // of the file; empty: it is encoded where that is needed
  std::string prompt = {};
  std::string to = {};
  double strength = 0.45;
  bool fresh_noise = false;  // of the seed alone; strength is then the share of the steps taken
  bool free_notes = false;  // models that follow chroma are not told what sounds
  bool magic_mix = false;
  double mix = 0.5;
  std::string channels = "auto";
  std::optional<double> loudness = {};
  Sampling sampling = {};

  void visit(FieldVisitor& v);
};

// One clip, at the file's rate and exactly as long. The noise belongs to the timeline and
// predictions are blended where windows overlap, so neighbouring windows agree.
std::vector<Clip> cover(MusicModel& model, CoverRequest request, const RunContext& context = {});

}  // namespace riffle::pipelines
