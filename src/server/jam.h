// SPDX-License-Identifier: GPL-3.0-or-later
// A jam: endless music made segment by segment, some segments ahead of what plays, that changes
// while it plays.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "pipelines/jam.h"
#include "server/events.h"
#include "server/jam_path.h"
#include "server/jam_settings.h"
#include "server/models.h"
#include "server/segments.h"
#include "server/server_job.h"
#include "server/sources.h"

namespace riffle::server {

enum class JamState { Running, Paused, Done, Failed };

// What a jam works with. All of it outlives the jams.
struct JamTools {
  Models& models;
  Sources& sources;
  library::Library& library;
  std::shared_ptr<EventLog> all_events;
};

// Every public function may be called from any thread.
class Jam {
 public:
  Jam(JamTools tools, std::string prompt, const JamChange& first, std::optional<int64_t> segments);
  ~Jam();
  Jam(const Jam&) = delete;
  Jam& operator=(const Jam&) = delete;

  const std::string& id() const { return id_; }
  std::string url() const;
  const std::shared_ptr<EventLog>& events() const { return events_; }
  SegmentStore& segments() { return segments_; }
  OrderedJson json() const;  // components/schemas/Jam
  JamSettings settings() const;
  bool over() const;

  void change(const JamChange& change);
  void played(int64_t segment);
  void end();
  // Somebody asked about it: it is not forgotten yet.
  void touch();
  std::chrono::steady_clock::duration untouched() const;

  PreviewPicture preview(int64_t segment) const;
  // A stretch of what is kept (components/schemas/JamSave) as a clip. Throws ProblemError{409}
  // where there is none.
  pipelines::Clip clip_of(std::optional<double> last_s, std::optional<int64_t> from,
                          std::optional<int64_t> to) const;

 private:
  // What is needed to make a segment, decided when it is begun.
  struct Plan {
    int64_t index = 0;
    int64_t revision = 0;
    double begin = 0;  // samples on the timeline; fractions are kept so that beats do not drift
    JamPlace place = {};
    JamPath path_before = {};
    JamSettings settings = {};
    std::shared_ptr<const pipelines::JamTail> before = {};
    std::stop_token stop = {};
  };
  struct Made {
    double begin = 0;
    double end = 0;
    JamPath path_before = {};
    std::shared_ptr<const pipelines::JamTail> before = {};
    std::shared_ptr<const pipelines::JamTail> tail = {};
  };

  void run();
  std::optional<Plan> next_plan();
  bool may_go_on() const;
  void make(const Plan& plan);
  const pipelines::JamGround& ground_of(const Plan& plan, SharedModel& model);
  void finish(JamState state, const OrderedJson& error);
  void rewind(int64_t index);
  void forget_old();
  void publish(std::string_view name, const OrderedJson& data) const;
  void publish_state() const;
  void publish_progress(const Plan& plan, const Progress& progress,
                        std::chrono::steady_clock::time_point begun);

  const JamTools tools_;
  const std::string id_;
  const std::optional<int64_t> last_count_;
  const int64_t created_ms_;
  std::shared_ptr<EventLog> events_ = std::make_shared<EventLog>();
  SegmentStore segments_;
  std::shared_ptr<SharedModel> model_;  // the one it began with

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  JamSettings settings_;
  JamPath path_;
  JamState state_ = JamState::Running;
  OrderedJson error_ = nullptr;
  int64_t made_ = 0;
  int64_t played_ = -1;
  double position_ = 0;  // where the next segment begins
  std::shared_ptr<const pipelines::JamTail> tail_;
  std::map<int64_t, Made> history_;  // of segments that may be thrown away, and those kept
  std::map<int64_t, int64_t> revisions_;
  std::optional<Plan> making_;
  std::stop_source making_stop_;
  bool ending_ = false;
  std::optional<double> real_time_factor_;
  std::chrono::steady_clock::time_point touched_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point told_ = {};
  PreviewPicture preview_;
  int64_t preview_of_ = -1;

  // Of the thread that makes segments only.
  std::optional<pipelines::JamGround> ground_;
  std::string ground_key_;
  std::thread thread_;
};

using JamPtr = std::shared_ptr<Jam>;

}  // namespace riffle::server
