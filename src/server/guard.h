// SPDX-License-Identifier: GPL-3.0-or-later
// Who may ask: the API key, the Host and Origin of requests, how many a minute.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "server/http.h"

namespace riffle::server {

struct GuardOptions {
  std::string api_key = {};  // empty: none is asked for
  // Besides loopback names and the host that was bound; "*": any.
  std::vector<std::string> allowed_hosts = {};
  // Pages of these origins may use the API too ("http://localhost:5173"); "*": any.
  std::vector<std::string> allowed_origins = {};
  int requests_per_minute = 0;  // of one address that change something; 0: no limit
};

inline constexpr const char* kKeyCookie = "riffle_key";

class Guard {
 public:
  Guard(GuardOptions options, const std::string& bound_host);

  // Any web page may send requests to 127.0.0.1, and a name of its own may point there. So Host
  // must be one of ours, and Origin, where there is one, must be our own or an allowed one. Throws
  // ProblemError{421, 403}.
  void check_source(const Request& request) const;
  // Throws ProblemError{401} without the key, as bearer token, X-API-Key, password or cookie.
  void check_key(const Request& request) const;
  bool is_key(const std::string& text) const;  // takes as long for any text
  bool asks_for_key() const { return !options_.api_key.empty(); }
  // Throws ProblemError{429}. Requests that only read are not counted.
  void check_rate(const Request& request);
  int requests_per_minute() const { return options_.requests_per_minute; }

  // What CORS wants to hear, for requests from an allowed origin.
  void add_cors(const Request& request, Response& response) const;

 private:
  bool is_allowed_origin(const std::string& origin) const;

  using Clock = std::chrono::steady_clock;
  struct Bucket {
    double tokens = 0;
    Clock::time_point filled = {};
  };

  GuardOptions options_;
  std::mutex mutex_;
  std::map<std::string, Bucket> buckets_;
};

}  // namespace riffle::server
