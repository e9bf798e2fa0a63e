// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/http_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <httplib.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <mutex>
#include <set>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "server/body_length.h"
#include "server/connection_threads.h"
#include "server/problem.h"
#include "server/range.h"
#include "server/wait_for_socket.h"

namespace riffle::server {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kBacklog = 1024;
constexpr int kMaxRequestsPerConnection = 10'000;

// A connection with deadlines: an idle one, one that drips its head or its body, and one that does
// not take what it asked for all come to an end.
class Connection final : public httplib::Stream {
 public:
  Connection(int socket, const HttpOptions& options) : socket_(socket), options_(options) {}

  // Waits for the next request to begin.
  bool wait_for_request() {
    if (begin_ == end_ && !wait_for_socket(socket_, POLLIN, Clock::now() + options_.idle_timeout)) {
      return false;
    }
    deadline_ = Clock::now() + options_.header_timeout;
    header_left_ = options_.max_header_bytes;
    in_body_ = false;
    body_read_ = true;
    length_is_sound_ = true;
    return true;
  }

  // The head was read, and this follows it.
  void begin_body(const BodyLength& length) {
    in_body_ = true;
    body_read_ = length.kind == BodyLength::Kind::None;
    length_is_sound_ = length.kind != BodyLength::Kind::Malformed;
    told_ = length.kind == BodyLength::Kind::Known ? length.bytes : -1;
    const int64_t expected = told_ < 0 ? options_.max_body : std::min(told_, options_.max_body);
    deadline_ = Clock::now() + options_.body_timeout +
                milliseconds(1000 * expected / options_.slowest_body);
  }
  void body_was_read() { body_read_ = true; }
  bool body_left() const { return !body_read_; }
  bool body_is_too_large() const { return told_ > options_.max_body; }
  // False: nobody can tell where the body ends, so nothing after the head may be read.
  bool length_is_sound() const { return length_is_sound_; }
  bool head_was_read() const { return in_body_; }
  // Why the library got no whole head.
  int status_of_broken_head() const {
    if (header_left_ <= 0) return 431;
    return Clock::now() >= deadline_ ? 408 : 400;
  }

  // Takes what the other side still sends, for a moment, so that it gets to see the answer.
  void linger() {
    ::shutdown(socket_, SHUT_WR);
    const auto deadline = Clock::now() + milliseconds(500);
    std::array<char, 16384> buffer{};
    for (int64_t left = 4 << 20; left > 0 && wait_for_socket(socket_, POLLIN, deadline);) {
      const ssize_t got = ::recv(socket_, buffer.data(), buffer.size(), 0);
      if (got <= 0) break;
      left -= got;
    }
  }

  bool is_readable() const override {
    return begin_ != end_ || wait_for_socket(socket_, POLLIN, read_deadline());
  }
  bool is_writable() const override {
    return wait_for_socket(socket_, POLLOUT, Clock::now() + options_.write_timeout);
  }

  ssize_t read(char* data, size_t size) override {
    if (!in_body_ && header_left_ <= 0) return -1;
    if (begin_ == end_) {
      if (!is_readable()) return -1;
      const ssize_t got = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
      if (got <= 0) return got;
      begin_ = 0;
      end_ = static_cast<size_t>(got);
    }
    const size_t count = std::min(size, end_ - begin_);
    std::memcpy(data, buffer_.data() + begin_, count);
    begin_ += count;
    if (!in_body_) header_left_ -= static_cast<int64_t>(count);
    return static_cast<ssize_t>(count);
  }

  ssize_t write(const char* data, size_t size) override {
    size_t sent = 0;
    while (sent < size) {
      if (!is_writable()) return -1;
      const ssize_t count = ::send(socket_, data + sent, size - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count < 0 && errno != EAGAIN && errno != EINTR) return -1;
      if (count > 0) sent += static_cast<size_t>(count);
    }
    return static_cast<ssize_t>(sent);
  }

  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    name_of(::getpeername, ip, port);
  }
  void get_local_ip_and_port(std::string& ip, int& port) const override {
    name_of(::getsockname, ip, port);
  }
  socket_t socket() const override { return socket_; }

 private:
  Clock::time_point read_deadline() const {
    return in_body_ ? std::min(deadline_, Clock::now() + options_.body_timeout) : deadline_;
  }

  void name_of(int (*ask)(int, sockaddr*, socklen_t*), std::string& ip, int& port) const {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (ask(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0) return;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address.ss_family == AF_INET) {
      const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
      ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
      port = ntohs(v4.sin_port);
    } else {
      const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
      ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
      port = ntohs(v6.sin6_port);
    }
    ip = text.data();
  }

  int socket_;
  const HttpOptions& options_;
  Clock::time_point deadline_;
  int64_t header_left_ = 0;
  bool in_body_ = false;
  bool body_read_ = true;
  bool length_is_sound_ = true;
  int64_t told_ = -1;  // bytes of the body; -1: not told
  std::array<char, 8192> buffer_{};
  size_t begin_ = 0;
  size_t end_ = 0;
};

// The connection the current thread serves.
thread_local Connection* t_connection = nullptr;
// Set while the accepting thread turns one away.
thread_local bool t_refuse = false;

class SinkOf final : public Sink {
 public:
  SinkOf(httplib::DataSink& sink, const std::atomic<bool>& stopping)
      : sink_(sink), stopping_(stopping) {}
  bool write(std::string_view bytes) override {
    open_ = open_ && !stopping_ && sink_.write(bytes.data(), bytes.size());
    return open_;
  }
  bool is_open() override {
    if (!open_ || stopping_) return false;
    // A side that has gone away can be read from: it gives nothing.
    pollfd entry{t_connection->socket(), POLLIN | POLLRDHUP, 0};
    if (::poll(&entry, 1, 0) > 0 && (entry.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0) {
      open_ = false;
    }
    return open_;
  }

 private:
  httplib::DataSink& sink_;
  const std::atomic<bool>& stopping_;
  bool open_ = true;
};

class QueueOfThreads final : public httplib::TaskQueue {
 public:
  QueueOfThreads(int limit, std::atomic<int64_t>& refused) : threads_(limit), refused_(refused) {}
  void enqueue(std::function<void()> serve) override {
    if (threads_.start(serve)) return;
    ++refused_;
    t_refuse = true;
    serve();
    t_refuse = false;
  }
  void shutdown() override { threads_.finish(); }

 private:
  ConnectionThreads threads_;
  std::atomic<int64_t>& refused_;
};

std::string entity_tag(const std::filesystem::path& path, int64_t size) {
  std::error_code ignored;
  const auto changed = std::filesystem::last_write_time(path, ignored).time_since_epoch().count();
  return fmt::format("\"{:x}-{:x}\"", size, changed);
}

// A file with what caches and players ask for: ETag, and one range of bytes.
void serve_file(const httplib::Request& in, const Response& response, httplib::Response& out) {
  std::error_code error;
  const auto size = static_cast<int64_t>(std::filesystem::file_size(response.file, error));
  auto stream = std::make_shared<std::ifstream>(response.file, std::ios::binary);
  if (error || !*stream) {
    out.status = 404;
    return;
  }
  const std::string tag = entity_tag(response.file, size);
  out.set_header("ETag", tag);
  out.set_header("Accept-Ranges", "bytes");
  if (in.get_header_value("If-None-Match").find(tag) != std::string::npos) {
    out.status = 304;
    return;
  }
  ByteRange part{0, size - 1};
  const bool fresh = !in.has_header("If-Range") || in.get_header_value("If-Range") == tag;
  if (in.has_header("Range") && fresh) {
    const RangeChoice choice = choose_range(in.get_header_value("Range"), size);
    if (choice.kind == RangeChoice::Kind::Unsatisfiable) {
      out.status = 416;
      out.set_header("Content-Range", fmt::format("bytes */{}", size));
      return;
    }
    if (choice.kind == RangeChoice::Kind::Part) {
      part = choice.part;
      out.status = 206;
      out.set_header("Content-Range", fmt::format("bytes {}-{}/{}", part.first, part.last, size));
    }
  }
  if (size == 0) return out.set_content("", response.content_type);
  out.set_content_provider(
      static_cast<size_t>(part.last - part.first + 1), response.content_type,
      [stream, first = part.first](size_t offset, size_t length, httplib::DataSink& sink) {
        std::array<char, 64 * 1024> buffer{};
        stream->clear();
        stream->seekg(first + static_cast<int64_t>(offset));
        stream->read(buffer.data(), static_cast<std::streamsize>(std::min(length, buffer.size())));
        const auto count = static_cast<size_t>(stream->gcount());
        return count > 0 && sink.write(buffer.data(), count);
      });
}

}  // namespace

struct HttpServer::Impl final : httplib::Server {
  Impl(HttpOptions options_in, HttpServer::Handler handler_in)
      : options(std::move(options_in)), handler(std::move(handler_in)) {
    new_task_queue = [this] { return new QueueOfThreads(options.max_connections, refused); };
    set_payload_max_length(static_cast<size_t>(options.max_body));
    set_tcp_nodelay(true);
    set_keep_alive_max_count(kMaxRequestsPerConnection);  // what answers tell of it
    set_keep_alive_timeout(options.idle_timeout.count() / 1000);
    set_socket_options([this](socket_t socket) {
      const int yes = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
      listening = socket;
    });
    const auto plain = [this](const httplib::Request& in, httplib::Response& out) {
      answer(in, out, nullptr);
    };
    const auto reading = [this](const httplib::Request& in, httplib::Response& out,
                                const httplib::ContentReader& reader) { answer(in, out, &reader); };
    Get(".*", plain);
    Options(".*", plain);
    Post(".*", reading);
    Put(".*", reading);
    Patch(".*", reading);
    Delete(".*", reading);
    set_error_handler([](const httplib::Request&, httplib::Response& response) {
      if (!t_connection->head_was_read()) {
        if (response.status == 400) response.status = t_connection->status_of_broken_head();
        response.set_header("Connection", "close");
      }
      if (response.body.empty() && !response.content_provider_) {
        response.set_content(to_json(problem_of_status(response.status)).dump(), kProblemType);
      }
    });
  }

  bool process_and_close_socket(socket_t socket) override;
  void answer(const httplib::Request& in, httplib::Response& out,
              const httplib::ContentReader* reader);
  void read_file(const httplib::Request& in, const httplib::ContentReader& reader,
                 const IncomingFile& file) const;

  HttpOptions options;
  HttpServer::Handler handler;
  std::atomic<bool> stopping_now{false};
  std::atomic<int64_t> refused{0};
  int listening = -1;
  int bound_port = 0;
  mutable std::mutex mutex;
  std::set<int> sockets;
};

bool HttpServer::Impl::process_and_close_socket(socket_t socket) {
  if (t_refuse) {
    constexpr std::string_view kBusy =
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\n"
        "Connection: close\r\n\r\n";
    ::send(socket, kBusy.data(), kBusy.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::close(socket);
    return false;
  }
  {
    const std::lock_guard lock(mutex);
    sockets.insert(socket);
  }
  Connection connection(socket, options);
  t_connection = &connection;
  for (int i = 1; i <= kMaxRequestsPerConnection && !stopping_now; ++i) {
    if (!connection.wait_for_request()) break;
    bool closed = false;
    const bool last = i == kMaxRequestsPerConnection || stopping_now;
    const bool served = process_request(connection, last, closed, [&](httplib::Request& request) {
      request.ranges.clear();                    // chosen where files are served
      request.headers.erase("Accept-Encoding");  // compressing costs more than loopback gains
      connection.begin_body(body_length_of(request.get_header_value_count("Content-Length"),
                                           request.get_header_value("Content-Length"),
                                           request.has_header("Transfer-Encoding")));
    });
    if (!served) break;
    if (!connection.head_was_read() || connection.body_left()) {
      connection.linger();
      break;
    }
    if (closed) break;
  }
  t_connection = nullptr;
  {
    const std::lock_guard lock(mutex);
    sockets.erase(socket);
  }
  ::shutdown(socket, SHUT_RDWR);
  ::close(socket);
  return true;
}

void HttpServer::Impl::read_file(const httplib::Request& in, const httplib::ContentReader& reader,
                                 const IncomingFile& file) const {
  // The library would read all of it before it says so.
  if (t_connection->body_is_too_large()) throw body_too_large(options.max_body);
  // It counts the bytes that are sent; of a body that is packed (Content-Encoding) there are more.
  int64_t left = options.max_body;
  const auto take = [&](const char* data, size_t size, bool wanted) {
    left -= static_cast<int64_t>(size);
    if (left < 0) throw body_too_large(options.max_body);
    if (wanted) file.on_bytes({data, size});
  };
  std::exception_ptr failure;
  const auto guarded = [&](const auto& call) {
    try {
      call();
      return true;
    } catch (...) {
      failure = std::current_exception();
      return false;
    }
  };
  bool whole = false;
  if (in.is_multipart_form_data()) {
    bool wanted = false;
    whole = reader(
        [&](const httplib::MultipartFormData& part) {
          wanted = part.name == "file";
          return !wanted || guarded([&] { file.on_name(part.filename); });
        },
        [&](const char* data, size_t size) { return guarded([&] { take(data, size, wanted); }); });
  } else {
    whole = reader(
        [&](const char* data, size_t size) { return guarded([&] { take(data, size, true); }); });
  }
  if (failure) std::rethrow_exception(failure);
  if (!whole) {
    throw Error(ErrorCode::InvalidArgument, "the body of the request broke off or is malformed");
  }
  t_connection->body_was_read();
}

void HttpServer::Impl::answer(const httplib::Request& in, httplib::Response& out,
                              const httplib::ContentReader* reader) {
  Request request;
  request.method = in.method == "HEAD" ? "GET" : in.method;
  request.path = in.path;
  request.query.insert(in.params.begin(), in.params.end());
  for (const auto& [name, value] : in.headers) {
    if (name != "REMOTE_ADDR" && name != "REMOTE_PORT" && name != "LOCAL_ADDR" &&
        name != "LOCAL_PORT") {
      request.headers.emplace(name, value);
    }
  }
  request.remote = in.remote_addr;
  request.read_file = [&](const IncomingFile& file) {
    // Without a length there is no body; the library would read until the other side hangs up.
    if (reader != nullptr && t_connection->body_left()) read_file(in, *reader, file);
  };
  const Response response =
      t_connection->length_is_sound()
          ? handler(request)
          : problem_response({.status = 400,
                              .code = "invalid_argument",
                              .detail = "the length of the request's body is malformed",
                              .hint = "send one Content-Length of digits, or chunks"});
  out.status = response.status;
  for (const auto& [name, value] : response.headers) out.set_header(name, value);
  if (t_connection->body_left()) out.set_header("Connection", "close");
  if (response.producer) {
    out.set_chunked_content_provider(response.content_type, [this, producer = response.producer](
                                                                size_t, httplib::DataSink& sink) {
      SinkOf ours(sink, stopping_now);
      producer(ours);
      if (!ours.is_open()) return false;
      sink.done();
      return true;
    });
  } else if (!response.file.empty() && response.status < 300) {
    serve_file(in, response, out);
  } else if (!response.body.empty() || response.status >= 400) {
    out.set_content(response.body, response.content_type);
  }
}

HttpServer::HttpServer(const HttpOptions& options, Handler handler)
    : impl_(std::make_unique<Impl>(options, std::move(handler))) {
  Impl& server = *impl_;
  server.bound_port = options.port;
  const bool bound = options.port == 0
                         ? (server.bound_port = server.bind_to_any_port(options.host)) > 0
                         : server.bind_to_port(options.host, options.port);
  if (!bound) {
    throw Error(ErrorCode::Io,
                fmt::format("cannot listen on {} port {}", options.host, options.port),
                "another program may use the port: choose one with --port");
  }
  // The library's own backlog is 5 connections, which a page with many pictures overruns.
  ::listen(server.listening, kBacklog);
}

HttpServer::~HttpServer() = default;

int HttpServer::port() const { return impl_->bound_port; }
bool HttpServer::stopping() const { return impl_->stopping_now; }

void HttpServer::run() { impl_->listen_after_bind(); }

void HttpServer::stop(std::chrono::milliseconds grace) {
  Impl& server = *impl_;
  server.stopping_now = true;
  server.stop();
  const auto for_all = [&](int how) {
    const std::lock_guard lock(server.mutex);
    for (const int socket : server.sockets) ::shutdown(socket, how);
    return !server.sockets.empty();
  };
  // Those that wait for a request see its end; answers go on being written.
  for_all(SHUT_RD);
  const auto deadline = Clock::now() + grace;
  while (Clock::now() < deadline) {
    {
      const std::lock_guard lock(server.mutex);
      if (server.sockets.empty()) return;
    }
    std::this_thread::sleep_for(milliseconds(10));
  }
  for_all(SHUT_RDWR);
}

HttpCounters HttpServer::counters() const {
  const std::lock_guard lock(impl_->mutex);
  return {static_cast<int64_t>(impl_->sockets.size()), impl_->refused};
}

}  // namespace riffle::server
