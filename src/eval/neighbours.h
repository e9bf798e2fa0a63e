// SPDX-License-Identifier: GPL-3.0-or-later
// Is a model copying? Generated clips that repeat training clips lie nearer to them than unseen
// real clips do.
#pragma once

#include <ATen/core/Tensor.h>

#include "core/job.h"

namespace riffle::eval {

// The distance of each query to its nearest reference: root mean square difference of the latents.
// queries: [N, ...], references: [M, ...], of one shape. Returns [N], float32.
at::Tensor nearest_distances(const at::Tensor& queries, const at::Tensor& references,
                             const Job& job = {});

// Median distance of generated to training latents over that of held-out ones to training latents:
// 1 is as new as unseen music, 0 a copy.
double novelty(const at::Tensor& generated, const at::Tensor& held_out, const at::Tensor& training,
               const Job& job = {});

}  // namespace riffle::eval
