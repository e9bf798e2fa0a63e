// SPDX-License-Identifier: GPL-3.0-or-later
// One computation of the model at a time, the most urgent one first.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <set>
#include <utility>

namespace riffle::server {

// What is heard while it is made comes before what somebody waits for, and that before what lies in
// the queue.
enum class Urgency { Playing, Waiting, Queued };

// The urgency of what the current thread computes.
class UrgencyScope {
 public:
  explicit UrgencyScope(Urgency urgency) : before_(current_) { current_ = urgency; }
  ~UrgencyScope() { current_ = before_; }
  UrgencyScope(const UrgencyScope&) = delete;
  UrgencyScope& operator=(const UrgencyScope&) = delete;
  static Urgency current() { return current_; }

 private:
  static thread_local Urgency current_;
  Urgency before_;
};

class ModelGate {
 public:
  // Held during one computation; waits for its turn.
  class Turn {
   public:
    explicit Turn(ModelGate& gate);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    ModelGate& gate_;
  };

 private:
  using Ticket = std::pair<Urgency, int64_t>;  // the smallest goes first
  std::mutex mutex_;
  std::condition_variable free_;
  std::set<Ticket> waiting_;
  int64_t next_ = 0;
  bool busy_ = false;
};

}  // namespace riffle::server
