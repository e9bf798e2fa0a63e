// SPDX-License-Identifier: GPL-3.0-or-later
// A span of time, and a band of frequencies if wished, of a recording made anew.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pipelines/clip.h"
#include "pipelines/length.h"
#include "pipelines/sampling.h"

namespace riffle::pipelines {

struct InpaintRequest {
  std::string file = {};
  std::string latents = {};  // of the file; empty: it is encoded
  std::string prompt = {};
  std::string from = {};
  std::string to = {};
  std::optional<double> low_hz = {};
  std::optional<double> high_hz = {};
  double strength = 1.0;
  std::optional<double> bpm = {};
  int64_t beats_per_bar = 4;
  Sampling sampling = {};

  void visit(FieldVisitor& v);
  // What is wrong between fields that are right each. Throws Error{InvalidArgument}.
  void check() const;
};

// One clip, at the file's rate and as long; outside the span its samples are the file's, joined by
// fades of 20 ms.
std::vector<Clip> inpaint(MusicModel& model, InpaintRequest request,
                          const RunContext& context = {});

struct ExtendRequest {
  std::string file = {};
  std::string latents = {};  // of the file; empty: its end or beginning is encoded
  std::string prompt = {};
  Length length = {};
  std::string side = "end";
  Sampling sampling = {};

  void visit(FieldVisitor& v);
  // What is wrong between fields that are right each. Throws Error{InvalidArgument}.
  void check() const;
};

// One clip: the recording with so much more music after its end, or before its beginning, exact to
// the sample.
std::vector<Clip> extend(MusicModel& model, ExtendRequest request, const RunContext& context = {});

}  // namespace riffle::pipelines
