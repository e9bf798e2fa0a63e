// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/activations.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <malloc.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "nn/kernels/buffer.h"

namespace riffle::nn {
namespace {

using kernels::Buffer;

constexpr size_t kSmall = size_t{1} << 20;  // the system's allocator is good enough below

class Pool {
 public:
  // A kept buffer that is at most twice as large as it has to be, or a new one.
  Buffer take(size_t bytes) {
    {
      const std::lock_guard lock(mutex_);
      auto best = kept_.end();
      for (auto it = kept_.begin(); it != kept_.end(); ++it) {
        const bool fits = it->bytes() >= bytes && it->bytes() <= 2 * bytes;
        if (fits && (best == kept_.end() || it->bytes() < best->bytes())) best = it;
      }
      if (best != kept_.end()) {
        Buffer found = std::move(*best);
        kept_.erase(best);
        total_ -= found.bytes();
        return found;
      }
    }
    return Buffer(bytes);
  }

  void give(Buffer buffer) {
    std::deque<Buffer> dropped;  // freed after the lock is
    const std::lock_guard lock(mutex_);
    total_ += buffer.bytes();
    kept_.push_back(std::move(buffer));
    while (total_ > kKeptBytes) {
      total_ -= kept_.front().bytes();
      dropped.push_back(std::move(kept_.front()));
      kept_.pop_front();
    }
  }

  void clear() {
    std::deque<Buffer> dropped;
    const std::lock_guard lock(mutex_);
    dropped.swap(kept_);
    total_ = 0;
  }

  size_t total() {
    const std::lock_guard lock(mutex_);
    return total_;
  }

 private:
  std::mutex mutex_;
  std::deque<Buffer> kept_;  // oldest first
  size_t total_ = 0;
};

// Never destroyed: tensors may outlive every other static object.
Pool& pool() {
  static auto* const kPool = new Pool;
  return *kPool;
}

std::vector<int64_t> strides_of(at::IntArrayRef shape, at::MemoryFormat format) {
  std::vector<int64_t> order;  // dimensions, the one that varies fastest first
  if (format == at::MemoryFormat::ChannelsLast) {
    order = {1, 3, 2, 0};
  } else {
    for (auto i = static_cast<int64_t>(shape.size()); i > 0; --i) order.push_back(i - 1);
  }
  std::vector<int64_t> strides(shape.size());
  int64_t step = 1;
  for (const int64_t dimension : order) {
    strides[static_cast<size_t>(dimension)] = step;
    step *= std::max<int64_t>(1, shape[static_cast<size_t>(dimension)]);
  }
  return strides;
}

}  // namespace

at::Tensor activation(at::IntArrayRef shape, at::MemoryFormat format) {
  const auto options = at::TensorOptions(at::kFloat);
  const size_t bytes = static_cast<size_t>(c10::multiply_integers(shape)) * sizeof(float);
  if (bytes < kSmall) return at::empty(shape, options.memory_format(format));
  const auto buffer = std::make_shared<Buffer>(pool().take(bytes));
  return at::from_blob(
      buffer->as<float>(), shape, strides_of(shape, format),
      [buffer](void*) { pool().give(std::move(*buffer)); }, options);
}

size_t kept_activation_bytes() { return pool().total(); }
void release_kept_activations() {
  pool().clear();
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

}  // namespace riffle::nn
