// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/job_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>

#include "core/error.h"
#include "image/picture_file.h"
#include "server/clip_json.h"
#include "server/problem.h"
#include "server/streamed_run.h"

namespace riffle::server {
namespace {

using pipelines::Field;

constexpr const char* kLatents = "latents";  // pipelines::latents_field()

// How long all that is made for a request will be together, where it says so.
double asked_seconds(const pipelines::PipelineEntry& entry, const Json& request) {
  double seconds = request.value("seconds", 0.0);
  const double bpm = request.value("bpm", 0.0);
  if (request.contains("bars") && bpm > 0) {
    seconds = request.value("bars", 0.0) * static_cast<double>(request.value("beats_per_bar", 4)) *
              60 / bpm;
  }
  size_t tracks = 1;
  for (const Field& field : entry.fields()) {
    if (field.info.is_plan) tracks = request.at(field.info.name).at("tracks").size();
  }
  return seconds * static_cast<double>(clips_of(entry, request)) *
         static_cast<double>(request.value("clips", int64_t{1})) * static_cast<double>(tracks);
}

void require_length(const pipelines::PipelineEntry& entry, const Json& request,
                    const Limits& limits) {
  const double seconds = asked_seconds(entry, request);
  if (seconds <= limits.clip_s) return;
  throw ProblemError({.status = 400,
                      .code = "invalid_argument",
                      .detail = fmt::format("request: {:.0f} s of music, this server makes at most "
                                            "{:.0f} s a job",
                                            seconds, limits.clip_s),
                      .hint = "ask for less, or start the server with a larger --max-seconds"});
}

// What a clip says of itself may be sent back as a request: its pipeline and model are then told.
// The model has to be the one in use, when the job is submitted and when it is made.
void take_off_origin(const std::string& pipeline, Json& request, const pipelines::Model& model) {
  for (const char* name : {"pipeline", "model"}) {
    if (!request.contains(name) || request.at(name).is_string()) continue;
    throw Error(ErrorCode::InvalidArgument, fmt::format("request: {} must be a text", name));
  }
  const std::string made_by = request.value("pipeline", pipeline);
  if (made_by != pipeline) {
    throw ProblemError(
        {.status = 409,
         .code = "conflict",
         .detail = fmt::format("a request of the pipeline {} was sent to {}", made_by, pipeline)});
  }
  const std::string wanted = request.value("model", "");
  if (!wanted.empty() && wanted != model.name()) {
    throw ProblemError({.status = 409,
                        .code = "conflict",
                        .detail = fmt::format("the request is for the model {}, in use is {}",
                                              wanted.substr(0, 100), model.name()),
                        .hint = "switch the model (PUT /api/v1/models/current), or leave \"model\" "
                                "out"});
  }
  request.erase("pipeline");
  request.erase("model");
}

// Clips that an earlier run of the job finished are not made again: seeds are one apart.
void take_off_finished(Json& request, int64_t finished) {
  if (finished == 0 || !request.contains("count")) return;
  request["count"] = request.value("count", int64_t{1}) - finished;
  request["seed"] = (request.value("seed", int64_t{0}) + finished) & 0xFFFFFFFF;
}

}  // namespace

std::string png_of(const image::Picture& picture) {
  const auto bytes = image::encode_picture(picture, image::PictureFormat::Png);
  return {bytes.begin(), bytes.end()};
}

OrderedJson checked_request(const std::string& pipeline, Json request, const Sources& sources,
                            const Limits& limits, const Models& models) {
  const pipelines::PipelineEntry& entry = pipelines::pipeline_entry(pipeline);
  if (!request.is_object()) {
    throw Error(ErrorCode::InvalidArgument, "request: expected a JSON object");
  }
  const auto model = models.of_or_null(entry.kind);
  if (model == nullptr) {
    const Error none = models.none_of(entry.kind);
    throw ProblemError({.status = 409,
                        .code = "conflict",
                        .detail = fmt::format("{} needs a {} model: {}", pipeline,
                                              name_of(entry.kind), none.message()),
                        .hint = none.hint()});
  }
  const Json named = request.contains("model") ? request.at("model") : Json();
  take_off_origin(pipeline, request, *model);
  const std::vector<Field> fields = entry.fields();
  settle_plan(fields, request, sources);
  entry.check(request);
  require_files(entry, request, sources);
  const bool has_seed =
      std::ranges::any_of(fields, [](const Field& field) { return field.info.name == "seed"; });
  if (has_seed && request.value("seed", int64_t{-1}) < 0) request["seed"] = std::random_device{}();
  require_length(entry, request, limits);
  if (!named.is_null()) request["model"] = named;
  return OrderedJson(request);
}

std::string batch_key(const library::JobRecord& record) {
  if (record.pipeline != "generate" || record.options.value("stream", false)) return {};
  OrderedJson request = record.request;
  if (request.value("cache_interval", 1) != 1) return {};
  for (const char* own : {"prompt", "negative_prompt", "seed", "loudness", "stereo", "variation",
                          "variation_seed", "varied_before", "decode_iterations"}) {
    request.erase(own);
  }
  // Fields come in the order they were sent; what is equal shall look equal.
  return record.pipeline + Json(request).dump();
}

struct PipelineRunner::Running {
  ServerJob& job;
  const JobQueue& queue;
  library::JobRecord record;
  RequestFiles files;
  KeepOptions keep = {};
  std::chrono::steady_clock::time_point clip_begun = std::chrono::steady_clock::now();
  std::optional<int64_t> segment = {};

  void publish(std::string_view name, const OrderedJson& data) const {
    queue.publish(job, name, data);
  }
};

pipelines::RunContext PipelineRunner::context_of(Running& running) {
  ServerJob& job = running.job;
  pipelines::RunContext context;
  context.job = {job.stop().get_token(), [&running](const Progress& progress) {
                   running.job.report(progress, [&](std::string_view name, const OrderedJson& d) {
                     running.publish(name, d);
                   });
                 }};
  context.preview_interval = job.preview_interval();
  if (context.preview_interval == 0) return context;
  context.on_preview = [&running](const pipelines::Preview& preview) {
    running.job.set_preview(preview.step, png_of(preview.picture));
    running.publish(
        "preview",
        {{"job", running.job.id()},
         {"step", preview.step},
         {"steps", preview.steps},
         {"segment", or_null(running.segment)},
         {"revision", running.segment ? OrderedJson(0) : OrderedJson(nullptr)},
         {"picture_url",
          fmt::format("{}/preview.png?step={}{}", running.job.url(), preview.step,
                      running.segment ? fmt::format("&segment={}", *running.segment) : "")}});
  };
  return context;
}

void PipelineRunner::keep(Running& running, pipelines::Clip&& clip) {
  clip.request = running.files.with_ids(std::move(clip.request));
  for (std::string& note : clip.notes) note = running.files.with_ids(std::move(note));
  const auto now = std::chrono::steady_clock::now();
  const double took_s = std::chrono::duration<double>(now - running.clip_begun).count();
  running.clip_begun = now;
  running.job.set_real_time_factor(clip.sound.duration_s() / std::max(1e-3, took_s));
  const auto kept = keeper_.keep_all(clip, running.keep, Job{running.job.stop().get_token(), {}});
  running.job.clip_is_done();
  metrics_.add("riffle_clips_total", "", static_cast<double>(kept.size()));
  metrics_.add("riffle_music_seconds_total", "", clip.sound.duration_s());
  for (const library::ClipRecord& record : kept) {
    running.publish("clip", {{"job", running.job.id()}, {"clip", clip_json(record)}});
  }
}

void PipelineRunner::run_as_stream(Running& running, const Json& request, SharedModel& model) {
  ServerJob& job = running.job;
  const UrgencyScope urgency(Urgency::Playing);
  const auto store = std::make_shared<SegmentStore>(library_.folder() / "made" / job.id());
  job.set_segments(store);
  running.publish("state", {{"job", running.queue.json_of(job)}});
  StreamedContext context{.run = context_of(running)};
  double music_s = 0;
  context.on_begin = [&](int64_t index, int64_t count) {
    running.segment = index;
    job.begin_segment(index, count);
  };
  context.on_segment = [&](const Segment& segment) {
    music_s += segment.duration_s();
    const auto took = std::chrono::steady_clock::now() - running.clip_begun;
    job.set_real_time_factor(music_s / std::chrono::duration<double>(took).count());
    running.publish("segment",
                    {{"job", job.id()}, {"segment", to_json(segment, job.url() + "/segments")}});
  };
  try {
    keep(running, run_streamed(running.record.pipeline, request, model, *store, context));
  } catch (...) {
    store->finish();
    throw;
  }
  store->finish();
}

RequestFiles PipelineRunner::files_of(const library::JobRecord& record, pipelines::Model& model,
                                      Json& request) const {
  const std::vector<Field> fields = pipelines::pipeline_entry(record.pipeline).fields();
  if (model.kind() == pipelines::ModelKind::Band) {
    auto& band = dynamic_cast<pipelines::BandModel&>(model);
    const SeedForm form{band.codec().sample_rate(),
                        band.window() * band.codec().samples_per_column()};
    return {fields, request,
            [&](const std::string&, const std::string& id) { return sources_.sound_of(id, form); }};
  }
  auto& riff = dynamic_cast<SharedModel&>(model);
  RequestFiles files(fields, request, [&](const std::string& field, const std::string& id) {
    return field == kLatents ? sources_.latents_of(id, riff.geometry())
                             : sources_.file_of(id, riff.geometry());
  });
  use_known_latents(record, files, request, riff);
  return files;
}

// What the model made itself need not be encoded: the clip's latents were kept.
void PipelineRunner::use_known_latents(const library::JobRecord& record, RequestFiles& files,
                                       Json& request, const SharedModel& model) const {
  const std::vector<Field> fields = pipelines::pipeline_entry(record.pipeline).fields();
  const bool takes_them =
      std::ranges::any_of(fields, [](const Field& field) { return field.info.name == kLatents; });
  const std::string file = record.request.value("file", "");
  if (!takes_them || file.empty() || !record.request.value(kLatents, "").empty()) return;
  // A cover may have other channels than the clip.
  if (request.value("channels", "auto") != "auto") return;
  const std::filesystem::path path = sources_.known_latents(file, model);
  if (path.empty()) return;
  request[kLatents] = path.string();
  files.add(path, "");  // as it was sent
}

void PipelineRunner::run(ServerJob& job, const JobQueue& queue) {
  const library::JobRecord record = job.record();
  const pipelines::PipelineEntry& entry = pipelines::pipeline_entry(record.pipeline);
  const auto model = models_.of(entry.kind);
  Json request = record.request;
  take_off_origin(record.pipeline, request, *model);
  const int64_t clips = clips_of(entry, request);
  const int64_t finished =
      std::ranges::count_if(library_.clips().of_job(record.id),
                            [](const library::ClipRecord& clip) { return !clip.part_of; });
  if (finished >= clips) return;
  take_off_finished(request, finished);
  Running running{job, queue, record, files_of(record, *model, request)};
  running.keep = {.title = record.options.value("title", ""),
                  .tags = record.options.value("tags", std::vector<std::string>()),
                  .parents = ids_in(entry.fields(), record.request),
                  .job = record.id};
  job.begin(clips, finished);
  try {
    if (job.streams()) return run_as_stream(running, request, dynamic_cast<SharedModel&>(*model));
    pipelines::RunContext context = context_of(running);
    context.first_clip = finished;
    context.on_clip = [&](pipelines::Clip&& clip) { keep(running, std::move(clip)); };
    entry.run(*model, request, context);
  } catch (const Error& error) {
    throw Error(error.code(), running.files.with_ids(error.message()), error.hint());
  }
}

}  // namespace riffle::server
