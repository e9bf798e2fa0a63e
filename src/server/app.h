// SPDX-License-Identifier: GPL-3.0-or-later
// Everything a running server has, and the way of a request through it.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "library/library.h"
#include "server/clip_keeper.h"
#include "server/events.h"
#include "server/guard.h"
#include "server/jams.h"
#include "server/job_queue.h"
#include "server/job_runner.h"
#include "server/metrics.h"
#include "server/models.h"
#include "server/options.h"
#include "server/router.h"
#include "server/sources.h"

namespace riffle::server {

// What routes work with. Members are made in this order and end in the reverse.
struct App {
  explicit App(const ServerOptions& options);
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  // Answers any request; never throws.
  Response answer(Request& request);
  // Everything that is running is stopped; events end.
  void stop();

  // Held by each stream of events. Throws ProblemError{503} where there are too many.
  std::shared_ptr<void> count_event_stream();

  ServerOptions options;
  std::chrono::steady_clock::time_point begun = std::chrono::steady_clock::now();
  std::atomic<bool> stopping{false};
  std::atomic<int64_t> event_streams{0};
  library::Library library;
  Metrics metrics;
  Guard guard;
  Models models;
  Sources sources;
  ClipKeeper keeper;
  std::shared_ptr<EventLog> events = std::make_shared<EventLog>(2000);  // of everything
  PipelineRunner runner;
  JobQueue queue;
  Jams jams;
  Router router;

 private:
  Response route(Request& request);
};

}  // namespace riffle::server
