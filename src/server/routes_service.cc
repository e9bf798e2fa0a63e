// SPDX-License-Identifier: GPL-3.0-or-later
// Health, metrics, what this server can do, logging in, events of everything.
#include <fmt/format.h>

#include "core/version.h"
#include "pipelines/registry.h"
#include "pipelines/seed_loop.h"
#include "server/answers.h"
#include "server/clip_json.h"
#include "server/embedded.h"
#include "server/problem.h"
#include "server/routes.h"
#include "server/streamed_run.h"

namespace riffle::server {
namespace {

std::string_view name_of(pipelines::FieldKind kind) {
  switch (kind) {
    case pipelines::FieldKind::Text:
      return "text";
    case pipelines::FieldKind::Integer:
      return "integer";
    case pipelines::FieldKind::Number:
      return "number";
    case pipelines::FieldKind::Boolean:
      break;
  }
  return "boolean";
}

// As requests of the API have them: what is a file or a folder to the command line is not.
std::string_view kind_of(const pipelines::Field& field) {
  if (field.info.is_plan) return "plan";
  return field.info.is_folder ? "files" : name_of(field.kind);
}

OrderedJson field_json(const pipelines::Field& field) {
  return {{"name", field.info.name},
          {"kind", kind_of(field)},
          {"help", field.info.help},
          {"unit", field.info.unit},
          {"minimum", or_null(field.info.minimum)},
          {"maximum", or_null(field.info.maximum)},
          {"choices", field.info.choices},
          {"default", field.default_value},
          {"absent", field.info.absent},
          {"required", field.info.required},
          {"is_file", field.info.is_file},
          {"advanced", field.info.advanced}};
}

OrderedJson fields_json(const std::vector<pipelines::Field>& fields) {
  OrderedJson json = OrderedJson::array();
  for (const auto& field : fields) json.push_back(field_json(field));
  return json;
}

OrderedJson seed_json(const SeedImage& seed, const SharedModel* model) {
  // Loops that are built in are played as long as the model's window, in whole bars.
  const bool is_loop = seed.file.empty() && seed.bpm && model != nullptr;
  const int64_t beats =
      is_loop ? pipelines::loop_beats(*seed.bpm, 4, model->geometry().window_s()) : 0;
  return {{"id", seed.id},
          {"title", seed.title},
          {"bpm", or_null(seed.bpm)},
          {"beats", beats},
          {"picture_url", fmt::format("{}/seed_images/{}.png", kApi, seed.id)},
          {"audio_url", fmt::format("{}/seed_images/{}.wav", kApi, seed.id)}};
}

OrderedJson limits_json(const App& app) {
  const Limits& limits = app.options.limits;
  return {{"queue", limits.queue},
          {"body_bytes", limits.text_bytes},
          {"upload_bytes", limits.upload_bytes},
          {"clip_s", limits.clip_s},
          {"upload_s", limits.upload_s},
          {"jams", limits.jams},
          {"event_streams", limits.event_streams},
          {"requests_per_minute", app.guard.requests_per_minute()}};
}

Response capabilities(const App& app) {
  OrderedJson pipelines = OrderedJson::array();
  for (const auto& entry : pipelines::pipeline_table()) {
    pipelines.push_back({{"name", entry.name},
                         {"kind", name_of(entry.kind)},
                         {"available", app.models.of_or_null(entry.kind) != nullptr},
                         {"summary", entry.summary},
                         {"streams", can_stream(std::string(entry.name))},
                         {"fields", fields_json(entry.fields())}});
  }
  OrderedJson seeds = OrderedJson::array();
  const auto model = app.models.current_or_null();
  for (const SeedImage& seed : app.sources.seed_images()) {
    seeds.push_back(seed_json(seed, model.get()));
  }
  return json_response({{"version", version()},
                        {"device", app.options.device},
                        {"model", app.models.info()},
                        {"band_model", app.models.band_info()},
                        {"pipelines", std::move(pipelines)},
                        {"jam_fields", fields_json(jam_fields())},
                        {"seed_images", std::move(seeds)},
                        {"audio_formats", sound_endings()},
                        {"stream_formats", {"mp3", "wav", "opus"}},
                        {"limits", limits_json(app)},
                        {"auth_required", app.guard.asks_for_key()}});
}

Response log_in(const App& app, const Request& request) {
  const Json body = json_body(request);
  BodyReader reader(body, "login");
  const std::string key = reader.text("key", 1000).value_or("");
  reader.finish();
  if (app.guard.asks_for_key() && !app.guard.is_key(key)) {
    throw ProblemError({.status = 401,
                        .code = "unauthorized",
                        .detail = "this is not the API key",
                        .hint = "it is what the server was started with (--api-key)"});
  }
  Response response = no_content();
  response.headers = {{"Set-Cookie", fmt::format("{}={}; HttpOnly; SameSite=Strict; Path=/; "
                                                 "Max-Age=31536000",
                                                 kKeyCookie, app.guard.asks_for_key() ? key : "")}};
  return response;
}

// What is going on, for a fresh follower.
std::vector<std::pair<std::string, OrderedJson>> everything(App& app) {
  using library::JobState;
  std::vector<std::pair<std::string, OrderedJson>> events;
  for (const JobPtr& job : app.queue.list({JobState::Queued, JobState::Running}, 200)) {
    events.emplace_back("state", OrderedJson{{"job", app.queue.json_of(*job)}});
  }
  for (const JamPtr& jam : app.jams.list()) {
    events.emplace_back("state", OrderedJson{{"jam", jam->json()}});
  }
  return events;
}

}  // namespace

void add_service_routes(App& app) {
  app.router.add({.method = "GET",
                  .pattern = "/healthz",
                  .answer =
                      [&app](Request&) {
                        const auto up = std::chrono::steady_clock::now() - app.begun;
                        return json_response(
                            {{"status", app.stopping ? "stopping" : "ok"},
                             {"version", version()},
                             {"uptime_s", std::chrono::duration<double>(up).count()}});
                      },
                  .open = true});
  app.router.add({.method = "GET", .pattern = "/metrics", .answer = [&app](Request&) {
                    Response response{.content_type = "text/plain; version=0.0.4"};
                    response.body = app.metrics.text();
                    return response;
                  }});
  app.router.add({.method = "GET",
                  .pattern = "/api/v1/openapi.json",
                  .answer =
                      [](Request&) {
                        Response response{.content_type = "application/json"};
                        response.body = openapi_document();
                        return response;
                      },
                  .open = true});
  app.router.add({.method = "GET", .pattern = "/api/v1/capabilities", .answer = [&app](Request&) {
                    return capabilities(app);
                  }});
  app.router.add({.method = "POST",
                  .pattern = "/api/v1/login",
                  .answer = [&app](Request& request) { return log_in(app, request); },
                  .body = BodyKind::Text,
                  .max_body = 4096,
                  .open = true});
  app.router.add({.method = "GET", .pattern = "/api/v1/events", .answer = [&app](Request& request) {
                    return event_stream(
                        request, app.events, [&app] { return everything(app); },
                        app.count_event_stream());
                  }});
}

}  // namespace riffle::server
