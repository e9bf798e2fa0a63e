// SPDX-License-Identifier: GPL-3.0-or-later
// Which function answers which request.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "server/http.h"

namespace riffle::server {

enum class BodyKind {
  None,  // a body is not read
  Text,  // read before the route is called, at most max_body bytes
  File,  // the route reads it (Request::read_file)
};

struct Route {
  std::string method;   // "GET"
  std::string pattern;  // "/api/v1/jobs/{id}": a name in braces takes one segment of the path
  std::function<Response(Request& request)> answer;
  BodyKind body = BodyKind::None;
  int64_t max_body = 1 << 20;
  bool open = false;  // answered without an API key
};

class Router {
 public:
  // A pattern without names comes before one with names that fits as well; among these the one
  // that was added first.
  void add(Route route) { routes_.push_back(std::move(route)); }
  const std::vector<Route>& routes() const { return routes_; }

  // Fills request.parameters. Throws ProblemError: 404, or 405 with the methods there are.
  const Route& find(Request& request) const;

 private:
  std::vector<Route> routes_;
};

// Reads the request's body into request.body. Throws ProblemError{413}.
void read_text_body(Request& request, int64_t max_bytes);

}  // namespace riffle::server
