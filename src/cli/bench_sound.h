// SPDX-License-Identifier: GPL-3.0-or-later
// The parts of riffle bench that are more than one network: the codec, and a whole generation.
#pragma once

#include <cstdint>
#include <string>

#include "audio/waveform.h"
#include "cli/command.h"
#include "core/json.h"

namespace riffle::cli {

// Notes that begin four times a second and fade: partials and onsets, as music has them. Mono.
audio::Waveform bench_notes(double seconds, int sample_rate);

// Ten seconds of sound to a picture and back at the codec's defaults, the best of `repeats`.
OrderedJson bench_codec(int64_t repeats, Context& context);

struct BenchGeneration {
  std::string model;  // as --model takes it
  std::string preset = "balanced";
  bool exact = false;
  bool low_memory = false;
  int64_t repeats = 3;
};

// A clip of the model's own length from a prompt, from the loaded model to samples, with the share
// of each stage; the best of `repeats` after one that loads.
OrderedJson bench_generation(const BenchGeneration& options, Context& context);

}  // namespace riffle::cli
