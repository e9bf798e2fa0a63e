// SPDX-License-Identifier: GPL-3.0-or-later
// The HTTP server itself: connections, their limits and deadlines. Its .cc file is the only one
// that knows the library.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "server/http.h"

namespace riffle::server {

struct HttpOptions {
  std::string host = "127.0.0.1";
  int port = 3013;  // 0: any free one
  int max_connections = 1024;
  std::chrono::milliseconds idle_timeout{15'000};    // between requests of a connection
  std::chrono::milliseconds header_timeout{10'000};  // for the whole of a request's head
  std::chrono::milliseconds body_timeout{20'000};    // without a byte of a body
  std::chrono::milliseconds write_timeout{20'000};   // for a byte the other side does not take
  int64_t slowest_body = 8 * 1024;                   // bytes a second, on average
  int64_t max_body = int64_t{256} << 20;             // bytes of any body
  int64_t max_header_bytes = 32 * 1024;              // a request's line and headers together
};

struct HttpCounters {
  int64_t connections = 0;  // open now
  int64_t refused = 0;      // for there being too many
};

class HttpServer {
 public:
  // Answers a request; may be called from many threads at once and must not throw.
  using Handler = std::function<Response(Request& request)>;

  // Binds the port. Throws Error{InvalidArgument} for a host that is none, Error{Io} for a port in
  // use.
  HttpServer(const HttpOptions& options, Handler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const;
  // Until stop() is called, from any thread. Returns when all connections are closed: requests
  // being answered are finished, producers end, and after `grace` what is left is cut off.
  void run();
  void stop(std::chrono::milliseconds grace = std::chrono::seconds(5));
  bool stopping() const;
  HttpCounters counters() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace riffle::server
