// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/connection_threads.h"

#include <chrono>
#include <thread>
#include <utility>

namespace riffle::server {

bool ConnectionThreads::start(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  if (finishing_ || active_ >= limit_) return false;
  ++active_;
  waiting_.push_back(std::move(work));
  has_work_.notify_one();
  if (threads_ >= active_) return true;
  ++threads_;
  std::thread([this] { serve(); }).detach();  // finish() waits for it
  return true;
}

void ConnectionThreads::serve() {
  constexpr std::chrono::seconds kPatience{10};
  std::unique_lock lock(mutex_);
  for (;;) {
    if (waiting_.empty()) {
      has_work_.wait_for(lock, kPatience, [&] { return !waiting_.empty() || finishing_; });
      if (waiting_.empty()) break;
    }
    std::function<void()> work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work();
    work = {};
    lock.lock();
    --active_;
  }
  --threads_;
  ended_.notify_all();
}

void ConnectionThreads::finish() {
  std::unique_lock lock(mutex_);
  finishing_ = true;
  has_work_.notify_all();
  ended_.wait(lock, [&] { return threads_ == 0; });
}

int ConnectionThreads::busy() const {
  const std::lock_guard lock(mutex_);
  return active_;
}

}  // namespace riffle::server
