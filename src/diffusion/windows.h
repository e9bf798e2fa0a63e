// SPDX-License-Identifier: GPL-3.0-or-later
// A long stretch of time covered by overlapping windows the model can take, and what they give put
// together again (MultiDiffusion, Bar-Tal et al. 2023, along time): predictions are blended at
// every step, so that one piece of music comes out and not many joined.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace riffle::diffusion {

struct WindowOptions {
  int64_t window = 64;    // columns a window
  int64_t overlap = 16;   // columns neighbours share at least
  bool circular = false;  // the end is the beginning: a loop
};

// Windows of equal length at starts as evenly spaced as whole columns allow, the first at 0. Every
// column is covered, in a row by windows that share at least `overlap` columns with the next; the
// last window ends at the end, or in a circle overlaps the first. A stretch no longer than a window
// is one window of its own length.
class WindowPlan {
 public:
  // Throws Error{InvalidArgument} unless total >= 1 and 0 <= overlap < window.
  WindowPlan(int64_t total, const WindowOptions& options);

  int64_t total() const { return total_; }
  int64_t window() const { return window_; }
  int64_t count() const { return static_cast<int64_t>(starts_.size()); }
  const std::vector<int64_t>& starts() const { return starts_; }

  // [window], float32: what window k weighs in each of its columns. Over the windows that cover a
  // column they sum to one. They rise and fall as raised cosines where windows overlap.
  const at::Tensor& weights(int64_t k) const { return weights_[static_cast<size_t>(k)]; }

  // The columns of window k of [..., total], around the end where circular: [..., window].
  at::Tensor slice(const at::Tensor& timeline, int64_t k) const;
  // Adds window k, weighed, into a timeline that began as zeros.
  void add(at::Tensor& timeline, const at::Tensor& windowed, int64_t k) const;

 private:
  void place(int64_t overlap, bool circular);
  void weigh(bool circular);

  int64_t total_ = 0;
  int64_t window_ = 0;
  std::vector<int64_t> starts_;
  std::vector<at::Tensor> weights_;
};

}  // namespace riffle::diffusion
