// SPDX-License-Identifier: GPL-3.0-or-later
// Variations of a clip: everything locked but the noise, which turns a little.
#pragma once

#include <string>
#include <vector>

#include "pipelines/clip.h"
#include "pipelines/sampling.h"

namespace riffle::pipelines {

struct VaryRequest {
  std::string file = {};
  std::string latents = {};  // of the file; empty: it is encoded where that is needed
  double amount = 0.3;
  int64_t count = 1;
  int64_t seed = -1;
  std::string prompt = {};

  void visit(FieldVisitor& v);
};

// A clip that generate made is made again from the request in its file, its noise turned by
// `amount` towards that of another seed (slerp). Any other sound is covered at that strength, which
// `notes` says. Throws Error{InvalidArgument} where another model made the clip.
std::vector<Clip> vary(MusicModel& model, VaryRequest request, const RunContext& context = {});

}  // namespace riffle::pipelines
