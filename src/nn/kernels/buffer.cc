// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/kernels/buffer.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <array>
#include <cstdlib>

#include "core/error.h"

namespace riffle::nn::kernels {
namespace {

constexpr size_t kLine = 64;
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kSlots = 5;

size_t round_up(size_t value, size_t step) { return (value + step - 1) / step * step; }

}  // namespace

Buffer::Buffer(size_t bytes) : bytes_(bytes) {
  const bool large = bytes >= 2 * kHugePage;
  const size_t alignment = large ? kHugePage : kLine;
  memory_.reset(std::aligned_alloc(alignment, round_up(bytes == 0 ? 1 : bytes, alignment)));
  if (!memory_) {
    throw Error(ErrorCode::OutOfMemory,
                fmt::format("no memory for {} MB of weights or scratch", bytes >> 20));
  }
#ifdef MADV_HUGEPAGE
  // Fewer misses in the address cache. Only advice: without huge pages all works the same.
  if (large) madvise(memory_.get(), bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
#endif
}

void Buffer::Free::operator()(void* memory) const { std::free(memory); }

float* scratch(Slot slot, int64_t count) {
  thread_local std::array<Buffer, kSlots> t_slots;
  Buffer& buffer = t_slots.at(static_cast<size_t>(slot));
  const size_t bytes = static_cast<size_t>(count) * sizeof(float);
  if (buffer.bytes() < bytes) {
    buffer = Buffer();  // the old one goes first
    buffer = Buffer(bytes);
  }
  return buffer.as<float>();
}

}  // namespace riffle::nn::kernels
