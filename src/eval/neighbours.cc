// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/neighbours.h"

#include <ATen/ATen.h>

#include "core/error.h"

namespace riffle::eval {

at::Tensor nearest_distances(const at::Tensor& queries, const at::Tensor& references,
                             const Job& job) {
  if (references.size(0) < 1 || queries.sizes().slice(1) != references.sizes().slice(1)) {
    throw Error(ErrorCode::InvalidArgument,
                "neighbours are looked for among latents of the same shape, one at least");
  }
  const at::Tensor x = queries.flatten(1).to(at::kFloat);
  const at::Tensor y = references.flatten(1).to(at::kFloat);
  const at::Tensor y_squares = y.square().sum(1);
  constexpr int64_t kBlock = 64;
  at::Tensor nearest = at::empty({x.size(0)});
  for (int64_t first = 0; first < x.size(0); first += kBlock) {
    job.check();
    const int64_t count = std::min(kBlock, x.size(0) - first);
    const at::Tensor block = x.narrow(0, first, count);
    // The nearest one by |x|^2 - 2 x y + |y|^2, then its distance without that form's rounding.
    const at::Tensor found = (y_squares - 2 * block.matmul(y.t())).argmin(1);
    nearest.narrow(0, first, count)
        .copy_((block - y.index_select(0, found)).square().mean(1).sqrt());
  }
  return nearest;
}

double novelty(const at::Tensor& generated, const at::Tensor& held_out, const at::Tensor& training,
               const Job& job) {
  const double unseen = nearest_distances(held_out, training, job).median().item<double>();
  const double found = nearest_distances(generated, training, job).median().item<double>();
  return unseen > 0 ? found / unseen : 0;
}

}  // namespace riffle::eval
