// SPDX-License-Identifier: GPL-3.0-or-later
// A stem that fits other music, and one that stands alone (Diff-A-Riff, sections 3.2 and 4).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pipelines/length.h"
#include "pipelines/play.h"

namespace riffle::pipelines {

struct AccompanyRequest {
  std::string context = {};
  BandStyle style = {};
  std::string chords = {};  // from its first sample on, in place of those that are heard in it
  std::optional<double> bpm = {};
  int64_t beats_per_bar = 4;
  int64_t count = 1;
  bool mix = false;
  double gain_db = 0;
  std::optional<int64_t> best_of = {};  // absent: the model's
  BandShape shape = {};
  BandSampling sampling = {};

  void visit(FieldVisitor& v);
  // What is wrong between fields that are right each. Throws Error{InvalidArgument}.
  void check() const;
};

// Each clip has the context's rate and exactly its length. Clip i has seed + i. With `mix` the
// clip's part "mix" is the context with the stem.
std::vector<Clip> accompany(BandModel& model, AccompanyRequest request,
                            const RunContext& context = {});

struct SoloRequest {
  BandStyle style = {};
  Length length = {};
  std::string chords = {};
  int64_t count = 1;
  std::optional<int64_t> best_of = {};  // absent: the model's
  BandShape shape = {};
  BandSampling sampling = {};

  void visit(FieldVisitor& v);
  // What is wrong between fields that are right each. Throws Error{InvalidArgument}.
  void check() const;
};

// At the codec's rate; exact to the sample, loops too.
std::vector<Clip> solo(BandModel& model, SoloRequest request, const RunContext& context = {});

struct InterpolateRequest {
  std::string from = {};
  std::string to = {};
  std::string prompt = {};
  std::string context = {};
  int64_t steps = 5;
  Length length = {};
  BandShape shape = {};
  BandSampling sampling = {};

  void visit(FieldVisitor& v);
  // What is wrong between fields that are right each. Throws Error{InvalidArgument}.
  void check() const;
};

// One clip a step, all of the same seed: the first is like `from`, the last like `to` (a recording)
// or as `prompt` says. With a context each fits it and is as long; else as solo.
std::vector<Clip> interpolate(BandModel& model, InterpolateRequest request,
                              const RunContext& context = {});

}  // namespace riffle::pipelines
