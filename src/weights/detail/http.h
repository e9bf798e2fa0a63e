// SPDX-License-Identifier: GPL-3.0-or-later
// One HTTP GET through libcurl.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "core/job.h"

namespace riffle::weights::detail {

struct HttpRequest {
  std::string url;          // http or https
  std::string bearer;       // sent to the first host only, never to where it redirects
  uint64_t range_from = 0;  // asks for the bytes from here on when not 0
};

struct HttpResponse {
  long status = 0;                             // 0: no answer came
  std::map<std::string, std::string> headers;  // of the last answer; names in lower case
  std::string trouble;  // why the transfer broke off, in libcurl's words; empty when it was whole
  std::string message;  // beginning of the body of an answer other than 2xx

  bool is_success() const { return trouble.empty() && status >= 200 && status < 300; }
  // Whether asking again may help: the connection broke, or the server says it is busy.
  bool is_passing() const {
    return !trouble.empty() || status == 408 || status == 429 || status >= 500;
  }
};

struct HttpSink {
  // Called once before the first byte of a 2xx answer (status and headers are known), then the
  // body.
  std::function<void(const HttpResponse& head)> begin;
  std::function<void(std::string_view bytes)> write;
};

// Follows up to 10 redirects, from https to https only. Failures of transport and of the server are
// in the response; what the sink throws is passed on. Throws Error{Cancelled} within a second of a
// stop being asked for. A connection that moves nothing for a minute counts as broken.
HttpResponse http_get(const HttpRequest& request, const HttpSink& sink, const Job& job);

// A whole body of at most max_bytes as text. Throws Error{Io} when it is longer.
HttpResponse http_get_text(const HttpRequest& request, uint64_t max_bytes, std::string& body,
                           const Job& job);

}  // namespace riffle::weights::detail
