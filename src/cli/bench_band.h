// SPDX-License-Identifier: GPL-3.0-or-later
// riffle bench accompany: how long a stem takes.
#pragma once

#include <cstdint>
#include <string>

#include "cli/command.h"
#include "core/json.h"

namespace riffle::cli {

struct BenchBand {
  std::string model;    // as --model takes it; empty: the default
  bool random = false;  // no model, but random weights in the published model's size
  bool exact = false;
  bool low_memory = false;
  int64_t repeats = 3;
};

// Ten seconds of stem to ten seconds of music, from the loaded model to samples, with the shares of
// encoding, diffusion and decoding, in mono and in stereo; the best of `repeats` after one that
// loads. With random weights: one prediction of the network, and what a run makes of it.
OrderedJson bench_accompany(const BenchBand& options, Context& context);

}  // namespace riffle::cli
