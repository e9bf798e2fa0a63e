// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/server.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "server/app.h"
#include "server/problem.h"

namespace riffle::server {
namespace {

// A descriptor a connection and some for files: the usual 1024 may be too few.
void allow_many_files(int connections) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = static_cast<rlim_t>(connections) * 2 + 256;
  limit.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, wanted));
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

struct Server::Impl {
  explicit Impl(const ServerOptions& options)
      : app(options), http(options.http, [this](Request& request) { return app.answer(request); }) {
    app.metrics.gauge("riffle_connections", "Connections that are open",
                      [this] { return static_cast<double>(http.counters().connections); });
    app.metrics.gauge("riffle_connections_refused", "Connections that were one too many",
                      [this] { return static_cast<double>(http.counters().refused); });
  }

  App app;
  HttpServer http;
};

Server::Server(const ServerOptions& options) {
  allow_many_files(options.http.max_connections);
  impl_ = std::make_unique<Impl>(options);
}

Server::~Server() = default;

std::string Server::url() const {
  const std::string& host = impl_->app.options.http.host;
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("http://{}{}{}:{}", v6 ? "[" : "", host, v6 ? "]" : "", impl_->http.port());
}

void Server::run(const std::stop_token& stop) {
  std::thread watcher([this, stop] {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    wake.wait(lock, stop, [] { return false; });
    impl_->app.stop();
    impl_->http.stop();
  });
  impl_->http.run();
  watcher.join();
}

}  // namespace riffle::server
