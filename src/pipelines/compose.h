// SPDX-License-Identifier: GPL-3.0-or-later
// A whole mix from nothing, one stem after the other: each hears those before it (Diff-A-Riff,
// "complete excerpts").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pipelines/length.h"
#include "pipelines/play.h"

namespace riffle::pipelines {

// One stem of a plan.
struct ComposeTrack {
  std::string name = {};  // letters, digits, hyphens
  BandStyle style = {};
  double gain_db = 0;  // in the mix, and as the stems after it hear it
  std::optional<int64_t> seed = {};

  void visit(FieldVisitor& v);
};

// {"tracks": [{"name": "drums", "prompt": "...", "gain_db": -3}, {"like": "bass.wav"}, ...]}, in
// the order they are made. Throws Error{InvalidArgument}.
std::vector<ComposeTrack> tracks_of_plan(const Json& plan);
OrderedJson plan_of(const std::vector<ComposeTrack>& tracks);
// Letters, digits and hyphens of a text, at most 32: "Slap bass!" -> "slap-bass". May be empty.
std::string plain_name(const std::string& text);

struct ComposeRequest {
  std::string plan = {};  // a file of that form, or such an object as text
  std::string refs = {};  // or a folder of recordings: one track each, in the order of their names
  std::string context = {};
  Length length = {};
  std::string chords = {};
  std::optional<double> stereo = {};
  std::optional<int64_t> best_of = {};  // of every stem; absent: the model's
  BandSampling sampling = {};

  void visit(FieldVisitor& v);
  // What is wrong between fields that are right each. Throws Error{InvalidArgument}.
  void check() const;
};

// One clip: the mix, its parts the stems ("1-drums") as they stand in it. Its request holds the
// plan with seeds and names filled in: change it, and only what is changed and what comes after
// sounds different. With a context it is heard first of all, and is in the mix.
std::vector<Clip> compose(BandModel& model, ComposeRequest request, const RunContext& context = {});

}  // namespace riffle::pipelines
