// SPDX-License-Identifier: GPL-3.0-or-later
// The thread of a jam: makes one segment after the other, as long as not enough of them lie ahead.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/log.h"
#include "pipelines/length.h"
#include "server/clip_json.h"
#include "server/jam.h"
#include "server/job_runner.h"
#include "server/problem.h"

namespace riffle::server {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kForgotten = std::chrono::minutes(10);
constexpr auto kBetween = std::chrono::milliseconds(100);

std::shared_ptr<const std::string> line_of(const OrderedJson& data) {
  return std::make_shared<const std::string>(
      data.dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
}

pipelines::BetweenStep step_of(const JamPlace& place, const JamSettings& settings, int64_t index,
                               const pipelines::JamGround& ground) {
  pipelines::BetweenStep step;
  step.from = {place.prompt, static_cast<uint64_t>(place.seed), settings.denoising};
  step.to = {place.to, static_cast<uint64_t>(place.to_seed), settings.denoising};
  step.alpha = place.alpha;
  step.sampling.negative_prompt = settings.negative_prompt;
  step.sampling.preset = settings.preset;
  step.sampling.guidance = settings.guidance;
  step.sampling.steps = settings.steps;
  step.steps_seed = pipelines::seed_of(place.seed, 0x5EED0000 + index);
  step.bpm = ground.bpm;
  step.beats_per_bar = settings.beats_per_bar;
  step.on_beat = ground.beats > 0;
  return step;
}

}  // namespace

bool Jam::may_go_on() const {
  if (ending_ || (last_count_ && made_ >= *last_count_)) return true;
  return state_ == JamState::Running && made_ - 1 - played_ < settings_.ahead;
}

std::optional<Jam::Plan> Jam::next_plan() {
  std::unique_lock lock(mutex_);
  while (!may_go_on()) {
    // Whoever listens asks now and then; a jam nobody asks about has been left.
    if (Clock::now() - touched_ > kForgotten) return {};
    changed_.wait_for(lock, std::chrono::seconds(5));
  }
  const bool complete = last_count_ && made_ >= *last_count_;
  if (ending_ || complete) return {};
  Plan plan;
  plan.index = made_;
  plan.revision = revisions_[made_];
  plan.begin = position_;
  plan.path_before = path_;
  plan.place = path_.next();
  plan.settings = settings_;
  plan.before = tail_;
  making_stop_ = std::stop_source();
  plan.stop = making_stop_.get_token();
  making_ = plan;
  return plan;
}

void Jam::run() {
  const UrgencyScope urgency(Urgency::Playing);
  try {
    publish_state();
    while (auto plan = next_plan()) {
      try {
        make(*plan);
      } catch (const Error& error) {
        // Thrown away while it was made: the next plan is another one.
        if (error.code() != ErrorCode::Cancelled) throw;
      }
    }
    finish(JamState::Done, nullptr);
  } catch (...) {
    const Problem problem = problem_from(std::current_exception());
    log::error("jam {}: {}", id_, problem.detail);
    finish(JamState::Failed, to_json(problem));
  }
}

const pipelines::JamGround& Jam::ground_of(const Plan& plan, SharedModel& model) {
  const JamSettings& settings = plan.settings;
  const std::string key = fmt::format("{} {} {}", settings.seed_image, settings.bpm.value_or(0),
                                      settings.beats_per_bar);
  if (ground_ && key == ground_key_) return *ground_;
  pipelines::JamGroundOptions options{.bpm = settings.bpm, .beats_per_bar = settings.beats_per_bar};
  if (const std::string& id = settings.seed_image; !id.empty()) {
    const bool of_library = is_of_library(id);
    if (!of_library && tools_.sources.seed_image(id).file.empty()) {
      options.loop = id;
    } else {
      options.file = tools_.sources.file_of(of_library ? id : "seed:" + id, model.geometry());
    }
    const auto clip = tools_.library.clips().find(id);
    if (clip) options.file_bpm = clip->bpm;
  }
  ground_ = pipelines::jam_ground(model, options, Job{plan.stop, {}});
  ground_key_ = key;
  return *ground_;
}

void Jam::publish_progress(const Plan& plan, const Progress& progress, Clock::time_point begun) {
  if (progress.stage != "diffuse") return;
  const auto now = Clock::now();
  {
    const std::lock_guard lock(mutex_);
    if (now - told_ < kBetween && progress.done != progress.total) return;
    told_ = now;
  }
  const double share =
      progress.total > 0 ? static_cast<double>(progress.done) / static_cast<double>(progress.total)
                         : 0;
  const double elapsed_s = std::chrono::duration<double>(now - begun).count();
  const JobProgress told{
      .stage = "diffuse",
      .step = progress.done,
      .steps = progress.total,
      .fraction = share,
      .eta_s = share > 0 ? std::optional(elapsed_s / share * (1 - share)) : std::nullopt};
  publish("progress", {{"job", id_}, {"progress", to_json(told)}, {"segment", plan.index}});
}

void Jam::make(const Plan& plan) {
  const auto begun = Clock::now();
  SharedModel& model = *model_;
  const pipelines::JamGround& ground = ground_of(plan, model);
  pipelines::JamSegmentOptions options;
  options.step = step_of(plan.place, plan.settings, plan.index, ground);
  pipelines::settle_guidance(options.step.sampling, model);
  const double end = plan.begin + ground.ground.period;
  options.begin = pipelines::nearest(plan.begin);
  options.end = pipelines::nearest(end);
  options.before = plan.before.get();
  options.last = last_count_ && plan.index + 1 == *last_count_;
  options.loudness = plan.settings.loudness;

  pipelines::RunContext context;
  context.job = {plan.stop, [&](const Progress& p) { publish_progress(plan, p, begun); }};
  context.preview_interval = plan.settings.preview_interval;
  if (context.preview_interval > 0) {
    context.on_preview = [&](const pipelines::Preview& preview) {
      {
        const std::lock_guard lock(mutex_);
        preview_ = {preview.step, std::make_shared<const std::string>(png_of(preview.picture))};
        preview_of_ = plan.index;
      }
      publish("preview",
              {{"job", id_},
               {"step", preview.step},
               {"steps", preview.steps},
               {"segment", plan.index},
               {"revision", plan.revision},
               {"picture_url", fmt::format("{}/segments/{}-preview.png?step={}-{}", url(),
                                           plan.index, plan.revision, preview.step)}});
    };
  }
  const pipelines::JamSegment made = make_jam_segment(model, ground, options, context);

  const auto chosen = pipelines::choose_scheduler(options.step.sampling, model);
  const auto steps = static_cast<int64_t>(chosen.scheduler->timesteps().size());
  Segment segment;
  segment.index = plan.index;
  segment.revision = plan.revision;
  segment.first_beat = options.begin;
  segment.bpm = ground.bpm;
  segment.beats = ground.beats;
  segment.made_s = std::chrono::duration<double>(Clock::now() - begun).count();
  segment.origin = {plan.place.prompt,
                    plan.place.to,
                    plan.place.alpha,
                    plan.place.seed,
                    plan.place.to_seed,
                    plan.settings.seed_or_none(),
                    plan.settings.denoising,
                    ground.bpm,
                    *options.step.sampling.guidance,
                    steps};
  {
    const std::lock_guard lock(mutex_);
    if (plan.stop.stop_requested()) return;
    segment = segments_.add(segment, made);
    history_[plan.index] = {plan.begin, end, plan.path_before, plan.before,
                            std::make_shared<const pipelines::JamTail>(made.tail)};
    tail_ = history_[plan.index].tail;
    position_ = end;
    made_ = plan.index + 1;
    making_.reset();
    const double now = segment.real_time_factor();
    real_time_factor_ = real_time_factor_ ? 0.7 * *real_time_factor_ + 0.3 * now : now;
  }
  publish("segment", {{"job", id_}, {"segment", to_json(segment, url() + "/segments")}});
  publish_state();
}

void Jam::finish(JamState state, const OrderedJson& error) {
  {
    const std::lock_guard lock(mutex_);
    state_ = state;
    error_ = error;
    making_.reset();
  }
  segments_.finish();
  publish("end", {{"jam", json()}});
  events_->close();
}

void Jam::publish(std::string_view name, const OrderedJson& data) const {
  const auto line = line_of(data);
  events_->add(name, line);
  tools_.all_events->add(name, line);
}

void Jam::publish_state() const { publish("state", {{"jam", json()}}); }

}  // namespace riffle::server
