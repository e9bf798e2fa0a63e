// SPDX-License-Identifier: GPL-3.0-or-later
// A morph or a long generation made as segments, so that it plays while it is made.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/json.h"
#include "pipelines/clip.h"
#include "pipelines/jam.h"
#include "server/segments.h"
#include "server/shared_model.h"

namespace riffle::server {

// Whether the pipeline can be made so.
bool can_stream(const std::string& pipeline);
// Throws Error{InvalidArgument} for what has no meaning in segments: loops, chords, two channels
// of one, variations, several clips.
void check_streamed(const std::string& pipeline, const Json& request);

struct StreamedContext {
  pipelines::RunContext run = {};                                   // progress, previews, cancel
  std::function<void(int64_t index, int64_t count)> on_begin = {};  // before each segment
  std::function<void(const Segment& segment)> on_segment = {};      // after it
};

// Makes the segments one after the other into the store, and returns the whole as one clip. The
// request is complete, file fields hold paths.
pipelines::Clip run_streamed(const std::string& pipeline, const Json& request, SharedModel& model,
                             SegmentStore& store, const StreamedContext& context);

}  // namespace riffle::server
