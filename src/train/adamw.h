// SPDX-License-Identifier: GPL-3.0-or-later
// AdamW: Adam (Kingma and Ba 2015, algorithm 1) with decoupled weight decay (Loshchilov and Hutter
// 2019, algorithm 2), and in the same pass over memory a running average of the weights.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "train/flat_parameters.h"

namespace riffle::train {

class AdamW {
 public:
  // `parameters` must outlive it. On the CPU a loop of our own updates them in one pass over
  // memory, elsewhere (and there too with `operators`) some ten of libtorch's operators.
  explicit AdamW(FlatParameters& parameters, bool operators = false);

  // One update with the gradients as they lie there, times gradient_scale. rates: one a group; a
  // group with rate 0 is left alone entirely. average_decay: what the average keeps of itself.
  void step(const std::vector<double>& rates, double gradient_scale, double average_decay);

  // What a checkpoint needs.
  const at::Tensor& first_moment() const { return first_moment_; }
  const at::Tensor& second_moment() const { return second_moment_; }
  const at::Tensor& average() const { return average_; }
  const std::vector<int64_t>& updates() const { return updates_; }  // so far, one a group
  void set_updates(std::vector<int64_t> updates) { updates_ = std::move(updates); }

 private:
  struct Numbers;
  void update_on_cpu(const FlatParameters::Span& span, const Numbers& numbers);
  void update_with_operators(const FlatParameters::Span& span, const Numbers& numbers);

  FlatParameters& parameters_;
  bool operators_;
  at::Tensor first_moment_;
  at::Tensor second_moment_;
  at::Tensor average_;
  std::vector<int64_t> updates_;
};

}  // namespace riffle::train
