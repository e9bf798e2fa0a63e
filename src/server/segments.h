// SPDX-License-Identifier: GPL-3.0-or-later
// Segments of music that are played while more of them are made: their files, what the API tells of
// them, and waiting for the next one.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "pipelines/jam.h"

namespace riffle::server {

// What a segment was made of, as the API tells it.
struct SegmentOrigin {
  std::string prompt = {};
  std::string to = {};
  double alpha = 0;
  int64_t seed = 0;
  int64_t to_seed = 0;
  std::optional<std::string> seed_image = {};
  double denoising = 0;
  std::optional<double> bpm = {};
  double guidance = 0;
  int64_t steps = 0;
};
OrderedJson to_json(const SegmentOrigin& origin);

struct Segment {
  int64_t index = 0;
  int64_t revision = 0;
  int64_t start = 0;  // samples on the timeline
  int64_t samples = 0;
  int sample_rate = 0;
  int channels = 0;
  int64_t first_beat = 0;  // sample on the timeline
  std::optional<double> bpm = {};
  int64_t beats = 0;
  SegmentOrigin origin = {};
  double made_s = 0;

  std::string name() const;  // "3-0"
  int64_t end() const { return start + samples; }
  double duration_s() const { return static_cast<double>(samples) / sample_rate; }
  double real_time_factor() const;
};
// components/schemas/Segment; `url` is where segments lie.
OrderedJson to_json(const Segment& segment, const std::string& url);

// Segments in a folder of their own, which goes with the store. Every function may be called from
// any thread.
class SegmentStore {
 public:
  explicit SegmentStore(std::filesystem::path folder);
  ~SegmentStore();
  SegmentStore(const SegmentStore&) = delete;
  SegmentStore& operator=(const SegmentStore&) = delete;

  // Writes the files, then lets those who wait know. `segment` names index, revision, beats and
  // origin; the rest is filled in.
  Segment add(Segment segment, const pipelines::JamSegment& made);
  void discard_from(int64_t index);
  void forget_before(int64_t index);  // files too
  void finish();                      // nothing comes any more

  int64_t first() const;  // index of the oldest one kept
  int64_t count() const;  // one after the newest
  std::vector<Segment> list(int64_t from = 0) const;
  std::optional<Segment> find(int64_t index) const;
  bool finished() const;
  // Waits until there is such a segment, or none will come; absent: not yet, or never.
  std::optional<Segment> wait(int64_t index, std::chrono::milliseconds longest) const;

  std::filesystem::path sound_of(const Segment& segment) const;
  std::filesystem::path picture_of(const Segment& segment) const;
  // "3-0.wav", "3-0.png": throws ProblemError{404}, and {410} for one that was there.
  std::filesystem::path file(const std::string& name) const;

  // Several joined, as one clip; it has no request yet.
  pipelines::Clip joined(int64_t from, int64_t to) const;

 private:
  std::filesystem::path folder_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::map<int64_t, Segment> segments_;
  int64_t first_ = 0;
  bool finished_ = false;
};

}  // namespace riffle::server
