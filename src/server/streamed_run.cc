// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/streamed_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/error.h"
#include "pipelines/generate.h"
#include "pipelines/length.h"
#include "pipelines/morph.h"
#include "pipelines/prompt_schedule.h"
#include "pipelines/render.h"
#include "server/jam_path.h"

namespace riffle::server {
namespace {

using pipelines::BetweenStep;
using Clock = std::chrono::steady_clock;

// The segments of a piece of known length.
struct Piece {
  pipelines::JamGround ground = {};
  int64_t count = 1;
  int64_t samples = 0;  // of the whole
  double loudness = -23;
  std::function<BetweenStep(int64_t index, int64_t begin)> step = {};
  OrderedJson record = {};  // the request as the clip tells it
  int64_t beats = 0;        // of the whole, where known
};

Piece morph_piece(const Json& request, SharedModel& model, const Job& job) {
  const auto plan = std::make_shared<const pipelines::MorphPlan>(pipelines::plan_morph(
      model, pipelines::request_from_json<pipelines::MorphRequest>(request, "request"), job));
  const pipelines::MorphRequest& asked = plan->request;
  const double period = plan->ground.period;
  Piece piece;
  piece.ground = {plan->ground, asked.length.bpm, 0, {}};
  piece.ground.beats =
      asked.length.beats(pipelines::nearest(period), model.geometry().codec.sample_rate);
  piece.count = asked.clips;
  piece.samples = pipelines::nearest(static_cast<double>(asked.clips) * period);
  piece.beats = asked.length.beats(piece.samples, model.geometry().codec.sample_rate);
  piece.loudness = asked.loudness;
  piece.step = [plan](int64_t index, int64_t) { return morph_step(*plan, index); };
  piece.record = request_record("morph", model, request_to_json(asked));
  return piece;
}

Piece generate_piece(const Json& request, SharedModel& model, const Job& job) {
  auto asked = pipelines::request_from_json<pipelines::GenerateRequest>(request, "request");
  pipelines::settle(asked.sampling, model);
  const pipelines::Geometry& geometry = model.geometry();
  const int rate = geometry.codec.sample_rate;
  Piece piece;
  piece.ground = pipelines::jam_ground(
      model, {.bpm = asked.length.bpm, .beats_per_bar = asked.length.beats_per_bar}, job);
  const double period = piece.ground.ground.period;
  piece.samples = asked.length.samples(rate, geometry.window_samples());
  piece.count = std::max<int64_t>(
      1, static_cast<int64_t>(std::ceil(static_cast<double>(piece.samples) / period - 1e-9)));
  piece.beats = asked.length.beats(piece.samples, rate);
  piece.loudness = asked.loudness;
  piece.record = request_record("generate", model, request_to_json(asked));
  const auto prompts = parse_prompt_schedule(asked.prompt, asked.length, rate);
  const auto path = std::make_shared<JamPath>(prompts.front().text, asked.sampling.seed);
  path->set_pace(2, 0);
  piece.step = [=, beats = piece.ground.beats](int64_t index, int64_t begin) {
    const auto after = std::ranges::upper_bound(prompts, begin, {}, &pipelines::TimedPrompt::start);
    const std::string& prompt = after == prompts.begin() ? prompts.front().text : (after - 1)->text;
    if (prompt != path->prompt()) path->go_to(prompt);
    const JamPlace place = path->next();
    BetweenStep step;
    step.from = {place.prompt, static_cast<uint64_t>(place.seed)};
    step.to = {place.to, static_cast<uint64_t>(place.to_seed)};
    step.alpha = place.alpha;
    step.sampling = asked.sampling;
    step.steps_seed = pipelines::seed_of(asked.sampling.seed, 0x5EED0000 + index);
    step.bpm = asked.length.bpm;
    step.beats_per_bar = asked.length.beats_per_bar;
    step.on_beat = beats > 0;
    return step;
  };
  return piece;
}

SegmentOrigin origin_of(const BetweenStep& step, int64_t steps, std::optional<double> bpm) {
  return {.prompt = step.from.prompt,
          .to = step.to.prompt,
          .alpha = step.alpha,
          .seed = static_cast<int64_t>(step.from.seed),
          .to_seed = static_cast<int64_t>(step.to.seed),
          .denoising = step.from.strength * (1 - step.alpha) + step.to.strength * step.alpha,
          .bpm = bpm,
          .guidance = step.sampling.guidance.value_or(0),
          .steps = steps};
}

}  // namespace

bool can_stream(const std::string& pipeline) {
  return pipeline == "morph" || pipeline == "generate";
}

void check_streamed(const std::string& pipeline, const Json& request) {
  const auto refuse = [](const std::string& what) {
    throw Error(ErrorCode::InvalidArgument, "a streamed job cannot be made with " + what,
                "leave out \"stream\", or that");
  };
  if (!can_stream(pipeline)) refuse("the pipeline " + pipeline);
  if (request.value("loop", false)) refuse("loop");
  if (request.value("stereo", 0.0) > 0) refuse("stereo");
  if (!request.value("chords", "").empty()) refuse("chords");
  if (request.value("count", int64_t{1}) > 1) refuse("more than one clip (count)");
  if (request.value("variation", 0.0) > 0 || !request.value("varied_before", "").empty()) {
    refuse("variation");
  }
}

pipelines::Clip run_streamed(const std::string& pipeline, const Json& request, SharedModel& model,
                             SegmentStore& store, const StreamedContext& context) {
  const Job inner{context.run.job.stop, {}};
  const Piece piece = pipeline == "morph" ? morph_piece(request, model, inner)
                                          : generate_piece(request, model, inner);
  const double period = piece.ground.ground.period;
  std::vector<std::string> notes = piece.ground.notes;
  pipelines::JamTail tail;
  for (int64_t i = 0; i < piece.count; ++i) {
    context.run.job.check();
    context.on_begin(i, piece.count);
    const auto begun = Clock::now();
    pipelines::JamSegmentOptions options;
    options.begin = pipelines::nearest(static_cast<double>(i) * period);
    options.end = pipelines::nearest(static_cast<double>(i + 1) * period);
    options.step = piece.step(i, options.begin);
    options.before = i == 0 ? nullptr : &tail;
    options.last = i + 1 == piece.count;
    options.loudness = piece.loudness;
    pipelines::JamSegment made = make_jam_segment(model, piece.ground, options, context.run);
    // The piece ends where it was asked to.
    const int64_t extra = made.start + made.sound.frames() - piece.samples;
    if (options.last && extra > 0) {
      for (auto& channel : made.sound.samples) {
        channel.resize(channel.size() - static_cast<size_t>(extra));
      }
    }
    const auto chosen = choose_scheduler(options.step.sampling, model);
    Segment segment;
    segment.index = i;
    segment.first_beat = options.begin;
    segment.bpm = piece.ground.bpm;
    segment.beats = piece.ground.beats;
    segment.origin = origin_of(
        options.step, static_cast<int64_t>(chosen.scheduler->timesteps().size()), piece.ground.bpm);
    segment.made_s = std::chrono::duration<double>(Clock::now() - begun).count();
    context.on_segment(store.add(segment, made));
    tail = std::move(made.tail);
    if (i == 0) notes.insert(notes.end(), made.notes.begin(), made.notes.end());
  }
  pipelines::Clip clip = store.joined(0, piece.count - 1);
  clip.notes = std::move(notes);
  clip.notes.emplace_back("made as segments of a stream, each brought to its level by itself");
  clip.request = piece.record;
  clip.maybe_bpm = piece.ground.bpm;
  // Segments need not begin on a beat for the whole to have so many.
  clip.beats = piece.beats;
  return clip;
}

}  // namespace riffle::server
