// SPDX-License-Identifier: GPL-3.0-or-later
// Music from a prompt: any length, loops, several clips at once.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pipelines/clip.h"
#include "pipelines/length.h"
#include "pipelines/sampling.h"

namespace riffle::pipelines {

struct GenerateRequest {
  std::string prompt = {};
  Length length = {};
  std::string chords = {};  // text/chords.h, repeated to the end
  bool loop = false;
  int64_t count = 1;
  int64_t batch = 1;
  double loudness = -23.0;
  double stereo = 0;     // audio/widen.h's width; of models that make one channel
  double variation = 0;  // how far the noise turns to that of variation_seed
  std::optional<int64_t> variation_seed = {};
  std::string varied_before = {};  // turns that came before that one: "0.3:17, 0.1:4"
  Sampling sampling = {};

  void visit(FieldVisitor& v);
  // What is wrong between fields that are right each. Throws Error{InvalidArgument}.
  void check() const;
};

// Clip i has seed + i. Lengths are exact to the sample; longer than the model's window is one piece
// of overlapped windows. Throws Error{InvalidArgument, NotFound, Cancelled}.
std::vector<Clip> generate(MusicModel& model, GenerateRequest request,
                           const RunContext& context = {});

// All turns of the noise a request asks for, as varied_before of the next one.
std::string variations_of(const GenerateRequest& request);

}  // namespace riffle::pipelines
