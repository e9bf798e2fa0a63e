// SPDX-License-Identifier: GPL-3.0-or-later
// The one file that knows what differs between the libtorch versions Riffle compiles against
// (1.13.1 and 2.x).
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <cstdint>
#include <string>

namespace at {
class Tensor;
}

namespace riffle::nn::compat {

// "1.13.0", as the headers say (Debian's 1.13.1 calls itself 1.13.0).
std::string libtorch_version();

bool cuda_available();
int64_t cuda_device_count();

// softmax(q k^T scale) v with libtorch's own fused kernel. q: [B, H, N, D], k, v: [B, H, M, D] ->
// [B, H, N, D]. `causal` hides keys after the query's own position (N == M then).
// has_fused_attention() is false for versions without one that is public and differentiable.
bool has_fused_attention();
at::Tensor fused_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           double scale, bool causal);

// Whether this thread's products and convolutions on the device run in a lower precision, and in
// which; what was cast for them is forgotten when it is turned off.
bool autocast_enabled(at::DeviceType device);
void set_autocast(at::DeviceType device, bool enabled, at::ScalarType type);
// For after weights have been changed in place in between.
void forget_casts();

}  // namespace riffle::nn::compat
