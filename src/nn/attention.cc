// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/attention.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/full.h>
#include <ATen/ops/softmax.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "nn/activations.h"
#include "nn/kernel_times.h"
#include "nn/kernels/blocked_attention.h"
#include "nn/packed_tensors.h"
#include "nn/torch_compat.h"

namespace riffle::nn {
namespace {

constexpr int64_t kMaxScores = int64_t{16} << 20;  // elements held at once without gradients

// [B, N, heads * D] -> [B, heads, N, D], a view.
at::Tensor split_heads(const at::Tensor& x, int64_t heads) {
  return x.reshape({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);
}

// q: [P, N, D], k, v: [P, M, D] -> [P, N, D], the plain way.
at::Tensor plain_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           double scale, bool causal) {
  at::Tensor scores = at::bmm(q * scale, k.transpose(1, 2));
  if (causal) {
    const double hidden = -std::numeric_limits<double>::infinity();
    scores = scores + at::full({q.size(1), k.size(1)}, hidden, scores.options()).triu(1);
  }
  return at::bmm(at::softmax(scores, -1), v);
}

at::Tensor attention_in_portions(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                 double scale, bool causal) {
  const int64_t problems = q.size(0);
  const int64_t scores_each = std::max<int64_t>(1, q.size(1) * k.size(1));
  const int64_t portion = at::GradMode::is_enabled()
                              ? problems
                              : std::clamp<int64_t>(kMaxScores / scores_each, 1, problems);
  if (portion >= problems) return plain_attention(q, k, v, scale, causal);
  at::Tensor out = at::empty_like(q);
  for (int64_t i = 0; i < problems; i += portion) {
    const int64_t n = std::min(portion, problems - i);
    out.narrow(0, i, n).copy_(
        plain_attention(q.narrow(0, i, n), k.narrow(0, i, n), v.narrow(0, i, n), scale, causal));
  }
  return out;
}

at::Tensor attention_by_blocks(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                               int64_t heads, double scale) {
  const at::Tensor queries = packed_input(q, "attention").contiguous();
  const at::Tensor keys = k.contiguous();
  const at::Tensor values = v.contiguous();
  const int64_t width = q.size(2);
  const at::Tensor out = activation(queries.sizes());
  kernels::blocked_attention(kernels::kernel_table(), {.q = queries.data_ptr<float>(),
                                                       .k = keys.data_ptr<float>(),
                                                       .v = values.data_ptr<float>(),
                                                       .out = out.data_ptr<float>(),
                                                       .q_stride = width,
                                                       .kv_stride = width,
                                                       .batch = q.size(0),
                                                       .heads = heads,
                                                       .queries = q.size(1),
                                                       .keys = k.size(1),
                                                       .features = width / heads,
                                                       .scale = static_cast<float>(scale)});
  return out;
}

}  // namespace

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                     const AttentionOptions& options) {
  const int64_t heads = options.heads;
  const int64_t batch = q.size(0);
  const int64_t length = q.size(1);
  const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(2) / heads));
  const KernelTimer timer(KernelKind::Attention,
                          4.0 * static_cast<double>(q.numel()) * static_cast<double>(k.size(1)));
  if (options.blocked && !options.causal) return attention_by_blocks(q, k, v, heads, scale);
  at::Tensor qh = split_heads(q, heads);
  at::Tensor kh = split_heads(k, heads);
  at::Tensor vh = split_heads(v, heads);
  at::Tensor out;
  if (compat::has_fused_attention()) {
    out = compat::fused_attention(qh, kh, vh, scale, options.causal);
  } else {
    const auto merge = [](const at::Tensor& x) { return x.flatten(0, 1).contiguous(); };
    out = attention_in_portions(merge(qh), merge(kh), merge(vh), scale, options.causal);
    out = out.unflatten(0, {batch, heads});
  }
  return out.transpose(1, 2).reshape({batch, length, q.size(2)});
}

CrossAttention::CrossAttention(int64_t features, int64_t context_features, int64_t heads)
    : heads_(heads) {
  if (heads < 1 || features % heads != 0) {
    throw Error(
        ErrorCode::InvalidArgument,
        fmt::format("attention: {} features cannot be split into {} heads", features, heads));
  }
  to_q_ = register_module("to_q", std::make_shared<Linear>(features, features, false));
  to_k_ = register_module("to_k", std::make_shared<Linear>(context_features, features, false));
  to_v_ = register_module("to_v", std::make_shared<Linear>(context_features, features, false));
  to_out_ = register_module("to_out", std::make_shared<ModuleList<Linear>>());
  to_out_->add(features, features);
}

at::Tensor CrossAttention::forward(const at::Tensor& x, const at::Tensor& context,
                                   const at::Tensor& residual) {
  const at::Tensor mixed =
      attention(to_q_->forward(x), to_k_->forward(context), to_v_->forward(context),
                {.heads = heads_, .blocked = to_q_->packed()});
  return (*to_out_)[0].forward(mixed, residual);
}

SpatialSelfAttention::SpatialSelfAttention(int64_t channels, int64_t heads, int64_t norm_groups,
                                           double norm_epsilon)
    : heads_(heads) {
  group_norm_ = register_module("group_norm",
                                std::make_shared<GroupNorm>(norm_groups, channels, norm_epsilon));
  to_q_ = register_module("to_q", std::make_shared<Linear>(channels, channels));
  to_k_ = register_module("to_k", std::make_shared<Linear>(channels, channels));
  to_v_ = register_module("to_v", std::make_shared<Linear>(channels, channels));
  to_out_ = register_module("to_out", std::make_shared<ModuleList<Linear>>());
  to_out_->add(channels, channels);
}

at::Tensor SpatialSelfAttention::forward(const at::Tensor& x) {
  const at::Tensor h = to_sequence(group_norm_->forward(x));
  const at::Tensor mixed = attention(to_q_->forward(h), to_k_->forward(h), to_v_->forward(h),
                                     {.heads = heads_, .blocked = to_q_->packed()});
  return to_picture((*to_out_)[0].forward(mixed, to_sequence(x)), x.size(2), x.size(3));
}

at::Tensor to_sequence(const at::Tensor& picture) { return picture.flatten(2).transpose(1, 2); }

at::Tensor to_picture(const at::Tensor& sequence, int64_t height, int64_t width) {
  return sequence.transpose(1, 2).unflatten(2, {height, width});
}

}  // namespace riffle::nn
