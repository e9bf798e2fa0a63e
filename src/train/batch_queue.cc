// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/batch_queue.h"

#include <chrono>
#include <utility>

namespace riffle::train {

BatchQueue::BatchQueue(std::function<Batch(int64_t)> make, int64_t first, size_t ahead)
    : make_(std::move(make)),
      ahead_(ahead),
      thread_([this, first](const std::stop_token& stop) { run(stop, first); }) {}

BatchQueue::~BatchQueue() {
  thread_.request_stop();
  changed_.notify_all();
}

void BatchQueue::run(const std::stop_token& stop, int64_t first) {
  try {
    for (int64_t n = first; !stop.stop_requested(); ++n) {
      Batch batch = make_(n);
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, stop, [&] { return ready_.size() < ahead_; })) return;
      ready_.push_back(std::move(batch));
      changed_.notify_all();
    }
  } catch (...) {
    const std::lock_guard lock(mutex_);
    failure_ = std::current_exception();
    changed_.notify_all();
  }
}

Batch BatchQueue::next() {
  const auto start = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !ready_.empty() || failure_; });
  waited_s_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (ready_.empty()) std::rethrow_exception(failure_);
  Batch batch = std::move(ready_.front());
  ready_.pop_front();
  changed_.notify_all();
  return batch;
}

}  // namespace riffle::train
