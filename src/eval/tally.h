// SPDX-License-Identifier: GPL-3.0-or-later
// Counting what judges say of many clips.
#pragma once

#include <cstdint>
#include <optional>

namespace riffle::eval {

class Share {
 public:
  void add(bool right) {
    ++all_;
    right_ += right ? 1 : 0;
  }
  int64_t count() const { return all_; }
  // Absent before the first.
  std::optional<double> value() const {
    if (all_ == 0) return {};
    return static_cast<double>(right_) / static_cast<double>(all_);
  }

 private:
  int64_t all_ = 0;
  int64_t right_ = 0;
};

class Mean {
 public:
  void add(double value) {
    ++count_;
    sum_ += value;
  }
  int64_t count() const { return count_; }
  std::optional<double> value() const {
    if (count_ == 0) return {};
    return sum_ / static_cast<double>(count_);
  }

 private:
  int64_t count_ = 0;
  double sum_ = 0;
};

}  // namespace riffle::eval
