// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/detail/hub_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "core/error.h"
#include "core/log.h"
#include "core/url.h"

namespace riffle::weights::detail {
namespace {

// Waits before another attempt, at most 100 ms past a stop.
void pause(int64_t ms, const Job& job) {
  for (int64_t waited = 0; waited < ms; waited += 100) {
    job.check();
    std::this_thread::sleep_for(std::chrono::milliseconds(std::min<int64_t>(100, ms - waited)));
  }
}

}  // namespace

std::string file_url(const HubListing& listing, const std::string& path,
                     const HubOptions& options) {
  std::string url = fmt::format("{}/{}/resolve/{}", options.endpoint, listing.repository,
                                url_escaped(listing.commit));
  for (const std::filesystem::path& part : std::filesystem::path(path))
    url.append("/").append(url_escaped(part.string()));
  return url;
}

// Calls `attempt` until its response is final or the attempts are used up.
HttpResponse with_patience(const HubOptions& options, const Job& job,
                           const std::function<HttpResponse()>& attempt) {
  int64_t wait_ms = options.first_pause_ms;
  for (int i = 1;; ++i) {
    HttpResponse response = attempt();
    if (!response.is_passing() || i >= options.attempts) return response;
    log::warn("hub: {}; attempt {} of {}",
              response.trouble.empty() ? fmt::format("HTTP {}", response.status) : response.trouble,
              i + 1, options.attempts);
    pause(wait_ms, job);
    wait_ms = std::min<int64_t>(wait_ms * 2, 60'000);
  }
}

void refuse(const HttpResponse& response, const std::string& what, const HubOptions& options) {
  if (!response.trouble.empty()) {
    throw Error(
        ErrorCode::Io, fmt::format("{}: {}: {}", options.endpoint, what, response.trouble),
        "check the network; what was fetched so far is kept, so run the same command again");
  }
  const bool hidden = response.status == 401 || response.status == 403 || response.status == 404;
  throw Error(hidden ? ErrorCode::NotFound : ErrorCode::Io,
              fmt::format("{}: {}: HTTP {}{}{}", options.endpoint, what, response.status,
                          response.message.empty() ? "" : ": ", response.message.substr(0, 120)),
              !hidden ? "try again later"
              : options.token.empty()
                  ? "check the name; private and gated models need a token in $HF_TOKEN"
                  : "check the name, and that the token in $HF_TOKEN may read it");
}

std::string get_text(const std::string& url, const std::string& what, uint64_t max_bytes,
                     const HubOptions& options, const Job& job) {
  std::string body;
  const HttpResponse response = with_patience(options, job, [&] {
    return http_get_text({url, options.token, 0}, max_bytes, body, job);
  });
  if (!response.is_success()) refuse(response, what, options);
  return body;
}

}  // namespace riffle::weights::detail
