// SPDX-License-Identifier: GPL-3.0-or-later
// Jobs: submit, look, follow, cancel.
#include <fmt/format.h>

#include "library/ids.h"
#include "server/answers.h"
#include "server/clip_json.h"
#include "server/listen.h"
#include "server/problem.h"
#include "server/routes.h"
#include "server/streamed_run.h"

namespace riffle::server {
namespace {

using library::JobState;

JobPtr require_job(App& app, const Request& request) {
  const std::string& id = request.parameter("id");
  if (JobPtr job = app.queue.find(id)) return job;
  throw no_such("job", id);
}

Response submit(App& app, const Request& request) {
  const Json body = json_body(request);
  BodyReader reader(body, "job");
  library::JobRecord record;
  record.pipeline = reader.text("pipeline", 64).value_or("");
  const Json* asked = reader.value("request");
  record.options = {{"stream", reader.flag("stream").value_or(false)},
                    {"preview_interval", reader.integer("preview_interval", 0, 1000).value_or(5)},
                    {"title", reader.text("title", 300).value_or("")},
                    {"tags", reader.texts("tags", 100, 60).value_or(std::vector<std::string>())}};
  reader.finish();
  if (record.pipeline.empty() || asked == nullptr) {
    throw ProblemError(
        {.status = 400,
         .code = "invalid_argument",
         .detail = "job: expected \"pipeline\" and \"request\"",
         .hint = "{\"pipeline\": \"generate\", \"request\": {\"prompt\": \"...\"}}"});
  }
  record.request =
      checked_request(record.pipeline, *asked, app.sources, app.options.limits, app.models);
  if (record.options.at("stream").get<bool>()) check_streamed(record.pipeline, record.request);
  return created(app.queue.json_of(*app.queue.submit(std::move(record))), 202);
}

std::vector<JobState> states_of(const std::string& text) {
  std::vector<JobState> states;
  for (const JobState state : {JobState::Queued, JobState::Running, JobState::Done,
                               JobState::Failed, JobState::Cancelled}) {
    if (("," + text + ",").find("," + std::string(name_of(state)) + ",") != std::string::npos) {
      states.push_back(state);
    }
  }
  if (states.empty() && !text.empty()) {
    throw ProblemError({.status = 400,
                        .code = "invalid_argument",
                        .detail = "state: expected some of queued,running,done,failed,cancelled"});
  }
  return states;
}

Response list(App& app, const Request& request) {
  const auto states = states_of(query_text(request, "state"));
  const int64_t limit = query_integer(request, "limit", 1, 200).value_or(50);
  OrderedJson jobs = OrderedJson::array();
  for (const JobPtr& job : app.queue.list(states, limit)) jobs.push_back(app.queue.json_of(*job));
  return json_response({{"jobs", std::move(jobs)},
                        {"queued", app.queue.queued()},
                        {"running", app.queue.running()}});
}

Response follow(App& app, const Request& request) {
  const JobPtr job = require_job(app, request);
  const auto snapshot = [&app, job] {
    std::vector<std::pair<std::string, OrderedJson>> events;
    events.emplace_back("state", OrderedJson{{"job", app.queue.json_of(*job)}});
    if (job->events()->closed()) events.emplace_back("end", events.front().second);
    return events;
  };
  return event_stream(request, job->events(), snapshot, app.count_event_stream());
}

Response preview(App& app, const Request& request) {
  const JobPtr job = require_job(app, request);
  const PreviewPicture picture = job->preview();
  if (picture.png == nullptr) throw no_such("preview of", job->id());
  Response response{.content_type = "image/png"};
  response.headers = {{"Cache-Control", "no-store"}};
  response.body = *picture.png;
  return response;
}

std::shared_ptr<SegmentStore> require_segments(const JobPtr& job) {
  auto store = job->segments();
  if (store != nullptr) return store;
  throw no_such("stream of", job->id());
}

Response segment_file(App& app, const Request& request) {
  const JobPtr job = require_job(app, request);
  const std::string& file = request.parameter("file");
  return file_response(require_segments(job)->file(file), split_ending(file).second);
}

Response stream(App& app, const Request& request) {
  const std::string ending = stream_ending(request.parameter("stream"));
  const JobPtr job = require_job(app, request);
  const auto store = require_segments(job);
  return listen(ending, {.segments = *store, .alive = store});
}

}  // namespace

void add_job_routes(App& app) {
  const std::string one = "/api/v1/jobs/{id}";
  app.router.add({.method = "POST",
                  .pattern = "/api/v1/jobs",
                  .answer = [&app](Request& request) { return submit(app, request); },
                  .body = BodyKind::Text,
                  .max_body = app.options.limits.text_bytes});
  app.router.add({.method = "GET", .pattern = "/api/v1/jobs", .answer = [&app](Request& request) {
                    return list(app, request);
                  }});
  app.router.add({.method = "GET", .pattern = one, .answer = [&app](Request& request) {
                    return json_response(app.queue.json_of(*require_job(app, request)));
                  }});
  app.router.add({.method = "DELETE", .pattern = one, .answer = [&app](Request& request) {
                    const JobPtr job = require_job(app, request);
                    app.queue.cancel(job);
                    return json_response(app.queue.json_of(*job));
                  }});
  app.router.add({.method = "GET", .pattern = one + "/events", .answer = [&app](Request& request) {
                    return follow(app, request);
                  }});
  app.router.add({.method = "GET",
                  .pattern = one + "/preview.png",
                  .answer = [&app](Request& request) { return preview(app, request); }});
  app.router.add({.method = "GET",
                  .pattern = one + "/segments/{file}",
                  .answer = [&app](Request& request) { return segment_file(app, request); }});
  app.router.add({.method = "GET",
                  .pattern = one + "/{stream}",
                  .answer = [&app](Request& request) { return stream(app, request); }});
}

}  // namespace riffle::server
