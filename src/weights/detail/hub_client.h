// SPDX-License-Identifier: GPL-3.0-or-later
// Asking the hub: addresses, patience with passing failures, and refusals in words.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "weights/detail/http.h"
#include "weights/hub.h"

namespace riffle::weights::detail {

// Where a file of the listed commit is.
std::string file_url(const HubListing& listing, const std::string& path, const HubOptions& options);

// Calls `attempt` until its response is final or options.attempts are used up, pausing in between.
// Throws Error{Cancelled} at most 100 ms after a stop was asked for.
HttpResponse with_patience(const HubOptions& options, const Job& job,
                           const std::function<HttpResponse()>& attempt);

// Throws what an unsuccessful response means: Error{NotFound} or Error{Io}. `what`: what was asked
// for.
[[noreturn]] void refuse(const HttpResponse& response, const std::string& what,
                         const HubOptions& options);

// A whole answer of at most max_bytes, or a refusal.
std::string get_text(const std::string& url, const std::string& what, uint64_t max_bytes,
                     const HubOptions& options, const Job& job);

}  // namespace riffle::weights::detail
