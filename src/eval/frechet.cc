// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/frechet.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace riffle::eval {
namespace {

// Of a symmetric matrix without negative eigenvalues, but for rounding.
at::Tensor square_root(const at::Tensor& matrix) {
  const auto [values, vectors] = at::linalg_eigh(matrix);
  return vectors.matmul(at::diag(values.clamp_min(0).sqrt())).matmul(vectors.t());
}

double trace_of(const at::Tensor& matrix) { return matrix.trace().item<double>(); }

// How much of the identity the covariance takes on (Ledoit and Wolf, lemmas 3.2 to 3.4), 0..1.
double shrinkage(const at::Tensor& centred, const at::Tensor& covariance, double scale) {
  const auto count = static_cast<double>(centred.size(0));
  const auto dimensions = static_cast<double>(centred.size(1));
  const at::Tensor target = scale * at::eye(centred.size(1), covariance.options());
  const double distance = (covariance - target).square().sum().item<double>() / dimensions;
  if (distance <= 0) return 1;
  // sum over samples of |x x' - S|^2 = sum |x|^4 - N |S|^2
  const double fourth = centred.square().sum(1).square().sum().item<double>();
  const double error = (fourth / count - covariance.square().sum().item<double>()) / count;
  return std::clamp(error / dimensions / distance, 0.0, 1.0);
}

}  // namespace

Gaussian fit_gaussian(const at::Tensor& embeddings) {
  if (embeddings.dim() != 2 || embeddings.size(0) < 2) {
    throw Error(ErrorCode::InvalidArgument,
                "a distribution needs two embeddings or more, one a row");
  }
  const at::Tensor x = embeddings.to(at::kDouble).cpu();
  Gaussian result{.mean = x.mean(0), .covariance = {}, .count = x.size(0)};
  const at::Tensor centred = x - result.mean;
  const at::Tensor sample = centred.t().matmul(centred) / static_cast<double>(x.size(0));
  const double scale = trace_of(sample) / static_cast<double>(x.size(1));
  const double share = shrinkage(centred, sample, scale);
  result.covariance = (1 - share) * sample + share * scale * at::eye(x.size(1), sample.options());
  return result;
}

double frechet_distance(const Gaussian& a, const Gaussian& b) {
  if (a.mean.sizes() != b.mean.sizes()) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("embeddings of {} and of {} numbers cannot be compared", a.mean.numel(),
                            b.mean.numel()));
  }
  const at::Tensor root = square_root(a.covariance);
  const at::Tensor cross = square_root(root.matmul(b.covariance).matmul(root));
  const double between_means = (a.mean - b.mean).square().sum().item<double>();
  const double between_spreads =
      trace_of(a.covariance) + trace_of(b.covariance) - 2 * trace_of(cross);
  return std::max(0.0, between_means + between_spreads);
}

}  // namespace riffle::eval
