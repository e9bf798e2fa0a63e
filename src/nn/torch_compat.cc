// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/torch_compat.h"

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/Tensor.h>
#include <torch/csrc/api/include/torch/version.h>

#include <cmath>

#include "core/error.h"

#if TORCH_VERSION_MAJOR >= 2
#include <ATen/ops/scaled_dot_product_attention.h>
#endif

namespace riffle::nn::compat {

std::string libtorch_version() { return TORCH_VERSION; }

bool cuda_available() { return at::hasCUDA() && cuda_device_count() > 0; }

// By way of Context.h: the name of what it asks changed within 2.x.
int64_t cuda_device_count() { return static_cast<int64_t>(at::getNumGPUs()); }

bool has_fused_attention() { return TORCH_VERSION_MAJOR >= 2; }

#if TORCH_VERSION_MAJOR >= 2
at::Tensor fused_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           double scale, bool causal) {
#if TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR == 0
  // 2.0 has no scale argument: it always divides by sqrt(D).
  const double correction = scale * std::sqrt(static_cast<double>(q.size(-1)));
  return at::scaled_dot_product_attention(q * correction, k, v, {}, 0.0, causal);
#else
  return at::scaled_dot_product_attention(q, k, v, {}, 0.0, causal, scale);
#endif
}
#else
at::Tensor fused_attention(const at::Tensor& /*q*/, const at::Tensor& /*k*/,
                           const at::Tensor& /*v*/, double /*scale*/, bool /*causal*/) {
  throw Error(ErrorCode::Internal, "fused_attention: libtorch " + libtorch_version() +
                                       " has none; ask has_fused_attention() first");
}
#endif

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
bool autocast_enabled(at::DeviceType device) { return at::autocast::is_autocast_enabled(device); }

void set_autocast(at::DeviceType device, bool enabled, at::ScalarType type) {
  if (!enabled) at::autocast::clear_cache();
  at::autocast::set_autocast_dtype(device, type);
  at::autocast::set_autocast_enabled(device, enabled);
}
#else
bool autocast_enabled(at::DeviceType device) {
  return device == at::kCUDA ? at::autocast::is_enabled() : at::autocast::is_cpu_enabled();
}

void set_autocast(at::DeviceType device, bool enabled, at::ScalarType type) {
  if (!enabled) at::autocast::clear_cache();
  if (device == at::kCUDA) {
    at::autocast::set_autocast_gpu_dtype(type);
    at::autocast::set_enabled(enabled);
  } else {
    at::autocast::set_autocast_cpu_dtype(type);
    at::autocast::set_cpu_enabled(enabled);
  }
}
#endif

void forget_casts() { at::autocast::clear_cache(); }

}  // namespace riffle::nn::compat
