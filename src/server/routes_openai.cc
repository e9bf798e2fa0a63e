// SPDX-License-Identifier: GPL-3.0-or-later
// Music in the shape of OpenAI's API: the request is answered when it is made. Fields it does not
// know are passed over, as clients send some of other services.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/base64.h"
#include "core/files.h"
#include "library/ids.h"
#include "server/answers.h"
#include "server/clip_json.h"
#include "server/problem.h"
#include "server/routes.h"

namespace riffle::server {
namespace {

constexpr uint64_t kMostBytes = uint64_t{1} << 30;

struct Asked {
  Json request = Json::object();  // of generate
  std::string response_format = "url";
  std::string format = "mp3";
};

ProblemError refusal(const std::string& detail, const std::string& hint = "") {
  return ProblemError({.status = 400, .code = "invalid_argument", .detail = detail, .hint = hint});
}

Asked read_asked(const Request& request, const App& app) {
  const Json body = json_body(request);
  BodyReader reader(body, "request");
  Asked asked;
  asked.request["prompt"] = reader.text("prompt", 10'000).value_or("");
  asked.request["count"] = reader.integer("n", 1, 16).value_or(1);
  const auto copy = [&](const char* from, const char* to) {
    if (const Json* value = reader.value(from)) asked.request[to] = *value;
  };
  copy("duration", "seconds");
  for (const char* name : {"seed", "steps", "guidance", "negative_prompt", "bpm", "loop"}) {
    copy(name, name);
  }
  asked.response_format = reader.text("response_format", 20).value_or("url");
  asked.format = reader.text("format", 10).value_or("mp3");
  const std::string model = reader.text("model", 300).value_or("riffle");
  const auto current = app.models.current_or_null();
  if (model != "riffle" && current != nullptr && model != current->name()) {
    throw ProblemError(
        {.status = 404,
         .code = "not_found",
         .detail = fmt::format("the model in use is {}, not {}", current->name(), model),
         .hint = "leave \"model\" out, or switch it (PUT /api/v1/models/current)"});
  }
  const std::string& how = asked.response_format;
  if (how != "url" && how != "b64_json" && how != "binary") {
    throw refusal("response_format must be url, b64_json or binary");
  }
  const auto endings = sound_endings();
  if (std::ranges::find(endings, asked.format) == endings.end()) {
    throw refusal(fmt::format("format must be one of {}", fmt::join(endings, ", ")));
  }
  return asked;
}

std::vector<library::ClipRecord> make(App& app, const Asked& asked) {
  library::JobRecord record;
  record.pipeline = "generate";
  record.request =
      checked_request("generate", asked.request, app.sources, app.options.limits, app.models);
  record.options = {
      {"stream", false}, {"preview_interval", 0}, {"title", ""}, {"tags", OrderedJson::array()}};
  const JobPtr job = app.queue.submit(std::move(record));
  while (!app.queue.wait(job, std::chrono::milliseconds(500))) {
    if (!app.stopping) continue;
    throw ProblemError({.status = 503,
                        .code = "unavailable",
                        .detail = "the server stops; the job goes on when it starts again",
                        .retry_after_s = 10});
  }
  const library::JobRecord done = job->record();
  if (done.state != library::JobState::Done) {
    throw ProblemError(
        {.status = done.error.is_null() ? 409 : done.error.value("status", 500),
         .code = done.error.is_null() ? "cancelled" : done.error.value("code", ""),
         .detail = done.error.is_null() ? "the job was cancelled" : done.error.value("detail", ""),
         .hint = done.error.is_null() ? "" : done.error.value("hint", "")});
  }
  return app.library.clips().of_job(job->id());
}

Response generate(App& app, const Request& request) {
  const Asked asked = read_asked(request, app);
  const auto clips = make(app, asked);
  if (asked.response_format == "binary") {
    return file_response(app.keeper.sound(clips.front(), asked.format), asked.format, false);
  }
  OrderedJson data = OrderedJson::array();
  for (const library::ClipRecord& clip : clips) {
    OrderedJson item;
    if (asked.response_format == "url") {
      item["url"] = fmt::format("{}/clips/{}/audio.{}", kApi, clip.id, asked.format);
    } else {
      item["b64_json"] = base64(read_file(app.keeper.sound(clip, asked.format), kMostBytes));
    }
    item["clip"] = clip.id;
    item["seed"] = clip.seed.value_or(0);
    item["duration_s"] = clip_json(clip).at("duration_s");
    data.push_back(std::move(item));
  }
  return json_response({{"created", library::now_ms() / 1000},
                        {"model", clips.empty() ? "" : clips.front().model},
                        {"data", std::move(data)}});
}

Response models(App& app) {
  OrderedJson data = OrderedJson::array();
  const OrderedJson list = app.models.list();
  for (const OrderedJson& model : list.at("models")) {
    if (model.at("kind") == "band") continue;  // none of them makes music from a prompt alone
    data.push_back({{"id", model.at("name")},
                    {"object", "model"},
                    {"created", 0},
                    {"owned_by", model.at("origin")}});
  }
  return json_response({{"object", "list"}, {"data", std::move(data)}});
}

}  // namespace

Response openai_error(const Problem& problem) {
  const bool theirs = problem.status < 500;
  Response response = problem_response(problem);
  response.content_type = "application/json";
  const std::string message =
      problem.hint.empty() ? problem.detail : problem.detail + " (" + problem.hint + ")";
  response.body = OrderedJson{{"error",
                               {{"message", message},
                                {"type", theirs ? "invalid_request_error" : "server_error"},
                                {"param", nullptr},
                                {"code", problem.code}}}}
                      .dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
  return response;
}

void add_openai_routes(App& app) {
  app.router.add({.method = "POST",
                  .pattern = "/v1/audio/generations",
                  .answer = [&app](Request& request) { return generate(app, request); },
                  .body = BodyKind::Text});
  app.router.add({.method = "GET", .pattern = "/v1/models", .answer = [&app](Request&) {
                    return models(app);
                  }});
}

}  // namespace riffle::server
