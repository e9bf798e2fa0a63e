// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/windows.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"

namespace riffle::diffusion {
namespace {

// Rises from 0 to 1 over the first `length` columns; with its own mirror image it sums to one.
double raised_cosine(int64_t column, int64_t length) {
  if (column >= length) return 1;
  const double share = (static_cast<double>(column) + 0.5) / static_cast<double>(length);
  const double sine = std::sin(std::numbers::pi / 2 * share);
  return sine * sine;
}

void require_columns(const at::Tensor& tensor, int64_t columns, const char* what) {
  if (tensor.dim() == 0 || tensor.size(-1) != columns)
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("windows: {} must be {} columns long, got {}", what, columns,
                            tensor.dim() == 0 ? 0 : tensor.size(-1)));
}

}  // namespace

WindowPlan::WindowPlan(int64_t total, const WindowOptions& options)
    : total_(total), window_(std::min(total, options.window)) {
  if (total < 1 || options.overlap < 0 || options.overlap >= options.window)
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("windows: {} columns by windows of {} with an overlap of {}", total,
                            options.window, options.overlap),
                "the overlap must be shorter than the window");
  place(options.overlap, options.circular);
  weigh(options.circular);
}

void WindowPlan::place(int64_t overlap, bool circular) {
  if (total_ == window_) {
    starts_ = {0};
    return;
  }
  // The distance to travel, in strides of at most window - overlap.
  const int64_t distance = circular ? total_ : total_ - window_;
  const int64_t most = window_ - overlap;
  const int64_t strides = (distance + most - 1) / most;
  const int64_t count = circular ? strides : strides + 1;
  for (int64_t k = 0; k < count; ++k) starts_.push_back(k * distance / strides);
}

void WindowPlan::weigh(bool circular) {
  // What window k shares with the next, which for the last is the first where circular.
  const auto shared_after = [&](int64_t k) {
    if (count() == 1 || (k + 1 == count() && !circular)) return int64_t{0};
    const int64_t next = k + 1 < count() ? starts_[static_cast<size_t>(k) + 1] : total_;
    return std::max<int64_t>(starts_[static_cast<size_t>(k)] + window_ - next, 0);
  };
  std::vector<double> sums(static_cast<size_t>(total_));
  std::vector<std::vector<double>> raw;
  for (int64_t k = 0; k < count(); ++k) {
    const int64_t rise = k > 0 || circular ? shared_after(k > 0 ? k - 1 : count() - 1) : 0;
    const int64_t fall = shared_after(k);
    auto& weights = raw.emplace_back();
    for (int64_t column = 0; column < window_; ++column) {
      weights.push_back(raised_cosine(column, rise) * raised_cosine(window_ - 1 - column, fall));
      sums[static_cast<size_t>((starts_[static_cast<size_t>(k)] + column) % total_)] +=
          weights.back();
    }
  }
  for (size_t k = 0; k < raw.size(); ++k) {
    for (size_t column = 0; column < raw[k].size(); ++column)
      raw[k][column] /= sums[(static_cast<size_t>(starts_[k]) + column) % sums.size()];
    weights_.push_back(at::tensor(at::ArrayRef<double>(raw[k])).to(at::kFloat));
  }
}

at::Tensor WindowPlan::slice(const at::Tensor& timeline, int64_t k) const {
  require_columns(timeline, total_, "the timeline");
  const int64_t start = starts_.at(static_cast<size_t>(k));
  const int64_t before_end = std::min(window_, total_ - start);
  const at::Tensor first = timeline.narrow(-1, start, before_end);
  if (before_end == window_) return first;
  return at::cat({first, timeline.narrow(-1, 0, window_ - before_end)}, -1);
}

void WindowPlan::add(at::Tensor& timeline, const at::Tensor& windowed, int64_t k) const {
  require_columns(timeline, total_, "the timeline");
  require_columns(windowed, window_, "a window");
  const at::Tensor weighed = windowed * weights(k).to(windowed.options());
  const int64_t start = starts_.at(static_cast<size_t>(k));
  const int64_t before_end = std::min(window_, total_ - start);
  timeline.narrow(-1, start, before_end).add_(weighed.narrow(-1, 0, before_end));
  if (before_end < window_)
    timeline.narrow(-1, 0, window_ - before_end)
        .add_(weighed.narrow(-1, before_end, window_ - before_end));
}

}  // namespace riffle::diffusion
