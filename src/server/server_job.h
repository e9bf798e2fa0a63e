// SPDX-License-Identifier: GPL-3.0-or-later
// A job while the server knows it: what it is, how far it is, what happens to it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "core/job.h"
#include "core/json.h"
#include "library/records.h"
#include "server/events.h"
#include "server/segments.h"

namespace riffle::server {

struct JobProgress {
  std::string stage = "queued";
  int64_t step = 0;
  int64_t steps = 0;    // 0: not known
  double fraction = 0;  // of the whole job
  std::optional<double> eta_s = {};
  int64_t clip = 1;  // being made
  int64_t clips = 1;
};
OrderedJson to_json(const JobProgress& progress);

struct PreviewPicture {
  int64_t step = 0;
  std::shared_ptr<const std::string> png;  // null: none yet
};

// Every function may be called from any thread.
class ServerJob {
 public:
  // Told everything that happens, in order.
  using Publish = std::function<void(std::string_view name, const OrderedJson& data)>;

  explicit ServerJob(library::JobRecord record);

  const std::string& id() const { return id_; }
  std::string url() const;
  library::JobRecord record() const;
  void set_record(const library::JobRecord& record);
  std::stop_source& stop() { return stop_; }
  const std::shared_ptr<EventLog>& events() const { return events_; }

  // How it was submitted.
  bool streams() const;
  int64_t preview_interval() const;

  // From the running pipeline: works out how far the whole is and tells it, ten times a second at
  // most.
  void begin(int64_t clips, int64_t done);
  void report(const Progress& progress, const Publish& publish);
  void clip_is_done();
  JobProgress progress() const;
  // Which segment the progress is of, in a streamed job of so many.
  void begin_segment(int64_t index, int64_t count);

  void set_preview(int64_t step, std::string png);
  PreviewPicture preview() const;

  // Of a streamed job, once it runs; null before.
  void set_segments(std::shared_ptr<SegmentStore> segments);
  std::shared_ptr<SegmentStore> segments() const;
  std::optional<double> real_time_factor() const;
  void set_real_time_factor(double factor);

 private:
  using Clock = std::chrono::steady_clock;

  const std::string id_;
  std::stop_source stop_;
  std::shared_ptr<EventLog> events_ = std::make_shared<EventLog>();
  mutable std::mutex mutex_;
  library::JobRecord record_;
  JobProgress progress_;
  int64_t clips_done_ = 0;
  int64_t segment_ = -1;  // of a streamed job
  int64_t segment_count_ = 1;
  double begun_at_ = 0;  // the fraction there was at the start
  Clock::time_point begun_ = {};
  Clock::time_point told_ = {};
  PreviewPicture preview_;
  std::shared_ptr<SegmentStore> segments_;
  std::optional<double> real_time_factor_;
};

using JobPtr = std::shared_ptr<ServerJob>;

}  // namespace riffle::server
