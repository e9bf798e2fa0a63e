// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app.h"

#include <fmt/format.h>

#include "core/log.h"
#include "server/problem.h"
#include "server/routes.h"

namespace riffle::server {
namespace {

// A preflight: the browser asks whether a page of another origin may.
Response preflight() { return {.status = 204}; }

}  // namespace

App::App(const ServerOptions& options_in)
    : options(options_in),
      library(options.library),
      guard(options.guard, options.http.host),
      models(options.open_model, options.model, options.band_model),
      sources(library, options.seed_images),
      keeper(library),
      runner(library, models, sources, keeper, metrics),
      queue(
          library, metrics, events,
          {.workers = options.workers, .batch = options.batch, .queue = options.limits.queue},
          [this](ServerJob& job) { runner.run(job, queue); }, batch_key),
      jams({models, sources, library, events}, options.limits.jams) {
  metrics.describe("riffle_clips_total", "Clips that were made");
  metrics.describe("riffle_music_seconds_total", "Seconds of music that were made");
  metrics.describe("riffle_http_requests_total", "Requests, by status");
  metrics.gauge("riffle_jobs_queued", "Jobs that wait",
                [this] { return static_cast<double>(queue.queued()); });
  metrics.gauge("riffle_jobs_running", "Jobs that are being made",
                [this] { return static_cast<double>(queue.running()); });
  metrics.gauge("riffle_jams", "Jams that are going on",
                [this] { return static_cast<double>(jams.count()); });
  metrics.gauge("riffle_event_streams", "Streams of events that are open",
                [this] { return static_cast<double>(event_streams); });
  metrics.gauge("riffle_library_clips", "Clips in the library",
                [this] { return static_cast<double>(library.clips().count()); });
  const auto of_model = [this](const char* name, const char* help,
                               int64_t (SharedModel::*figure)() const) {
    metrics.gauge(name, help, [this, figure] {
      const auto model = models.current_or_null();
      return model == nullptr ? 0.0 : static_cast<double>((*model.*figure)());
    });
  };
  of_model("riffle_model_forwards", "Forwards of the model in use", &SharedModel::forwards);
  of_model("riffle_model_items", "Items that went through these forwards", &SharedModel::items);
  of_model("riffle_model_encodes", "Stretches of sound its autoencoder encoded",
           &SharedModel::encodes);
  metrics.gauge("riffle_uptime_seconds", "Since the server was started", [this] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  });
  add_all_routes(*this);
  queue.start();
}

App::~App() { stop(); }

void App::stop() {
  if (stopping.exchange(true)) return;
  jams.end_all();
  queue.stop();
  events->close();
}

std::shared_ptr<void> App::count_event_stream() {
  if (event_streams >= options.limits.event_streams) {
    throw ProblemError(
        {.status = 503,
         .code = "unavailable",
         .detail = fmt::format("{} streams of events are open", event_streams.load()),
         .hint = "close some",
         .retry_after_s = 5});
  }
  ++event_streams;
  return {nullptr, [this](void*) { --event_streams; }};
}

Response App::route(Request& request) {
  const Route* route = nullptr;
  try {
    route = &router.find(request);
  } catch (const ProblemError& error) {
    const bool is_file = error.problem().status == 404 && request.method == "GET" &&
                         !request.path.starts_with("/api/") && !request.path.starts_with("/v1/");
    if (!is_file) throw;
    return studio_file(*this, request);
  }
  if (!route->open) guard.check_key(request);
  guard.check_rate(request);
  if (route->body == BodyKind::Text) read_text_body(request, route->max_body);
  return route->answer(request);
}

Response App::answer(Request& request) {
  Response response;
  try {
    guard.check_source(request);
    response = request.method == "OPTIONS" ? preflight() : route(request);
  } catch (...) {
    const Problem problem = problem_from(std::current_exception());
    if (problem.status >= 500) {
      log::error("{} {}: {}", request.method, request.path, problem.detail);
    }
    response = request.path.starts_with("/v1/") ? openai_error(problem) : problem_response(problem);
  }
  guard.add_cors(request, response);
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  metrics.add("riffle_http_requests_total", fmt::format("status=\"{}\"", response.status));
  log::debug("{} {} {}", request.method, request.path, response.status);
  return response;
}

}  // namespace riffle::server
