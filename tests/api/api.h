// SPDX-License-Identifier: GPL-3.0-or-later
// The riffle program serving a tiny model, and requests to it. Every answer is held against the
// API's description.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/schema.h"
#include "core/json.h"
#include "e2e/process.h"

namespace riffle::test {

struct Answer {
  int status = 0;                                   // 0: there was none
  std::map<std::string, std::string> headers = {};  // names in lower case
  std::string body = {};
  Json json() const;
};

struct AskOptions {
  std::map<std::string, std::string> headers = {};
  bool described = true;  // the answer is held against docs/openapi.json
};

struct SseEvent {
  std::string id;
  std::string name;
  Json data;
};

const OpenApi& open_api();

class ApiServer {
 public:
  // Serves `folder`/library with a model of noise that lies in `folder`.
  explicit ApiServer(const std::filesystem::path& folder, std::vector<std::string> flags = {});

  int port() const { return port_; }
  std::string url() const;
  pid_t pid() const { return process_->pid(); }
  // Resident memory, in MiB.
  double memory_mb() const;

  Answer ask(const std::string& method, const std::string& path, const std::string& body = "",
             const AskOptions& options = {}) const;
  // JSON in, JSON out; the status is expected.
  Json call(const std::string& method, const std::string& path, const Json& body, int status) const;
  Json get(const std::string& path) const { return call("GET", path, nullptr, 200); }
  // Bytes as they are to a fresh connection; what comes back until the other side closes.
  std::string raw(const std::string& bytes) const;

  // A job of generate with as little work as there can be; `more` comes on top.
  Json submit(const Json& more = Json::object(), const Json& options = Json::object()) const;
  // A job that is being made and goes on until it is cancelled, however fast the machine is.
  Json occupy() const;
  // Cancels all that waits or is being made, and waits for its end.
  void clear() const;
  // Waits for its end.
  Json finished(const std::string& job) const;
  Json make(const Json& more = Json::object()) const;  // the clip of a job

  // Events until `enough` says so, or the stream ends. Each is held against the description.
  std::vector<SseEvent> follow(const std::string& path,
                               const std::function<bool(const SseEvent&)>& enough,
                               const std::string& last_event_id = "") const;

  // Listens to a stream until so many bytes came, then hangs up. Returns the status.
  int listen_to(const std::string& path, size_t enough, size_t& bytes) const;

  Finished stop();  // SIGTERM
  void kill();      // SIGKILL

 private:
  std::unique_ptr<Process> process_;
  int port_ = 0;
};

// Asks again until the answer is yes; fails the test after a minute.
void wait_until(const std::function<bool()>& done, const char* what);

}  // namespace riffle::test
