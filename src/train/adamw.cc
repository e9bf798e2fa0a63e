// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/adamw.h"

#include <ATen/core/grad_mode.h>

#include <cmath>
#include <utility>

#include "core/parallel.h"

namespace riffle::train {
namespace {

constexpr double kEpsilon = 1e-8;
constexpr int64_t kGrain = 1 << 15;

}  // namespace

struct AdamW::Numbers {
  float gradient_scale;
  float beta1;
  float beta2;
  float step_size;      // rate / (1 - beta1^t)
  float root_scale;     // 1 / sqrt(1 - beta2^t)
  float shrink;         // 1 - rate * weight_decay
  float average_share;  // 1 - what the average keeps of itself
};

AdamW::AdamW(FlatParameters& parameters, bool operators)
    : parameters_(parameters),
      operators_(operators || !parameters.values().is_cpu()),
      first_moment_(parameters.make_block()),
      second_moment_(parameters.make_block()),
      average_(parameters.values().clone()),
      updates_(parameters.groups().size(), 0) {}

void AdamW::step(const std::vector<double>& rates, double gradient_scale, double average_decay) {
  const at::NoGradGuard no_grad;
  for (size_t group = 0; group < updates_.size(); ++group) {
    if (rates[group] > 0) ++updates_[group];
  }
  for (const FlatParameters::Span& span : parameters_.spans()) {
    const ParameterGroup& group = parameters_.groups()[span.group];
    const double rate = rates[span.group];
    if (!(rate > 0)) continue;
    const auto t = static_cast<double>(updates_[span.group]);
    const Numbers numbers{
        .gradient_scale = static_cast<float>(gradient_scale),
        .beta1 = static_cast<float>(group.beta1),
        .beta2 = static_cast<float>(group.beta2),
        .step_size = static_cast<float>(rate / (1 - std::pow(group.beta1, t))),
        .root_scale = static_cast<float>(1 / std::sqrt(1 - std::pow(group.beta2, t))),
        .shrink = static_cast<float>(span.decays ? 1 - rate * group.weight_decay : 1),
        .average_share = static_cast<float>(1 - average_decay)};
    if (operators_) {
      update_with_operators(span, numbers);
    } else {
      update_on_cpu(span, numbers);
    }
  }
}

void AdamW::update_on_cpu(const FlatParameters::Span& span, const Numbers& n) {
  float* const values = parameters_.values().data_ptr<float>() + span.begin;
  const float* const gradients = parameters_.gradients().data_ptr<float>() + span.begin;
  float* const first = first_moment_.data_ptr<float>() + span.begin;
  float* const second = second_moment_.data_ptr<float>() + span.begin;
  float* const average = average_.data_ptr<float>() + span.begin;
  parallel_for(span.end - span.begin, kGrain, [=, &n](int64_t begin, int64_t end) {
    const Numbers k = n;
    for (int64_t i = begin; i < end; ++i) {
      const float g = gradients[i] * k.gradient_scale;
      const float m = k.beta1 * first[i] + (1 - k.beta1) * g;
      const float v = k.beta2 * second[i] + (1 - k.beta2) * g * g;
      const float root = std::sqrt(v) * k.root_scale + static_cast<float>(kEpsilon);
      const float w = values[i] * k.shrink - k.step_size * m / root;
      first[i] = m;
      second[i] = v;
      values[i] = w;
      average[i] += k.average_share * (w - average[i]);
    }
  });
}

void AdamW::update_with_operators(const FlatParameters::Span& span, const Numbers& n) {
  const auto part = [&](const at::Tensor& block) {
    return block.narrow(0, span.begin, span.end - span.begin);
  };
  at::Tensor values = part(parameters_.values());
  at::Tensor first = part(first_moment_);
  at::Tensor second = part(second_moment_);
  const at::Tensor g = part(parameters_.gradients()) * n.gradient_scale;
  first.mul_(n.beta1).add_(g, 1 - n.beta1);
  second.mul_(n.beta2).addcmul_(g, g, 1 - n.beta2);
  const at::Tensor root = second.sqrt().mul_(n.root_scale).add_(kEpsilon);
  values.mul_(n.shrink).addcdiv_(first, root, -n.step_size);
  part(average_).lerp_(values, n.average_share);
}

}  // namespace riffle::train
