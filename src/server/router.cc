// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/router.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <optional>

#include "server/problem.h"

namespace riffle::server {
namespace {

// The part up to the next slash, taken off the front.
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const size_t slash = path.find('/');
  const std::string_view segment = path.substr(0, slash);
  path.remove_prefix(slash == std::string_view::npos ? path.size() : slash);
  return segment;
}

std::optional<std::map<std::string, std::string>> match(std::string_view pattern,
                                                        std::string_view path) {
  std::map<std::string, std::string> parameters;
  while (pattern.starts_with('/') && path.starts_with('/')) {
    const std::string_view wanted = take_segment(pattern);
    const std::string_view got = take_segment(path);
    if (wanted.starts_with('{') && !got.empty()) {
      parameters.emplace(wanted.substr(1, wanted.size() - 2), got);
    } else if (wanted != got) {
      return {};
    }
  }
  if (!pattern.empty() || !path.empty()) return {};
  return parameters;
}

}  // namespace

const Route& Router::find(Request& request) const {
  const Route* best = nullptr;
  std::vector<std::string> methods;
  for (const Route& route : routes_) {
    auto parameters = match(route.pattern, request.path);
    if (!parameters) continue;
    methods.push_back(route.method);
    if (route.method != request.method) continue;
    if (best == nullptr || parameters->size() < request.parameters.size()) {
      best = &route;
      request.parameters = std::move(*parameters);
    }
  }
  if (best != nullptr) return *best;
  if (methods.empty()) throw no_such("page", request.path);
  throw ProblemError(
      {.status = 405,
       .code = "method_not_allowed",
       .detail = fmt::format("{} is not possible here", request.method.substr(0, 16)),
       .hint = fmt::format("possible are {}", fmt::join(methods, ", "))});
}

void read_text_body(Request& request, int64_t max_bytes) {
  request.read_file({.on_name = [](const std::string&) {},
                     .on_bytes =
                         [&](std::string_view bytes) {
                           request.body += bytes;
                           if (static_cast<int64_t>(request.body.size()) > max_bytes) {
                             throw body_too_large(max_bytes);
                           }
                         }});
}

}  // namespace riffle::server
