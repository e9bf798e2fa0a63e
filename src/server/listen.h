// SPDX-License-Identifier: GPL-3.0-or-later
// Segments as one stream of sound, for players that know nothing of segments.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "server/http.h"
#include "server/segments.h"

namespace riffle::server {

// "stream.mp3" -> "mp3". Throws ProblemError{404} for anything but stream.mp3, .wav and .opus.
std::string stream_ending(const std::string& file);

struct Listening {
  SegmentStore& segments;
  int64_t from = 0;
  // Told which segment is being sent: more may be made.
  std::function<void(int64_t index)> on_segment = {};
  std::shared_ptr<void> alive = {};  // held while the stream runs
};

// The segments from there on, until none will come or the listener goes. No more than some seconds
// are sent ahead of what can have been played.
Response listen(const std::string& ending, Listening listening);

}  // namespace riffle::server
