// SPDX-License-Identifier: GPL-3.0-or-later
// Stems that are there already: a part made anew, more of it, another take of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pipelines/length.h"
#include "pipelines/play.h"

namespace riffle::pipelines {

struct InpaintStemRequest {
  std::string file = {};
  std::string from = {};
  std::string to = {};
  std::string context = {};
  BandStyle style = {};
  double strength = 1;
  std::optional<double> bpm = {};
  int64_t beats_per_bar = 4;
  BandSampling sampling = {};

  void visit(FieldVisitor& v);
  // What is wrong between fields that are right each. Throws Error{InvalidArgument}.
  void check() const;
};

// One clip, at the stem's rate and as long; outside the span its samples are the stem's, joined by
// fades of 20 ms.
std::vector<Clip> inpaint_stem(BandModel& model, InpaintStemRequest request,
                               const RunContext& context = {});

struct ExtendStemRequest {
  std::string file = {};
  std::string context = {};
  BandStyle style = {};
  Length length = {};
  std::string side = "end";
  BandSampling sampling = {};

  void visit(FieldVisitor& v);
  // What is wrong between fields that are right each. Throws Error{InvalidArgument}.
  void check() const;
};

// One clip: the stem with so much more music after its end or before its beginning, exact to the
// sample. The context goes on as long: with side "start" it begins where the new part begins.
std::vector<Clip> extend_stem(BandModel& model, ExtendStemRequest request,
                              const RunContext& context = {});

struct VaryStemRequest {
  std::string file = {};
  double amount = 0.5;
  std::string context = {};
  BandStyle style = {};
  int64_t count = 1;
  BandShape shape = {.stereo = 0.0};
  BandSampling sampling = {};

  void visit(FieldVisitor& v);
};

// Clips at the stem's rate and as long. Amount 0 in mono and without a loop is the file itself.
std::vector<Clip> vary_stem(BandModel& model, VaryStemRequest request,
                            const RunContext& context = {});

}  // namespace riffle::pipelines
