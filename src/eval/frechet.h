// SPDX-License-Identifier: GPL-3.0-or-later
// Frechet distance between two sets of embeddings, as if each were normally distributed (Heusel et
// al. 2017, eq. 6; for sound: Kilgour et al. 2019). Covariances are shrunk towards a multiple of
// the identity (Ledoit and Wolf, "A well-conditioned estimator for large-dimensional covariance
// matrices", 2004), so that hundreds of clips are enough.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace riffle::eval {

struct Gaussian {
  at::Tensor mean;        // [D], float64
  at::Tensor covariance;  // [D, D], float64
  int64_t count = 0;      // of the embeddings it was made of
};

// embeddings: [N, D], N >= 2. Throws Error{InvalidArgument}.
Gaussian fit_gaussian(const at::Tensor& embeddings);

// |m_a - m_b|^2 + tr(A + B - 2 (A^1/2 B A^1/2)^1/2): 0 for equal ones, symmetric.
double frechet_distance(const Gaussian& a, const Gaussian& b);

}  // namespace riffle::eval
