// SPDX-License-Identifier: GPL-3.0-or-later
// What others ask of a jam; jam_work.cc is what it does by itself.
#include "server/jam.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "core/error.h"
#include "library/ids.h"
#include "server/clip_json.h"
#include "server/problem.h"

namespace riffle::server {
namespace {

using Clock = std::chrono::steady_clock;

std::string_view name_of(JamState state) {
  switch (state) {
    case JamState::Running:
      return "running";
    case JamState::Paused:
      return "paused";
    case JamState::Done:
      return "done";
    case JamState::Failed:
      break;
  }
  return "failed";
}

}  // namespace

Jam::Jam(JamTools tools, std::string prompt, const JamChange& first,
         std::optional<int64_t> segments)
    : tools_(std::move(tools)),
      id_(library::new_id("jam_")),
      last_count_(segments),
      created_ms_(library::now_ms()),
      segments_(tools_.library.folder() / "made" / id_),
      model_(tools_.models.current()),
      settings_(first.settings),
      path_(std::move(prompt), first.seed.value_or(-1) < 0
                                   ? static_cast<int64_t>(std::random_device{}())
                                   : *first.seed) {
  path_.set_pace(settings_.transition_segments, settings_.hold_segments);
  if (first.queue) path_.set_queue({first.queue->begin(), first.queue->end()});
  thread_ = std::thread([this] { run(); });
}

Jam::~Jam() {
  end();
  thread_.join();
}

std::string Jam::url() const { return fmt::format("{}/jams/{}", kApi, id_); }

JamSettings Jam::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

bool Jam::over() const {
  const std::lock_guard lock(mutex_);
  return state_ == JamState::Done || state_ == JamState::Failed;
}

void Jam::touch() {
  const std::lock_guard lock(mutex_);
  touched_ = Clock::now();
}

Clock::duration Jam::untouched() const {
  const std::lock_guard lock(mutex_);
  return Clock::now() - touched_;
}

void Jam::change(const JamChange& change) {
  std::optional<int64_t> discarded;
  {
    const std::lock_guard lock(mutex_);
    if (state_ == JamState::Done || state_ == JamState::Failed) {
      throw ProblemError({.status = 409,
                          .code = "conflict",
                          .detail = fmt::format("the jam {} is over", id_),
                          .hint = "start another one (POST /api/v1/jams)"});
    }
    if (change.from_segment) {
      const int64_t index = std::max(*change.from_segment, played_ + 1);
      if (index < made_ || (making_ && index <= making_->index)) {
        rewind(index);
        discarded = index;
      }
    }
    settings_ = change.settings;
    path_.set_pace(settings_.transition_segments, settings_.hold_segments);
    if (change.seed) {
      path_.set_seed(*change.seed < 0 ? static_cast<int64_t>(std::random_device{}())
                                      : *change.seed);
    }
    if (change.queue) path_.set_queue({change.queue->begin(), change.queue->end()});
    if (change.prompt) path_.go_to(*change.prompt);
    if (change.paused) state_ = *change.paused ? JamState::Paused : JamState::Running;
    changed_.notify_all();
  }
  publish_state();
  if (discarded) publish("discard", {{"job", id_}, {"from_segment", *discarded}});
}

// What was made from this index on never was: the path stands where it stood before it. Under the
// lock.
void Jam::rewind(int64_t index) {
  for (int64_t i = index; i < made_; ++i) ++revisions_[i];
  if (making_) ++revisions_[making_->index];
  making_stop_.request_stop();
  if (index < made_) {
    const Made& made = history_.at(index);
    path_ = made.path_before;
    position_ = made.begin;
    tail_ = made.before;
    history_.erase(history_.find(index), history_.end());
    segments_.discard_from(index);
    made_ = index;
  } else {
    path_ = making_->path_before;
  }
  making_.reset();
}

void Jam::played(int64_t segment) {
  {
    const std::lock_guard lock(mutex_);
    played_ = std::max(played_, std::min(segment, made_ - 1));
    forget_old();
    changed_.notify_all();
  }
}

// Three minutes of what was played stay. Under the lock.
void Jam::forget_old() {
  constexpr double kKeptS = 180;
  if (played_ < 0) return;
  const double oldest = history_.at(played_).begin - kKeptS * model_->geometry().codec.sample_rate;
  int64_t first = segments_.first();
  while (first < played_ && history_.at(first).end < oldest) history_.erase(first++);
  segments_.forget_before(first);
}

void Jam::end() {
  const std::lock_guard lock(mutex_);
  ending_ = true;
  making_stop_.request_stop();
  changed_.notify_all();
}

PreviewPicture Jam::preview(int64_t segment) const {
  const std::lock_guard lock(mutex_);
  return segment == preview_of_ ? preview_ : PreviewPicture{};
}

pipelines::Clip Jam::clip_of(std::optional<double> last_s, std::optional<int64_t> from,
                             std::optional<int64_t> to) const {
  int64_t last = 0;
  {
    const std::lock_guard lock(mutex_);
    last = to.value_or(played_ < 0 ? made_ - 1 : played_);
  }
  pipelines::Clip clip = segments_.joined(from.value_or(segments_.first()), last);
  if (clip.sound.frames() == 0) {
    throw ProblemError({.status = 409,
                        .code = "conflict",
                        .detail = "there is nothing to keep: no such segments are there",
                        .hint = "wait until something was played"});
  }
  const auto wanted = static_cast<int64_t>(last_s.value_or(1e9) * clip.sound.sample_rate);
  const int64_t extra = clip.sound.frames() - wanted;
  if (extra > 0) {
    for (auto& channel : clip.sound.samples)
      channel.erase(channel.begin(), channel.begin() + extra);
  }
  OrderedJson origins = OrderedJson::array();
  for (const Segment& segment : segments_.list(from.value_or(0))) {
    if (segment.index <= last) origins.push_back(to_json(segment.origin));
  }
  const JamSettings now = settings();
  clip.request = {{"pipeline", "jam"},
                  {"model", model_->name()},
                  {"prompt", origins.back().value("to", "")},
                  {"seed", origins.back().value("seed", int64_t{0})},
                  {"seed_image", or_null(now.seed_or_none())},
                  {"denoising", now.denoising},
                  {"bpm", or_null(now.bpm)},
                  {"segments", std::move(origins)}};
  return clip;
}

OrderedJson Jam::json() const {
  const int64_t first = segments_.first();
  const std::lock_guard lock(mutex_);
  const pipelines::Geometry& geometry = model_->geometry();
  const bool over = state_ == JamState::Done || state_ == JamState::Failed;
  return {
      {"id", id_},
      {"state", name_of(state_)},
      {"waiting", !over && state_ == JamState::Running && made_ - 1 - played_ >= settings_.ahead},
      {"created_at", library::time_text(created_ms_)},
      {"prompt", path_.prompt()},
      {"queue", path_.queue()},
      {"negative_prompt", settings_.negative_prompt},
      {"seed", path_.seed()},
      {"seed_image", or_null(settings_.seed_or_none())},
      {"denoising", settings_.denoising},
      {"bpm", or_null(settings_.bpm)},
      {"beats_per_bar", settings_.beats_per_bar},
      {"guidance", or_null(settings_.guidance)},
      {"steps", or_null(settings_.steps)},
      {"preset", settings_.preset},
      {"transition_segments", settings_.transition_segments},
      {"hold_segments", settings_.hold_segments},
      {"ahead", settings_.ahead},
      {"loudness", settings_.loudness},
      {"preview_interval", settings_.preview_interval},
      {"segments", or_null(last_count_)},
      {"made", made_},
      {"played", played_},
      {"first_segment", first},
      {"sample_rate", geometry.codec.sample_rate},
      {"channels", geometry.codec.channels()},
      {"real_time_factor", or_null(real_time_factor_)},
      {"error", error_},
      {"url", url()},
      {"events_url", url() + "/events"},
      {"stream_url", url() + "/stream.mp3"},
      {"segments_url", url() + "/segments"}};
}

}  // namespace riffle::server
