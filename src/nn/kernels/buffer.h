// SPDX-License-Identifier: GPL-3.0-or-later
// Memory for packed weights and scratch: aligned to cache lines, in huge pages where it is large.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace riffle::nn::kernels {

// Uninitialised bytes. Throws Error{OutOfMemory}.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t bytes);

  size_t bytes() const { return bytes_; }
  template <class T>
  T* as() const {
    return static_cast<T*>(memory_.get());
  }

 private:
  struct Free {
    void operator()(void* memory) const;
  };
  std::unique_ptr<void, Free> memory_;
  size_t bytes_ = 0;
};

// This thread's scratch of at least `count` floats, in slots that do not overlap. It is kept for
// the next call and valid until the same thread asks for the same slot again. Throws
// Error{OutOfMemory}.
enum class Slot { Operand, Products, Weights, Attention, Shared };
float* scratch(Slot slot, int64_t count);

}  // namespace riffle::nn::kernels
