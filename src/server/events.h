// SPDX-License-Identifier: GPL-3.0-or-later
// What happens, as Server-Sent Events: a log that many may follow and that is replayed to those who
// come back.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "server/http.h"

namespace riffle::server {

struct Event {
  int64_t id = 0;  // ascending by one in a log
  std::string name;
  std::shared_ptr<const std::string> data;  // one line of JSON
};

// The newest events of something. Every function may be called from any thread.
class EventLog {
 public:
  explicit EventLog(size_t kept = 1000) : kept_(kept) {}

  void add(std::string_view name, std::shared_ptr<const std::string> data);
  // Nothing comes any more: those who follow are told what is there and let go.
  void close();

  int64_t last_id() const;
  bool closed() const;
  // Those after `after`; absent where some of them are no longer kept.
  std::optional<std::vector<Event>> since(int64_t after) const;
  // Waits until there is one after `after`, or the log is closed, or so long.
  void wait(int64_t after, std::chrono::milliseconds longest) const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::deque<Event> events_;
  size_t kept_;
  int64_t last_id_ = 0;
  bool closed_ = false;
};

// What a fresh follower is told first, in place of events that are gone.
using Snapshot = std::function<std::vector<std::pair<std::string, OrderedJson>>()>;

// The answer to a request for events: text/event-stream, or 204 for one who knows the last event of
// a closed log. `alive` is held while the stream runs.
Response event_stream(const Request& request, std::shared_ptr<EventLog> log, Snapshot snapshot,
                      std::shared_ptr<void> alive = {});

// One event as it is sent.
std::string event_text(int64_t id, std::string_view name, std::string_view data);

}  // namespace riffle::server
