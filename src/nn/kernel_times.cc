// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/kernel_times.h"

namespace riffle::nn {
namespace {

thread_local std::array<KernelTime, kKernelKinds> t_times;

}  // namespace

std::string_view name_of(KernelKind kind) {
  switch (kind) {
    case KernelKind::Convolution3x3:
      return "3x3 convolution";
    case KernelKind::OtherConvolution:
      return "other convolution";
    case KernelKind::Linear:
      return "linear";
    case KernelKind::Attention:
      return "attention";
    case KernelKind::Norm:
      return "norm";
  }
  return "unknown";
}

const std::array<KernelTime, kKernelKinds>& kernel_times() { return t_times; }

void reset_kernel_times() { t_times = {}; }

KernelTimer::KernelTimer(KernelKind kind, double flop)
    : kind_(kind), flop_(flop), start_(std::chrono::steady_clock::now()) {}

KernelTimer::~KernelTimer() {
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start_;
  KernelTime& time = t_times[static_cast<size_t>(kind_)];
  time.seconds += elapsed.count();
  time.gflop += flop_ * 1e-9;
}

}  // namespace riffle::nn
