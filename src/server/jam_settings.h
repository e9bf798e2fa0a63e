// SPDX-License-Identifier: GPL-3.0-or-later
// What a jam is asked for: its settings, described once, and the requests that change them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pipelines/fields.h"
#include "server/answers.h"
#include "server/sources.h"

namespace riffle::server {

struct JamSettings {
  std::string negative_prompt = {};
  std::string seed_image = {};  // of a seed image, a clip or an upload; empty: none
  double denoising = 0.75;
  std::optional<double> bpm = {};
  int64_t beats_per_bar = 4;
  std::optional<double> guidance = {};  // absent: the model's
  std::optional<int64_t> steps = {};
  std::string preset = "fast";
  int64_t transition_segments = 4;
  int64_t hold_segments = 4;
  int64_t ahead = 3;
  double loudness = -16;
  int64_t preview_interval = 2;

  void visit(pipelines::FieldVisitor& v);
  // Absent where there is none: as the API tells it.
  std::optional<std::string> seed_or_none() const;
};

// What a request to begin or change one says (components/schemas/JamSubmit, JamPatch).
struct JamChange {
  std::optional<std::string> prompt = {};
  std::optional<std::vector<std::string>> queue = {};
  std::optional<int64_t> seed = {};
  std::optional<bool> paused = {};
  std::optional<int64_t> from_segment = {};
  JamSettings settings = {};
};

// Fields that are absent stay as `now` has them, those that are null are what they are by default.
// Throws Error{InvalidArgument}, ProblemError{404} for a seed image that is not there.
JamChange read_jam_change(BodyReader& reader, const JamSettings& now, const Sources& sources);

// For forms: prompt and seed, and the settings.
std::vector<pipelines::Field> jam_fields();

// Whether a seed image is one of the library's: a clip or an upload.
bool is_of_library(const std::string& seed_image);

}  // namespace riffle::server
