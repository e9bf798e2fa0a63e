// SPDX-License-Identifier: GPL-3.0-or-later
// Jams: start, change, listen, keep.
#include <fmt/format.h>

#include <charconv>

#include "server/answers.h"
#include "server/clip_json.h"
#include "server/listen.h"
#include "server/problem.h"
#include "server/routes.h"

namespace riffle::server {
namespace {

JamPtr require_jam(App& app, const Request& request) {
  const std::string& id = request.parameter("id");
  if (JamPtr jam = app.jams.find(id)) return jam;
  throw no_such("jam", id);
}

Response start(App& app, const Request& request) {
  const Json body = json_body(request);
  BodyReader reader(body, "jam");
  const JamChange first = read_jam_change(reader, {}, app.sources);
  const auto segments = reader.integer("segments", 1, 10000);
  reader.finish();
  if (!first.prompt) {
    throw ProblemError({.status = 400,
                        .code = "invalid_argument",
                        .detail = "jam: prompt is missing",
                        .hint = "say what you want to hear, for example \"funky piano\""});
  }
  return created(app.jams.start(*first.prompt, first, segments)->json());
}

Response change(App& app, const Request& request) {
  const JamPtr jam = require_jam(app, request);
  const Json body = json_body(request);
  BodyReader reader(body, "jam");
  JamChange change = read_jam_change(reader, jam->settings(), app.sources);
  change.paused = reader.flag("paused");
  change.from_segment = reader.integer("from_segment", 0, 1'000'000'000);
  reader.finish();
  jam->change(change);
  return json_response(jam->json());
}

Response played(App& app, const Request& request) {
  const JamPtr jam = require_jam(app, request);
  const Json body = json_body(request);
  BodyReader reader(body, "played");
  const auto segment = reader.integer("segment", 0, 1'000'000'000);
  reader.finish();
  if (!segment) {
    throw ProblemError(
        {.status = 400, .code = "invalid_argument", .detail = "played: segment is missing"});
  }
  jam->played(*segment);
  return json_response(jam->json());
}

Response segments(App& app, const Request& request) {
  const JamPtr jam = require_jam(app, request);
  const int64_t from = query_integer(request, "from", 0, 1'000'000'000).value_or(0);
  OrderedJson list = OrderedJson::array();
  for (const Segment& segment : jam->segments().list(from)) {
    list.push_back(to_json(segment, jam->url() + "/segments"));
  }
  return json_response({{"segments", std::move(list)}});
}

Response segment_file(App& app, const Request& request) {
  const JamPtr jam = require_jam(app, request);
  const std::string& file = request.parameter("file");
  constexpr std::string_view kPreview = "-preview.png";
  if (file.ends_with(kPreview)) {
    int64_t index = -1;
    std::from_chars(file.data(), file.data() + file.size() - kPreview.size(), index);
    const PreviewPicture picture = jam->preview(index);
    if (picture.png == nullptr) throw no_such("preview", file);
    Response response{.content_type = "image/png", .body = *picture.png};
    response.headers = {{"Cache-Control", "no-store"}};
    return response;
  }
  return file_response(jam->segments().file(file), split_ending(file).second);
}

Response follow(App& app, const Request& request) {
  const JamPtr jam = require_jam(app, request);
  const auto snapshot = [jam] {
    std::vector<std::pair<std::string, OrderedJson>> events;
    events.emplace_back("state", OrderedJson{{"jam", jam->json()}});
    if (jam->events()->closed()) events.emplace_back("end", events.front().second);
    return events;
  };
  return event_stream(request, jam->events(), snapshot, app.count_event_stream());
}

Response keep(App& app, const Request& request) {
  const JamPtr jam = require_jam(app, request);
  const Json body = json_body(request);
  BodyReader reader(body, "save");
  KeepOptions options{.title = reader.text("title", 300).value_or(""),
                      .tags = reader.texts("tags", 100, 60).value_or(std::vector<std::string>())};
  const auto last_s = reader.number("last_s", 0.1, 1e6);
  const auto from = reader.integer("from_segment", 0, 1'000'000'000);
  const auto to = reader.integer("to_segment", 0, 1'000'000'000);
  reader.finish();
  const std::string seed_image = jam->settings().seed_image;
  if (is_of_library(seed_image)) options.parents = {seed_image};
  return created(clip_json(app.keeper.keep(jam->clip_of(last_s, from, to), options)));
}

Response stream(App& app, const Request& request) {
  const std::string ending = stream_ending(request.parameter("stream"));
  const JamPtr jam = require_jam(app, request);
  const int64_t from =
      query_integer(request, "from", 0, 1'000'000'000).value_or(jam->segments().first());
  return listen(ending, {.segments = jam->segments(),
                         .from = from,
                         .on_segment =
                             [jam](int64_t index) {
                               jam->touch();
                               jam->played(index);
                             },
                         .alive = jam});
}

// A jam of its own for one listener.
Response radio(App& app, const Request& request) {
  const std::string ending = stream_ending(request.parameter("stream"));
  Json body = Json::object();
  for (const char* name : {"prompt", "seed_image"}) {
    const std::string text = query_text(request, name);
    if (!text.empty()) body[name] = text;
  }
  if (const auto seed = query_integer(request, "seed", -1, 4294967295)) body["seed"] = *seed;
  if (const auto value = query_number(request, "denoising", 0, 1)) body["denoising"] = *value;
  if (const auto value = query_number(request, "bpm", 40, 240)) body["bpm"] = *value;
  const std::string to = query_text(request, "to");
  if (!to.empty()) body["queue"] = Json::array({to});
  BodyReader reader(body, "stream");
  const JamChange first = read_jam_change(reader, {}, app.sources);
  if (!first.prompt) {
    throw ProblemError({.status = 400,
                        .code = "invalid_argument",
                        .detail = "stream: prompt is missing",
                        .hint = "for example /api/v1/stream.mp3?prompt=funky+piano"});
  }
  const JamPtr jam = app.jams.start(*first.prompt, first, {});
  const std::shared_ptr<void> until_gone(nullptr, [jam](void*) { jam->end(); });
  return listen(ending, {.segments = jam->segments(),
                         .on_segment =
                             [jam](int64_t index) {
                               jam->touch();
                               jam->played(index);
                             },
                         .alive = until_gone});
}

}  // namespace

void add_jam_routes(App& app) {
  const std::string all = "/api/v1/jams";
  const std::string one = all + "/{id}";
  const auto add = [&](const char* method, const std::string& pattern,
                       Response (*answer)(App&, const Request&), BodyKind body = BodyKind::None) {
    app.router.add({.method = method,
                    .pattern = pattern,
                    .answer = [&app, answer](Request& request) { return answer(app, request); },
                    .body = body});
  };
  add("POST", all, start, BodyKind::Text);
  add("GET", all, [](App& a, const Request&) {
    OrderedJson jams = OrderedJson::array();
    for (const JamPtr& jam : a.jams.list()) jams.push_back(jam->json());
    return json_response({{"jams", std::move(jams)}});
  });
  add("GET", one,
      [](App& a, const Request& r) { return json_response(require_jam(a, r)->json()); });
  add("PATCH", one, change, BodyKind::Text);
  add("DELETE", one, [](App& a, const Request& r) {
    const JamPtr jam = require_jam(a, r);
    jam->end();
    return json_response(jam->json());
  });
  add("POST", one + "/played", played, BodyKind::Text);
  add("GET", one + "/segments", segments);
  add("GET", one + "/segments/{file}", segment_file);
  add("GET", one + "/events", follow);
  add("POST", one + "/save", keep, BodyKind::Text);
  add("GET", one + "/{stream}", stream);
  add("GET", "/api/v1/{stream}", radio);
}

}  // namespace riffle::server
