// SPDX-License-Identifier: GPL-3.0-or-later
// Threads for connections: as many as there are connections, up to a limit; those without work end
// after a while.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>

namespace riffle::server {

class ConnectionThreads {
 public:
  explicit ConnectionThreads(int limit) : limit_(limit) {}
  ~ConnectionThreads() { finish(); }
  ConnectionThreads(const ConnectionThreads&) = delete;
  ConnectionThreads& operator=(const ConnectionThreads&) = delete;

  // Runs the work on a thread of its own; false where as many are busy already.
  bool start(std::function<void()> work);
  // Waits until all work is done. None may be started afterwards.
  void finish();
  int busy() const;

 private:
  void serve();

  mutable std::mutex mutex_;
  std::condition_variable has_work_;
  std::condition_variable ended_;
  std::deque<std::function<void()>> waiting_;
  int limit_;
  int threads_ = 0;
  int active_ = 0;  // works begun and not ended
  bool finishing_ = false;
};

}  // namespace riffle::server
