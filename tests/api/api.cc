// SPDX-License-Identifier: GPL-3.0-or-later
#include "api/api.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <fstream>
#include <thread>

#include "core/files.h"
#include "support/tiny_bundle.h"

namespace riffle::test {
namespace {

namespace fs = std::filesystem;

constexpr auto kPatience = std::chrono::seconds(60);

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

void hold_against_description(const std::string& method, const std::string& path,
                              const Answer& answer) {
  const std::string plain = path.substr(0, path.find('?'));
  const Json* operation = open_api().operation(lower(method), plain);
  if (operation == nullptr) {
    // What is not described is not there.
    EXPECT_TRUE(answer.status == 404 || answer.status == 405 || answer.status == 401 ||
                answer.status == 421 || answer.status == 403)
        << method << " " << path << " is not described, and answers " << answer.status;
    return;
  }
  bool described = false;
  const auto type = answer.headers.find("content-type");
  const std::string kind = type == answer.headers.end() ? "" : type->second;
  const Json* schema = open_api().answer_schema(*operation, answer.status, kind, described);
  EXPECT_TRUE(described) << method << " " << path << ": status " << answer.status
                         << " is not described: " << answer.body.substr(0, 300);
  if (schema == nullptr || kind.find("json") == std::string::npos) return;
  for (const std::string& wrong : open_api().check(answer.json(), *schema)) {
    ADD_FAILURE() << method << " " << path << " " << answer.status << ": " << wrong;
  }
}

}  // namespace

const OpenApi& open_api() {
  static const OpenApi kApi(RIFFLE_OPENAPI);
  return kApi;
}

Json Answer::json() const { return parse_json(body, "the answer"); }

void wait_until(const std::function<bool()>& done, const char* what) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) FAIL() << "waited in vain: " << what;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

ApiServer::ApiServer(const fs::path& folder, std::vector<std::string> flags) {
  if (!fs::exists(folder / "tiny")) {
    make_tiny_bundle(folder / "tiny",
                     R"({"num_frequencies": 64, "sample_rate": 22050, "step_size_ms": 20,
                         "padded_duration_ms": 200})");
  }
  std::vector<std::string> command = {"serve",
                                      "--port",
                                      "0",
                                      "--model",
                                      (folder / "tiny").string(),
                                      "--library",
                                      (folder / "library").string()};
  command.insert(command.end(), flags.begin(), flags.end());
  process_ = std::make_unique<Process>(riffle_command(command));
  wait_until(
      [&] {
        const std::string out = process_->out_so_far();
        const size_t colon = out.rfind(':');
        if (out.find('\n') == std::string::npos || colon == std::string::npos) {
          return !process_->is_running();
        }
        port_ = std::stoi(out.substr(colon + 1));
        return true;
      },
      "the server's address");
  if (port_ == 0) ADD_FAILURE() << "the server did not start: " << process_->wait().err;
}

std::string ApiServer::url() const { return fmt::format("http://127.0.0.1:{}", port_); }

double ApiServer::memory_mb() const {
  std::ifstream status(fmt::format("/proc/{}/status", pid()));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) / 1024;
  }
  return 0;
}

Answer ApiServer::ask(const std::string& method, const std::string& path, const std::string& body,
                      const AskOptions& options) const {
  httplib::Client client("127.0.0.1", port_);
  client.set_read_timeout(120);
  httplib::Request request;
  request.method = method;
  request.path = path;
  request.body = body;
  for (const auto& [name, value] : options.headers) request.set_header(name, value);
  const httplib::Result result = client.send(request);
  Answer answer;
  if (!result) return answer;
  answer.status = result->status;
  answer.body = result->body;
  for (const auto& [name, value] : result->headers) answer.headers[lower(name)] = value;
  if (options.described) hold_against_description(method, path, answer);
  return answer;
}

Json ApiServer::call(const std::string& method, const std::string& path, const Json& body,
                     int status) const {
  AskOptions options;
  if (!body.is_null()) options.headers["Content-Type"] = "application/json";
  const Answer answer = ask(method, path, body.is_null() ? "" : body.dump(), options);
  EXPECT_EQ(answer.status, status) << method << " " << path << ": " << answer.body.substr(0, 500);
  return answer.body.empty() ? Json() : answer.json();
}

std::string ApiServer::raw(const std::string& bytes) const {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port_));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  timeval patience{30, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  std::string got;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t count = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (count <= 0) break;
    got.append(buffer.data(), static_cast<size_t>(count));
  }
  ::close(socket);
  return got;
}

Json ApiServer::submit(const Json& more, const Json& options) const {
  Json request = {{"prompt", "funky synth"},
                  {"seconds", 0.5},
                  {"steps", 2},
                  {"decode_iterations", 2},
                  {"seed", 7}};
  request.update(more);
  Json body = {{"pipeline", "generate"}, {"request", request}};
  body.update(options);
  return call("POST", "/api/v1/jobs", body, 202);
}

Json ApiServer::occupy() const {
  const Json job = submit({{"steps", 999}, {"seconds", 60}});
  follow(job.at("events_url"), [](const SseEvent& event) { return event.name == "progress"; });
  const Json now = get(job.at("url"));
  EXPECT_EQ(now.at("state"), "running") << now.at("error").dump();
  return now;
}

void ApiServer::clear() const {
  for (const Json& job : get("/api/v1/jobs?state=queued,running").at("jobs")) {
    call("DELETE", job.at("url"), nullptr, 200);
    finished(job.at("id"));
  }
}

Json ApiServer::finished(const std::string& job) const {
  Json last;
  wait_until(
      [&] {
        last = get("/api/v1/jobs/" + job);
        const std::string state = last.at("state");
        return state != "queued" && state != "running";
      },
      "the end of a job");
  return last;
}

Json ApiServer::make(const Json& more) const {
  const Json job = finished(submit(more).at("id"));
  EXPECT_EQ(job.at("state"), "done") << job.at("error").dump();
  return job.at("clips").at(0);
}

std::vector<SseEvent> ApiServer::follow(const std::string& path,
                                        const std::function<bool(const SseEvent&)>& enough,
                                        const std::string& last_event_id) const {
  std::vector<SseEvent> events;
  std::string waiting;
  httplib::Client client("127.0.0.1", port_);
  client.set_read_timeout(60);
  httplib::Headers headers;
  if (!last_event_id.empty()) headers.emplace("Last-Event-ID", last_event_id);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  client.Get(path, headers, [&](const char* data, size_t size) {
    waiting.append(data, size);
    for (size_t end = waiting.find("\n\n"); end != std::string::npos; end = waiting.find("\n\n")) {
      SseEvent event;
      std::istringstream lines(waiting.substr(0, end));
      waiting.erase(0, end + 2);
      for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("id: ")) event.id = line.substr(4);
        if (line.starts_with("event: ")) event.name = line.substr(7);
        if (line.starts_with("data: ")) event.data = parse_json(line.substr(6), "an event");
      }
      if (event.name.empty()) continue;
      for (const std::string& wrong : open_api().check(event.data, open_api().event(event.name))) {
        ADD_FAILURE() << path << ": event " << event.name << ": " << wrong;
      }
      events.push_back(event);
      if (enough(event)) return false;
    }
    // Pings keep a stream alive that has nothing more to tell.
    if (std::chrono::steady_clock::now() < deadline) return true;
    ADD_FAILURE() << path << ": waited in vain for an event";
    return false;
  });
  return events;
}

int ApiServer::listen_to(const std::string& path, size_t enough, size_t& bytes) const {
  httplib::Client client("127.0.0.1", port_);
  client.set_read_timeout(60);
  int status = 0;
  bytes = 0;
  client.Get(
      path,
      [&](const httplib::Response& response) {
        status = response.status;
        return true;
      },
      [&](const char*, size_t size) {
        bytes += size;
        return bytes < enough;
      });
  return status;
}

Finished ApiServer::stop() {
  process_->signal(SIGTERM);
  return process_->wait();
}

void ApiServer::kill() {
  process_->signal(SIGKILL);
  process_->wait();
}

}  // namespace riffle::test
