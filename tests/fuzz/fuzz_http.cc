// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes sent to the HTTP server over a connection of their own: requests as they come, forms
// with files, bodies in chunks. It answers or hangs up, hands over no byte that was not sent, and
// the next one who asks is served.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include "fuzz_support.h"
#include "server/http_server.h"

using riffle::fuzz::require;

namespace {

constexpr size_t kMaxBody = 4096;
constexpr int kImpatienceS = 5;

// Of the request in hand; requests of one connection come one after the other.
std::atomic<size_t> g_handed_over{0};

// Takes a body apart, and answers what it saw.
riffle::server::Response answer(riffle::server::Request& request) {
  size_t names = 0;
  size_t bytes = 0;
  try {
    request.read_file({.on_name =
                           [&](const std::string& name) {
                             ++names;
                             if (name == "throw") throw std::runtime_error("not this one");
                           },
                       .on_bytes = [&](std::string_view part) { bytes += part.size(); }});
  } catch (const std::exception&) {
    return {.status = 400, .content_type = "text/plain", .body = "refused"};
  }
  g_handed_over += bytes;
  require(bytes <= kMaxBody);
  return {.content_type = "text/plain", .body = fmt::format("{} files, {} bytes", names, bytes)};
}

// For the whole run: libFuzzer never returns to main().
const riffle::server::HttpServer& server() {
  static auto* const started = [] {
    auto* const made = new riffle::server::HttpServer(
        {.port = 0, .max_body = kMaxBody, .max_header_bytes = 2048}, &answer);
    std::thread([made] { made->run(); }).detach();
    return made;
  }();
  return *started;
}

// What comes back until the server hangs up, the bytes being all that is ever sent.
std::string sent(std::string_view bytes) {
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  require(client >= 0);
  const timeval impatience{kImpatienceS, 0};
  ::setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &impatience, sizeof impatience);
  // A closed connection keeps its pair of ports for a minute: thousands a second would use them up,
  // did they not come from many addresses.
  static uint32_t sender = 0;
  sender = (sender + 1) % 200;
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (sender << 16U));
  const int yes = 1;
  ::setsockopt(client, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
  require(::bind(client, reinterpret_cast<const sockaddr*>(&own), sizeof own) == 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(server().port()));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // libFuzzer's clock interrupts: a connection is made all the same.
  if (::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    require(errno == EINTR);
    pollfd made{client, POLLOUT, 0};
    while (::poll(&made, 1, 1000 * kImpatienceS) < 0) require(errno == EINTR);
  }
  while (!bytes.empty()) {
    const ssize_t count = ::send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;  // it has hung up already
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  ::shutdown(client, SHUT_WR);
  std::string got;
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t count = ::recv(client, buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    require(count >= 0 || errno != EAGAIN);  // it did hang up
    if (count <= 0) break;
    got.append(buffer.data(), static_cast<size_t>(count));
  }
  ::close(client);
  return got;
}

// A body that is packed is more than what is sent of it.
bool may_be_packed(std::string_view bytes) {
  constexpr std::string_view kHeader = "content-encoding";
  const auto lower = [](unsigned char c) { return static_cast<char>(std::tolower(c)); };
  const auto same = [&](char a, char b) { return lower(static_cast<unsigned char>(a)) == b; };
  return std::search(bytes.begin(), bytes.end(), kHeader.begin(), kHeader.end(), same) !=
         bytes.end();
}

std::string posted(std::string_view headers, std::string_view body) {
  return fmt::format("POST /files HTTP/1.1\r\nHost: a\r\n{}\r\n{}", headers, body);
}

}  // namespace

int LLVMFuzzerInitialize(int*, char***) {
  riffle::fuzz::silence();
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string bytes;
  switch (data[0] % 4) {
    case 0:
      bytes = rest;
      break;
    case 1:
      bytes = posted(fmt::format("Content-Type: multipart/form-data; boundary=b\r\n"
                                 "Content-Length: {}\r\n",
                                 rest.size()),
                     rest);
      break;
    case 2:
      bytes = posted(
          "Content-Type: multipart/form-data; boundary=b\r\n"
          "Transfer-Encoding: chunked\r\n",
          rest);
      break;
    default:
      bytes = posted("Transfer-Encoding: chunked\r\n", rest);
      break;
  }
  g_handed_over = 0;
  const std::string got = sent(bytes);
  require(got.empty() || got.starts_with("HTTP/1."));
  require(g_handed_over <= bytes.size() || may_be_packed(bytes));
  const std::string next = sent("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  require(next.starts_with("HTTP/1.1 200"));
  return 0;
}
