// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/detail/http.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <exception>
#include <memory>

#include "core/error.h"
#include "core/version.h"

namespace riffle::weights::detail {
namespace {

constexpr size_t kMostMessageBytes = 500;

struct HeaderList {
  curl_slist* list = nullptr;
  HeaderList() = default;
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  ~HeaderList() { curl_slist_free_all(list); }
};

// What the C callbacks share. An exception cannot cross libcurl: it is kept and thrown afterwards.
struct Transfer {
  CURL* handle = nullptr;
  const HttpSink& sink;
  const Job& job;
  HttpResponse response;
  bool begun = false;
  std::exception_ptr failure;

  void take(std::string_view bytes) {
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &response.status);
    if (response.status < 200 || response.status >= 300) {
      response.message.append(bytes.substr(
          0, kMostMessageBytes - std::min(kMostMessageBytes, response.message.size())));
      return;
    }
    begin();
    sink.write(bytes);
  }
  void begin() {
    if (!begun && sink.begin) sink.begin(response);
    begun = true;
  }
};

size_t on_body(char* data, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  try {
    transfer.take({data, size * count});
    return size * count;
  } catch (...) {
    transfer.failure = std::current_exception();
    return 0;  // libcurl stops
  }
}

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

size_t on_header(char* data, size_t size, size_t count, void* user) {
  auto& headers = static_cast<Transfer*>(user)->response.headers;
  const std::string_view line(data, size * count);
  if (line.starts_with("HTTP/")) headers.clear();  // another answer after a redirect
  if (const size_t colon = line.find(':'); colon != std::string_view::npos) {
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    headers[name] = trimmed(line.substr(colon + 1));
  }
  return line.size();
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(user)->job.stop.stop_requested() ? 1 : 0;
}

template <class T>
void set(CURL* handle, CURLoption option, T value) {
  if (const CURLcode code = curl_easy_setopt(handle, option, value); code != CURLE_OK) {
    throw Error(ErrorCode::Internal, fmt::format("libcurl: option {}: {}", static_cast<int>(option),
                                                 curl_easy_strerror(code)));
  }
}

void set_up(Transfer& transfer, const HttpRequest& request, HeaderList& headers) {
  CURL* handle = transfer.handle;
  const bool encrypted = request.url.starts_with("https:");
  set(handle, CURLOPT_URL, request.url.c_str());
  set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  set(handle, CURLOPT_REDIR_PROTOCOLS_STR, encrypted ? "https" : "http,https");
  set(handle, CURLOPT_FOLLOWLOCATION, 1L);
  set(handle, CURLOPT_MAXREDIRS, 10L);
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_CONNECTTIMEOUT, 30L);
  set(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(handle, CURLOPT_LOW_SPEED_TIME, 60L);
  const std::string agent = fmt::format("riffle/{}", version());
  set(handle, CURLOPT_USERAGENT, agent.c_str());
  if (!request.bearer.empty()) {
    // libcurl leaves this header out once a redirect leads to another host.
    headers.list = curl_slist_append(
        headers.list, fmt::format("Authorization: Bearer {}", request.bearer).c_str());
    set(handle, CURLOPT_HTTPHEADER, headers.list);
  }
  if (request.range_from > 0)
    set(handle, CURLOPT_RANGE, fmt::format("{}-", request.range_from).c_str());
  set(handle, CURLOPT_WRITEFUNCTION, &on_body);
  set(handle, CURLOPT_WRITEDATA, &transfer);
  set(handle, CURLOPT_HEADERFUNCTION, &on_header);
  set(handle, CURLOPT_HEADERDATA, &transfer);
  set(handle, CURLOPT_NOPROGRESS, 0L);
  set(handle, CURLOPT_XFERINFOFUNCTION, &on_progress);
  set(handle, CURLOPT_XFERINFODATA, &transfer);
}

}  // namespace

HttpResponse http_get(const HttpRequest& request, const HttpSink& sink, const Job& job) {
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle(curl_easy_init(),
                                                                   &curl_easy_cleanup);
  if (global != CURLE_OK || handle == nullptr)
    throw Error(ErrorCode::Internal, "libcurl could not be started");
  Transfer transfer{handle.get(), sink, job, {}, false, nullptr};
  HeaderList headers;
  set_up(transfer, request, headers);
  job.check();
  const CURLcode code = curl_easy_perform(handle.get());
  if (transfer.failure) std::rethrow_exception(transfer.failure);
  job.check();
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &transfer.response.status);
  if (code != CURLE_OK) transfer.response.trouble = curl_easy_strerror(code);
  if (transfer.response.is_success()) transfer.begin();  // an empty body never came by
  return std::move(transfer.response);
}

HttpResponse http_get_text(const HttpRequest& request, uint64_t max_bytes, std::string& body,
                           const Job& job) {
  HttpSink sink;
  sink.begin = [&](const HttpResponse&) { body.clear(); };
  sink.write = [&](std::string_view bytes) {
    if (bytes.size() > max_bytes - body.size()) {
      throw Error(ErrorCode::Io,
                  fmt::format("{}: an answer of more than {} bytes", request.url, max_bytes));
    }
    body.append(bytes);
  };
  return http_get(request, sink, job);
}

}  // namespace riffle::weights::detail
