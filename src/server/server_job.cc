// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/server_job.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/clip_json.h"

namespace riffle::server {
namespace {

// Where in the making of a clip its stages lie. Denoising is nearly all of it.
struct Stage {
  std::string_view name;
  double from;
  double to;
};
constexpr Stage kStages[] = {{"encode", 0, 0.05},   {"diffuse", 0.05, 0.9},
                             {"morph", 0.05, 0.9},  {"compose", 0.02, 0.95},
                             {"decode", 0.9, 0.93}, {"inverse mel", 0.93, 0.95},
                             {"phase", 0.95, 0.99}};

constexpr std::chrono::milliseconds kBetween{100};

}  // namespace

OrderedJson to_json(const JobProgress& progress) {
  return {{"stage", progress.stage},          {"step", progress.step},
          {"steps", progress.steps},          {"fraction", progress.fraction},
          {"eta_s", or_null(progress.eta_s)}, {"clip", progress.clip},
          {"clips", progress.clips}};
}

ServerJob::ServerJob(library::JobRecord record) : id_(record.id), record_(std::move(record)) {}

std::string ServerJob::url() const { return fmt::format("{}/jobs/{}", kApi, id_); }

library::JobRecord ServerJob::record() const {
  const std::lock_guard lock(mutex_);
  return record_;
}

void ServerJob::set_record(const library::JobRecord& record) {
  const std::lock_guard lock(mutex_);
  record_ = record;
  if (is_over(record.state)) {
    progress_.stage = library::name_of(record.state);
    progress_.eta_s.reset();
    if (record.state == library::JobState::Done) progress_.fraction = 1;
  }
}

bool ServerJob::streams() const {
  const std::lock_guard lock(mutex_);
  return record_.options.value("stream", false);
}

int64_t ServerJob::preview_interval() const {
  const std::lock_guard lock(mutex_);
  return record_.options.value("preview_interval", int64_t{5});
}

void ServerJob::begin(int64_t clips, int64_t done) {
  const std::lock_guard lock(mutex_);
  progress_ = {.stage = "start", .clip = done + 1, .clips = clips};
  clips_done_ = done;
  begun_at_ = static_cast<double>(done) / static_cast<double>(std::max<int64_t>(1, clips));
  progress_.fraction = begun_at_;
  begun_ = Clock::now();
  told_ = {};
}

void ServerJob::report(const Progress& progress, const Publish& publish) {
  OrderedJson event;
  {
    const std::lock_guard lock(mutex_);
    const auto* stage = std::ranges::find(kStages, progress.stage, &Stage::name);
    if (stage == std::end(kStages)) return;
    const auto now = Clock::now();
    const double within = progress.total > 0 ? static_cast<double>(progress.done) /
                                                   static_cast<double>(progress.total)
                                             : 0;
    const double of_part = stage->from + within * (stage->to - stage->from);
    const double of_clip = (static_cast<double>(std::max<int64_t>(0, segment_)) + of_part) /
                           static_cast<double>(segment_count_);
    const double fraction = (static_cast<double>(clips_done_) + of_clip) /
                            static_cast<double>(std::max<int64_t>(1, progress_.clips));
    progress_.stage = progress.stage;
    progress_.step = progress.done;
    progress_.steps = progress.total;
    progress_.fraction = std::clamp(fraction, progress_.fraction, 1.0);
    progress_.clip = std::min(clips_done_ + 1, progress_.clips);
    const double made = progress_.fraction - begun_at_;
    if (made > 0.01) {
      const double elapsed_s = std::chrono::duration<double>(now - begun_).count();
      progress_.eta_s = elapsed_s / made * (1 - progress_.fraction);
    }
    if (now - told_ < kBetween && progress.done != progress.total) return;
    told_ = now;
    event = {{"job", id_},
             {"progress", to_json(progress_)},
             {"segment", segment_ < 0 ? OrderedJson(nullptr) : OrderedJson(segment_)}};
  }
  publish("progress", event);
}

void ServerJob::clip_is_done() {
  const std::lock_guard lock(mutex_);
  ++clips_done_;
  progress_.fraction =
      std::max(progress_.fraction, static_cast<double>(clips_done_) /
                                       static_cast<double>(std::max<int64_t>(1, progress_.clips)));
}

JobProgress ServerJob::progress() const {
  const std::lock_guard lock(mutex_);
  return progress_;
}

void ServerJob::begin_segment(int64_t index, int64_t count) {
  const std::lock_guard lock(mutex_);
  segment_ = index;
  segment_count_ = count;
}

void ServerJob::set_preview(int64_t step, std::string png) {
  const std::lock_guard lock(mutex_);
  preview_ = {step, std::make_shared<const std::string>(std::move(png))};
}

PreviewPicture ServerJob::preview() const {
  const std::lock_guard lock(mutex_);
  return preview_;
}

void ServerJob::set_segments(std::shared_ptr<SegmentStore> segments) {
  const std::lock_guard lock(mutex_);
  segments_ = std::move(segments);
}

std::shared_ptr<SegmentStore> ServerJob::segments() const {
  const std::lock_guard lock(mutex_);
  return segments_;
}

std::optional<double> ServerJob::real_time_factor() const {
  const std::lock_guard lock(mutex_);
  return real_time_factor_;
}

void ServerJob::set_real_time_factor(double factor) {
  const std::lock_guard lock(mutex_);
  real_time_factor_ = factor;
}

}  // namespace riffle::server
