// SPDX-License-Identifier: GPL-3.0-or-later
// The flags that sample-clips and sample-clips-batch share.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <string>

#include "audio/sample_clips.h"

namespace riffle::cli {

struct ClipOptions {
  int clips = 1;
  int64_t duration_ms = 5120;
  bool mono = false;
  std::string extension;
  int64_t seed = -1;  // -1: another one each time

  audio::SampleClipsOptions plan_options() const;
};

// --duration-ms, --mono, --extension, --seed and the number of clips under the name `clips_flag`.
void add_clip_options(CLI::App& app, ClipOptions& options, const std::string& clips_flag);

}  // namespace riffle::cli
