// SPDX-License-Identifier: GPL-3.0-or-later
// Where the time of a model on the CPU goes, by kind of layer, for benchmarks.
#pragma once

#include <array>
#include <chrono>
#include <string_view>

namespace riffle::nn {

enum class KernelKind { Convolution3x3, OtherConvolution, Linear, Attention, Norm };
constexpr int kKernelKinds = 5;
std::string_view name_of(KernelKind kind);

struct KernelTime {
  double seconds = 0;
  double gflop = 0;  // a multiplication and an addition are two; convolutions count as direct ones
};

// What this thread has spent since reset_kernel_times().
const std::array<KernelTime, kKernelKinds>& kernel_times();
void reset_kernel_times();

// Adds its own lifetime to a kind.
class KernelTimer {
 public:
  KernelTimer(KernelKind kind, double flop);
  ~KernelTimer();
  KernelTimer(const KernelTimer&) = delete;
  KernelTimer& operator=(const KernelTimer&) = delete;

 private:
  KernelKind kind_;
  double flop_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace riffle::nn
