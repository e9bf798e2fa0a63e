// SPDX-License-Identifier: GPL-3.0-or-later
// Memory for what packed layers return. A network's intermediate results are large, short-lived and
// of few sizes: asking the system for each would cost more than the cheaper layers themselves,
// since every page is cleared and mapped when first touched.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/MemoryFormat.h>

namespace riffle::nn {

// Uninitialised float32 on the CPU, [N, C, H, W] for ChannelsLast. Large ones use memory again that
// an earlier one has given up, up to kKeptBytes of which are kept. From any thread. Throws
// Error{OutOfMemory}.
at::Tensor activation(at::IntArrayRef shape,
                      at::MemoryFormat format = at::MemoryFormat::Contiguous);

// A VAE at 512 x 512 has results of 134 and 268 MB; with room for several of either its decode
// takes a seventh less time than with a quarter of this.
constexpr size_t kKeptBytes = size_t{1} << 30;

// Bytes kept for later ones at the moment.
size_t kept_activation_bytes();
// Gives them back to the system, with whatever else the C library keeps for later: worth calling
// between two networks.
void release_kept_activations();

}  // namespace riffle::nn
