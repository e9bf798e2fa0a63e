// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "server/problem.h"

namespace riffle::server {
namespace {

// "localhost:3013" -> "localhost"; "[::1]:80" -> "[::1]".
std::string name_of_host(std::string host) {
  const size_t bracket = host.rfind(']');
  const size_t colon = host.rfind(':');
  if (colon != std::string::npos && (bracket == std::string::npos || colon > bracket)) {
    host.resize(colon);
  }
  std::ranges::transform(host, host.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return host;
}

bool contains(const std::vector<std::string>& list, const std::string& text) {
  return std::ranges::find(list, text) != list.end() || std::ranges::find(list, "*") != list.end();
}

// The value of a cookie; empty where there is none.
std::string cookie_of(const Request& request, std::string_view name) {
  const std::string* header = request.header("Cookie");
  if (header == nullptr) return {};
  std::string_view rest = *header;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(';'), rest.size());
    std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) {
      return std::string(pair.substr(name.size() + 1));
    }
  }
  return {};
}

}  // namespace

Guard::Guard(GuardOptions options, const std::string& bound_host) : options_(std::move(options)) {
  for (const char* name : {"localhost", "127.0.0.1", "[::1]"}) {
    options_.allowed_hosts.emplace_back(name);
  }
  options_.allowed_hosts.push_back(name_of_host(bound_host));
}

bool Guard::is_allowed_origin(const std::string& origin) const {
  return contains(options_.allowed_origins, origin);
}

void Guard::check_source(const Request& request) const {
  const std::string* host = request.header("Host");
  const std::string name = host == nullptr ? "" : name_of_host(*host);
  if (!contains(options_.allowed_hosts, name)) {
    throw ProblemError({.status = 421,
                        .code = "forbidden",
                        .detail = fmt::format("this server does not answer for the host \"{}\"",
                                              name.substr(0, 100)),
                        .hint = "start it with --allow-host to let it"});
  }
  const std::string* origin = request.header("Origin");
  if (origin == nullptr || is_allowed_origin(*origin)) return;
  const size_t scheme = origin->find("://");
  const bool own = scheme != std::string::npos && origin->substr(scheme + 3) == *host;
  if (own) return;
  throw ProblemError(
      {.status = 403,
       .code = "forbidden",
       .detail = fmt::format("pages of {} may not use this server", origin->substr(0, 100)),
       .hint = "start it with --allow-origin to let them"});
}

bool Guard::is_key(const std::string& text) const {
  const std::string& key = options_.api_key;
  unsigned difference = text.size() == key.size() ? 0 : 1;
  for (size_t i = 0; i < key.size(); ++i) {
    const char other = text.empty() ? '\0' : text[i % text.size()];
    difference |= static_cast<unsigned char>(key[i] ^ other);
  }
  return difference == 0;
}

void Guard::check_key(const Request& request) const {
  if (!asks_for_key()) return;
  const std::string* bearer = request.header("Authorization");
  constexpr std::string_view kBearer = "Bearer ";
  if (bearer != nullptr && bearer->starts_with(kBearer) && is_key(bearer->substr(kBearer.size()))) {
    return;
  }
  const std::string* header = request.header("X-API-Key");
  if (header != nullptr && is_key(*header)) return;
  if (is_key(cookie_of(request, kKeyCookie))) return;
  throw ProblemError({.status = 401,
                      .code = "unauthorized",
                      .detail = "this server asks for an API key",
                      .hint = "send it as \"Authorization: Bearer KEY\""});
}

void Guard::check_rate(const Request& request) {
  if (options_.requests_per_minute <= 0 || request.method == "GET") return;
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  // Full buckets say nothing: they are forgotten before there are too many.
  if (buckets_.size() > 10'000) {
    std::erase_if(buckets_, [&](const auto& entry) {
      return now - entry.second.filled > std::chrono::minutes(1);
    });
  }
  const double per_second = options_.requests_per_minute / 60.0;
  const double most = std::max(1.0, options_.requests_per_minute / 4.0);
  Bucket& bucket = buckets_.try_emplace(request.remote, Bucket{most, now}).first->second;
  const double passed_s = std::chrono::duration<double>(now - bucket.filled).count();
  bucket.tokens = std::min(most, bucket.tokens + passed_s * per_second);
  bucket.filled = now;
  if (bucket.tokens < 1) {
    throw ProblemError(
        {.status = 429,
         .code = "rate_limited",
         .detail = fmt::format("more than {} requests a minute", options_.requests_per_minute),
         .hint = "wait a little",
         .retry_after_s =
             std::max(1, static_cast<int>(std::ceil((1 - bucket.tokens) / per_second)))});
  }
  bucket.tokens -= 1;
}

void Guard::add_cors(const Request& request, Response& response) const {
  const std::string* origin = request.header("Origin");
  if (origin == nullptr || !is_allowed_origin(*origin)) return;
  response.headers.emplace_back("Access-Control-Allow-Origin", *origin);
  response.headers.emplace_back("Vary", "Origin");
  response.headers.emplace_back("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE");
  response.headers.emplace_back("Access-Control-Allow-Headers",
                                "Authorization, Content-Type, Last-Event-ID, X-API-Key");
  response.headers.emplace_back("Access-Control-Expose-Headers",
                                "Location, Retry-After, Content-Range, ETag");
}

}  // namespace riffle::server
