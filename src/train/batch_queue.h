// SPDX-License-Identifier: GPL-3.0-or-later
// Batches made ahead of time on a thread of its own, so that the optimiser never waits for a disk.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

#include "train/task.h"

namespace riffle::train {

class BatchQueue {
 public:
  // make(n) is called for n = first, first + 1, ... from another thread; at most `ahead` batches
  // lie ready.
  BatchQueue(std::function<Batch(int64_t)> make, int64_t first, size_t ahead = 3);
  ~BatchQueue();
  BatchQueue(const BatchQueue&) = delete;
  BatchQueue& operator=(const BatchQueue&) = delete;

  // The next one. Rethrows what make() threw.
  Batch next();
  // Seconds next() has waited so far: more than a trifle means that data is the bottleneck.
  double waited_s() const { return waited_s_; }

 private:
  void run(const std::stop_token& stop, int64_t first);

  std::function<Batch(int64_t)> make_;
  size_t ahead_;
  double waited_s_ = 0;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Batch> ready_;
  std::exception_ptr failure_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace riffle::train
