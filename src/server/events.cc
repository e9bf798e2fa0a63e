// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/events.h"

#include <fmt/format.h>

#include <charconv>

namespace riffle::server {
namespace {

constexpr std::chrono::milliseconds kPing{15'000};
constexpr std::chrono::milliseconds kLook{500};  // for a follower that is gone

// Ids are per process: one of another process, which had other events, is ahead of ours or means
// something else. So they carry where they come from.
const std::string& epoch() {
  static const std::string kEpoch =
      fmt::format("{:x}", std::chrono::system_clock::now().time_since_epoch().count() / 1'000'000);
  return kEpoch;
}

// "epoch-17" -> 17; absent: another process's, or none.
std::optional<int64_t> id_of(const std::string& text) {
  const std::string prefix = epoch() + "-";
  if (!text.starts_with(prefix)) return {};
  int64_t id = 0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data() + prefix.size(), end, id);
  return result.ec == std::errc{} && result.ptr == end && id >= 0 ? std::optional(id)
                                                                  : std::nullopt;
}

bool send_snapshot(Sink& sink, int64_t id, const Snapshot& snapshot) {
  for (const auto& [name, json] : snapshot()) {
    if (!sink.write(event_text(id, name, json.dump()))) return false;
  }
  return true;
}

void follow(Sink& sink, const EventLog& log, std::optional<int64_t> after,
            const Snapshot& snapshot) {
  auto last_sent = std::chrono::steady_clock::now();
  if (!sink.write("retry: 2000\n\n")) return;
  while (sink.is_open()) {
    // Before the events are looked at: what is added in between is sent, not lost.
    const bool closed = log.closed();
    auto events = after ? log.since(*after) : std::nullopt;
    if (!events) {
      after = log.last_id();
      if (!send_snapshot(sink, *after, snapshot)) return;
      last_sent = std::chrono::steady_clock::now();
      events.emplace();
    }
    for (const Event& event : *events) {
      if (!sink.write(event_text(event.id, event.name, *event.data))) return;
      after = event.id;
      last_sent = std::chrono::steady_clock::now();
    }
    if (closed) return;
    if (std::chrono::steady_clock::now() - last_sent >= kPing) {
      if (!sink.write(": ping\n\n")) return;
      last_sent = std::chrono::steady_clock::now();
    }
    log.wait(*after, kLook);
  }
}

}  // namespace

void EventLog::add(std::string_view name, std::shared_ptr<const std::string> data) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  events_.push_back({++last_id_, std::string(name), std::move(data)});
  if (events_.size() > kept_) events_.pop_front();
  changed_.notify_all();
}

void EventLog::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

int64_t EventLog::last_id() const {
  const std::lock_guard lock(mutex_);
  return last_id_;
}

bool EventLog::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

std::optional<std::vector<Event>> EventLog::since(int64_t after) const {
  const std::lock_guard lock(mutex_);
  const int64_t first = last_id_ - static_cast<int64_t>(events_.size()) + 1;
  if (after + 1 < first || after > last_id_) return {};
  return std::vector<Event>(events_.begin() + (after + 1 - first), events_.end());
}

void EventLog::wait(int64_t after, std::chrono::milliseconds longest) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, longest, [&] { return last_id_ > after || closed_; });
}

std::string event_text(int64_t id, std::string_view name, std::string_view data) {
  return fmt::format("id: {}-{}\nevent: {}\ndata: {}\n\n", epoch(), id, name, data);
}

Response event_stream(const Request& request, std::shared_ptr<EventLog> log, Snapshot snapshot,
                      std::shared_ptr<void> alive) {
  const std::string* known = request.header("Last-Event-ID");
  const auto after = known == nullptr ? std::nullopt : id_of(*known);
  if (after && log->closed() && *after == log->last_id()) return {.status = 204};
  Response response{.status = 200, .content_type = "text/event-stream"};
  response.headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
  response.producer = [log = std::move(log), snapshot = std::move(snapshot),
                       alive = std::move(alive),
                       after](Sink& sink) { follow(sink, *log, after, snapshot); };
  return response;
}

}  // namespace riffle::server
