// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/kernels/packed_weights.h"

#include <algorithm>
#include <vector>

#include "core/parallel.h"
#include "nn/kernels/table.h"

namespace riffle::nn::kernels {
namespace {

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

size_t storage_bytes(Storage storage, int64_t count) {
  return static_cast<size_t>(count) * (storage == Storage::Half ? sizeof(uint16_t) : sizeof(float));
}

// Calls fill(panel, floats) for each panel with room for `size` floats, and puts them where they
// belong.
template <class Fill>
void pack_panels(const KernelTable& table, int64_t panels, int64_t size, Storage storage,
                 const Buffer& to, const Fill& fill) {
  parallel_for(panels, 1, [&](int64_t begin, int64_t end) {
    std::vector<float> wide(storage == Storage::Half ? static_cast<size_t>(size) : 0);
    for (int64_t p = begin; p < end; ++p) {
      if (storage == Storage::Float) {
        fill(p, to.as<float>() + p * size);
      } else {
        fill(p, wide.data());
        table.narrow(wide.data(), size, to.as<uint16_t>() + p * size);
      }
    }
  });
}

// The reverse: calls take(panel, floats).
template <class Take>
void unpack_panels(const KernelTable& table, int64_t panels, int64_t size, Storage storage,
                   const Buffer& from, const Take& take) {
  parallel_for(panels, 1, [&](int64_t begin, int64_t end) {
    std::vector<float> wide(storage == Storage::Half ? static_cast<size_t>(size) : 0);
    for (int64_t p = begin; p < end; ++p) {
      if (storage == Storage::Float) {
        take(p, from.as<float>() + p * size);
      } else {
        table.widen(from.as<uint16_t>() + p * size, size, wide.data());
        take(p, wide.data());
      }
    }
  });
}

}  // namespace

PackedMatrix::PackedMatrix(const KernelTable& table, const float* weights, int64_t columns,
                           int64_t depth, Storage storage, Order order)
    : table_(&table), columns_(columns), depth_(depth), storage_(storage), order_(order) {
  const int64_t width = table.panel;
  data_ = Buffer(storage_bytes(storage, panels() * depth * width));
  pack_panels(table, panels(), depth * width, storage, data_, [&](int64_t p, float* to) {
    const int64_t used = panel_columns(p);
    const float* from = weights + panel_begin(p) * depth;
    for (int64_t k = 0; k < depth; ++k) {
      for (int64_t c = 0; c < width; ++c) to[k * width + c] = c < used ? from[c * depth + k] : 0.0F;
    }
  });
}

void PackedMatrix::unpack(float* weights) const {
  const int64_t width = table_->panel;
  unpack_panels(*table_, panels(), depth_ * width, storage_, data_,
                [&](int64_t p, const float* from) {
                  const int64_t used = panel_columns(p);
                  float* to = weights + panel_begin(p) * depth_;
                  for (int64_t c = 0; c < used; ++c) {
                    for (int64_t k = 0; k < depth_; ++k) to[c * depth_ + k] = from[k * width + c];
                  }
                });
}

int64_t PackedMatrix::panels() const {
  if (order_ == Order::Plain) return divide_up(columns_, table_->panel);
  return 2 * divide_up(columns_ / 2, table_->panel);
}

int64_t PackedMatrix::panel_begin(int64_t p) const {
  if (order_ == Order::Plain) return p * table_->panel;
  return (p % 2) * (columns_ / 2) + (p / 2) * table_->panel;
}

int64_t PackedMatrix::panel_columns(int64_t p) const {
  const bool plain = order_ == Order::Plain;
  const int64_t total = plain ? columns_ : columns_ / 2;
  const int64_t begin = (plain ? p : p / 2) * table_->panel;
  return std::min<int64_t>(table_->panel, total - begin);
}

const float* PackedMatrix::panel(int64_t p, int64_t first, int64_t count, float* scratch) const {
  const int64_t offset = (p * depth_ + first) * table_->panel;
  if (storage_ == Storage::Float) return data_.as<float>() + offset;
  table_->widen(data_.as<uint16_t>() + offset, count * table_->panel, scratch);
  return scratch;
}

PackedConv3x3::PackedConv3x3(const KernelTable& table, const float* weights, int64_t columns,
                             int64_t depth, Storage storage)
    : table_(&table), columns_(columns), depth_(depth), storage_(storage) {
  const int64_t width = table.panel;
  data_ = Buffer(storage_bytes(storage, panels() * depth * 9 * width));
  pack_panels(table, panels(), depth * 9 * width, storage, data_, [&](int64_t p, float* to) {
    for (int64_t c = 0; c < width; ++c) {
      const bool exists = p * width + c < columns_;
      const float* from = weights + (p * width + c) * depth * 9;
      for (int64_t k = 0; k < depth * 9; ++k) to[k * width + c] = exists ? from[k] : 0.0F;
    }
  });
}

void PackedConv3x3::unpack(float* weights) const {
  const int64_t width = table_->panel;
  unpack_panels(*table_, panels(), depth_ * 9 * width, storage_, data_,
                [&](int64_t p, const float* from) {
                  const int64_t used = std::min(width, columns_ - p * width);
                  for (int64_t c = 0; c < used; ++c) {
                    float* to = weights + (p * width + c) * depth_ * 9;
                    for (int64_t k = 0; k < depth_ * 9; ++k) to[k] = from[k * width + c];
                  }
                });
}

int64_t PackedConv3x3::panels() const { return divide_up(columns_, table_->panel); }

const void* PackedConv3x3::panel(int64_t p, int64_t first) const {
  const int64_t offset = (p * depth_ + first) * 9 * table_->panel;
  if (storage_ == Storage::Half) return data_.as<uint16_t>() + offset;
  return data_.as<float>() + offset;
}

}  // namespace riffle::nn::kernels
