// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/htsat.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/upsample_bicubic2d.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "models/config_reader.h"

namespace riffle::models {
namespace {

constexpr double kNormEpsilon = 1e-5;  // of the norms that layer_norm_eps does not speak of
constexpr double kHidden = -100;       // added to the scores of places that are not neighbours

// Places [B, H, W, C] as windows [B * H/w * W/w, w * w, C].
at::Tensor to_windows(const at::Tensor& x, int64_t window) {
  const int64_t rows = x.size(1) / window;
  const int64_t columns = x.size(2) / window;
  return x.view({x.size(0), rows, window, columns, window, x.size(3)})
      .permute({0, 1, 3, 2, 4, 5})
      .reshape({-1, window * window, x.size(3)});
}

// And back to [B, side, side, C].
at::Tensor from_windows(const at::Tensor& windows, int64_t window, int64_t side) {
  const int64_t per_side = side / window;
  return windows.view({-1, per_side, per_side, window, window, windows.size(2)})
      .permute({0, 1, 3, 2, 4, 5})
      .reshape({-1, side, side, windows.size(2)});
}

// For each pair of places in a window the row of the table of biases: [w * w, w * w].
at::Tensor relative_positions(int64_t window) {
  const at::Tensor along = at::arange(window, at::kLong);
  const at::Tensor rows = along.view({-1, 1}).expand({window, window}).reshape({-1});
  const at::Tensor columns = along.repeat({window});
  const auto difference = [&](const at::Tensor& x) {
    return x.unsqueeze(1) - x.unsqueeze(0) + (window - 1);
  };
  return difference(rows) * (2 * window - 1) + difference(columns);
}

// Which pairs of places of each window are only neighbours because the picture was rolled:
// [windows, w * w, w * w], 0 or kHidden.
at::Tensor rolled_mask(int64_t side, int64_t window, int64_t shift) {
  at::Tensor region = at::zeros({1, side, side, 1});
  // The last window's rows fall into three bands; so do its columns.
  const at::Tensor at = at::arange(side, at::kLong);
  const at::Tensor band = at.ge(side - window).to(at::kFloat) + at.ge(side - shift).to(at::kFloat);
  region = region + band.view({1, side, 1, 1}) * 3 + band.view({1, 1, side, 1});
  const at::Tensor windows = to_windows(region, window).squeeze(2);
  return windows.unsqueeze(1).ne(windows.unsqueeze(2)).to(at::kFloat) * kHidden;
}

// Parameter: relative_position_bias_table [(2w - 1)^2, heads].
class PositionBias : public nn::Layer {
 public:
  PositionBias(int64_t window, int64_t heads)
      : positions_(relative_positions(window).flatten()), places_(window * window), heads_(heads) {
    table_ =
        add_parameter("relative_position_bias_table", {(2 * window - 1) * (2 * window - 1), heads});
  }
  at::Tensor bias() const {  // [1, heads, w * w, w * w]
    const at::Tensor rows = table_.index_select(0, positions_.to(table_.device()));
    return rows.view({places_, places_, heads_}).permute({2, 0, 1}).unsqueeze(0);
  }
  void reset(const at::Generator& generator) override {
    const at::NoGradGuard no_grad;
    table_.normal_(0, 0.02, generator);
  }

 protected:
  at::Tensor table_;
  at::Tensor positions_;
  int64_t places_;
  int64_t heads_;
};

struct BlockShape {
  int64_t width = 0;
  int64_t heads = 1;
  int64_t side = 0;  // patches
  int64_t window = 0;
  int64_t shift = 0;
};

// Attention among the places of a window. Parameters: self.{query, key, value,
// relative_position_bias_table}, output.dense.
class WindowAttention : public torch::nn::Module {
 public:
  explicit WindowAttention(const BlockShape& shape) : heads_(shape.heads) {
    const int64_t width = shape.width;
    self_ = register_module("self", std::make_shared<PositionBias>(shape.window, shape.heads));
    query_ = self_->register_module("query", std::make_shared<nn::Linear>(width, width));
    key_ = self_->register_module("key", std::make_shared<nn::Linear>(width, width));
    value_ = self_->register_module("value", std::make_shared<nn::Linear>(width, width));
    const auto output = register_module("output", std::make_shared<torch::nn::Module>());
    dense_ = output->register_module("dense", std::make_shared<nn::Linear>(width, width));
    if (shape.shift > 0) mask_ = rolled_mask(shape.side, shape.window, shape.shift);
  }

  // windows: [B * windows of a picture, places, width] -> same.
  at::Tensor forward(const at::Tensor& windows) {
    const int64_t count = windows.size(0);
    const int64_t places = windows.size(1);
    const int64_t each = windows.size(2) / heads_;
    const auto split = [&](const at::Tensor& x) {
      return x.view({count, places, heads_, each}).transpose(1, 2).reshape({-1, places, each});
    };
    const at::Tensor q =
        split(query_->forward(windows)) * (1 / std::sqrt(static_cast<double>(each)));
    const at::Tensor k = split(key_->forward(windows));
    const at::Tensor v = split(value_->forward(windows));
    at::Tensor bias = self_->bias();
    if (mask_.defined()) bias = bias + mask_.to(bias.device()).unsqueeze(1);
    // [B, windows, heads, places, places]
    const at::Tensor scores =
        at::bmm(q, k.transpose(1, 2))
            .view({count / bias.size(0), bias.size(0), heads_, places, places})
            .add(bias);
    const at::Tensor shares = at::softmax(scores, -1).view({-1, places, places});
    const at::Tensor mixed = at::bmm(shares, v)
                                 .view({count, heads_, places, each})
                                 .transpose(1, 2)
                                 .reshape(windows.sizes());
    return dense_->forward(mixed);
  }

 private:
  int64_t heads_;
  at::Tensor mask_;  // undefined where nothing is rolled
  std::shared_ptr<PositionBias> self_;
  std::shared_ptr<nn::Linear> query_;
  std::shared_ptr<nn::Linear> key_;
  std::shared_ptr<nn::Linear> value_;
  std::shared_ptr<nn::Linear> dense_;
};

// Parameters: layernorm_before, attention, layernorm_after, intermediate.dense, output.dense.
class SwinBlock : public torch::nn::Module {
 public:
  SwinBlock(const BlockShape& shape, const HtsatConfig& config) : shape_(shape) {
    const int64_t width = shape.width;
    const auto wide = static_cast<int64_t>(config.mlp_ratio * static_cast<double>(width));
    const auto dense_in = [&](const char* name, int64_t in, int64_t out) {
      const auto holder = register_module(name, std::make_shared<torch::nn::Module>());
      return holder->register_module("dense", std::make_shared<nn::Linear>(in, out));
    };
    before_ = register_module("layernorm_before",
                              std::make_shared<nn::LayerNorm>(width, config.layer_norm_eps));
    attention_ = register_module("attention", std::make_shared<WindowAttention>(shape));
    after_ = register_module("layernorm_after",
                             std::make_shared<nn::LayerNorm>(width, config.layer_norm_eps));
    intermediate_ = dense_in("intermediate", width, wide);
    output_ = dense_in("output", wide, width);
  }

  at::Tensor forward(const at::Tensor& x) {  // [B, side, side, width] -> same
    at::Tensor h = before_->forward(x);
    if (shape_.shift > 0) h = h.roll({-shape_.shift, -shape_.shift}, {1, 2});
    h = from_windows(attention_->forward(to_windows(h, shape_.window)), shape_.window, shape_.side);
    if (shape_.shift > 0) h = h.roll({shape_.shift, shape_.shift}, {1, 2});
    h = x + h;
    return output_->forward(at::gelu(intermediate_->forward(after_->forward(h))), h);
  }

 private:
  BlockShape shape_;
  std::shared_ptr<nn::LayerNorm> before_;
  std::shared_ptr<WindowAttention> attention_;
  std::shared_ptr<nn::LayerNorm> after_;
  std::shared_ptr<nn::Linear> intermediate_;
  std::shared_ptr<nn::Linear> output_;
};

// Four neighbours become one place of twice the width. Parameters: norm, reduction.
class PatchMerging : public torch::nn::Module {
 public:
  explicit PatchMerging(int64_t width) {
    norm_ = register_module("norm", std::make_shared<nn::LayerNorm>(4 * width, kNormEpsilon));
    reduction_ =
        register_module("reduction", std::make_shared<nn::Linear>(4 * width, 2 * width, false));
  }
  at::Tensor forward(const at::Tensor& x) {  // [B, side, side, C] -> [B, side/2, side/2, 2 C]
    const auto every_second = [&](int64_t row, int64_t column) {
      return x.slice(1, row, x.size(1), 2).slice(2, column, x.size(2), 2);
    };
    const at::Tensor four = at::cat(
        {every_second(0, 0), every_second(1, 0), every_second(0, 1), every_second(1, 1)}, -1);
    return reduction_->forward(norm_->forward(four));
  }

 private:
  std::shared_ptr<nn::LayerNorm> norm_;
  std::shared_ptr<nn::Linear> reduction_;
};

void check_shapes(ConfigReader& reader, const HtsatConfig& c) {
  if (c.spec_size % c.num_mel_bins != 0) {
    reader.bad("spec_size", fmt::format("a multiple of num_mel_bins {}", c.num_mel_bins));
  }
  if (c.spec_size % c.patch_size != 0) {
    reader.bad("patch_size", fmt::format("a divisor of spec_size {}", c.spec_size));
  }
  if (c.num_attention_heads.size() != c.depths.size()) {
    reader.bad("num_attention_heads", fmt::format("one value a stage, {}", c.depths.size()));
  }
  int64_t side = c.spec_size / c.patch_size;
  for (size_t i = 0; i < c.depths.size(); ++i) {
    const int64_t width = c.patch_embeds_hidden_size << i;
    if (width % c.num_attention_heads[i] != 0) {
      reader.bad("num_attention_heads", fmt::format("a divisor of stage {}'s width {}", i, width));
    }
    const bool last = i + 1 == c.depths.size();
    if ((side > c.window_size && side % c.window_size != 0) || (!last && side % 2 != 0)) {
      reader.bad("window_size",
                 fmt::format("windows that fit stage {}, which is {} patches wide", i, side));
    }
    side /= 2;
  }
}

}  // namespace

HtsatConfig HtsatConfig::from_json(const Json& json, const std::string& where) {
  ConfigReader reader(json, where);
  reader.choice("model_type", "clap_audio_model", {"clap_audio_model", "clap"});
  if (reader.flag("enable_fusion", false)) {
    throw Error(ErrorCode::Unsupported, fmt::format("{}: CLAP with fusion is not built", where),
                "take a checkpoint without fusion, such as laion/clap-htsat-unfused");
  }
  HtsatConfig c;
  c.num_mel_bins = reader.integer("num_mel_bins", c.num_mel_bins, 1, 1024);
  c.spec_size = reader.integer("spec_size", c.spec_size, 1, 4096);
  c.patch_size = reader.integer("patch_size", c.patch_size, 1, 64);
  for (const int64_t stride : reader.integers_per_level("patch_stride", c.patch_size, 2, 1, 64)) {
    if (stride != c.patch_size) reader.unsupported("patch_stride", "the patch_size");
  }
  c.window_size = reader.integer("window_size", c.window_size, 1, 64);
  c.patch_embeds_hidden_size =
      reader.integer("patch_embeds_hidden_size", c.patch_embeds_hidden_size, 1, 1024);
  c.depths = reader.integers("depths", c.depths, 1, 64);
  c.num_attention_heads = reader.integers("num_attention_heads", c.num_attention_heads, 1, 1024);
  if (c.depths.size() > 6) reader.bad("depths", "at most 6 stages");
  c.mlp_ratio = reader.number("mlp_ratio", c.mlp_ratio);
  if (!(c.mlp_ratio >= 0.1 && c.mlp_ratio <= 16)) reader.bad("mlp_ratio", "0.1 to 16");
  c.layer_norm_eps = reader.number("layer_norm_eps", c.layer_norm_eps);
  c.enable_patch_layer_norm = reader.flag("enable_patch_layer_norm", c.enable_patch_layer_norm);
  reader.expect("qkv_bias", true);
  reader.expect("flatten_patch_embeds", true);
  reader.expect("patch_embed_input_channels", 1);
  reader.choice("hidden_act", "gelu", {"gelu"});
  check_shapes(reader, c);
  const int64_t hidden = reader.integer("hidden_size", c.hidden_size(), 1, 1 << 20);
  if (hidden != c.hidden_size()) {
    reader.bad("hidden_size", fmt::format("{}, the last stage's width", c.hidden_size()));
  }
  return c;
}

Json HtsatConfig::to_json() const {
  return {{"model_type", "clap_audio_model"},
          {"num_mel_bins", num_mel_bins},
          {"spec_size", spec_size},
          {"patch_size", patch_size},
          {"patch_stride", {patch_size, patch_size}},
          {"window_size", window_size},
          {"patch_embeds_hidden_size", patch_embeds_hidden_size},
          {"hidden_size", hidden_size()},
          {"depths", depths},
          {"num_hidden_layers", depths.size()},
          {"num_attention_heads", num_attention_heads},
          {"mlp_ratio", mlp_ratio},
          {"layer_norm_eps", layer_norm_eps},
          {"enable_patch_layer_norm", enable_patch_layer_norm},
          {"enable_fusion", false},
          {"qkv_bias", true},
          {"flatten_patch_embeds", true},
          {"patch_embed_input_channels", 1},
          {"hidden_act", "gelu"}};
}

MelNorm::MelNorm(int64_t bands) {
  weight_ = add_parameter("weight", {bands});
  bias_ = add_parameter("bias", {bands});
  running_mean_ = add_parameter("running_mean", {bands});
  running_var_ = add_parameter("running_var", {bands});
  running_mean_.set_requires_grad(false);
  running_var_.set_requires_grad(false);
}

at::Tensor MelNorm::forward(const at::Tensor& x) {
  return (x - running_mean_) * (weight_ / (running_var_ + kNormEpsilon).sqrt()) + bias_;
}

void MelNorm::reset(const at::Generator& /*generator*/) {
  fill(weight_, 1);
  fill(bias_, 0);
  fill(running_mean_, 0);
  fill(running_var_, 1);
}

struct HtsatModel::Stage : torch::nn::Module {
  std::shared_ptr<nn::ModuleList<SwinBlock>> blocks;
  std::shared_ptr<PatchMerging> downsample;  // null in the last

  Stage(const HtsatConfig& config, size_t index) {
    BlockShape shape;
    shape.width = config.patch_embeds_hidden_size << index;
    shape.heads = config.num_attention_heads[index];
    shape.side = config.spec_size / config.patch_size >> index;
    shape.window = std::min(config.window_size, shape.side);
    blocks = register_module("blocks", std::make_shared<nn::ModuleList<SwinBlock>>());
    for (int64_t i = 0; i < config.depths[index]; ++i) {
      shape.shift = i % 2 == 1 && shape.side > shape.window ? shape.window / 2 : 0;
      blocks->add(shape, config);
    }
    if (index + 1 < config.depths.size()) {
      downsample = register_module("downsample", std::make_shared<PatchMerging>(shape.width));
    }
  }
};

HtsatModel::HtsatModel(const HtsatConfig& config) : config_(config) {
  const int64_t width = config.patch_embeds_hidden_size;
  batch_norm_ = register_module("batch_norm", std::make_shared<MelNorm>(config.num_mel_bins));
  const auto patch_embed = register_module("patch_embed", std::make_shared<torch::nn::Module>());
  proj_ = patch_embed->register_module(
      "proj", std::make_shared<nn::Conv2d>(
                  1, width,
                  nn::Conv2dOptions{
                      .kernel = config.patch_size, .stride = config.patch_size, .padding = 0}));
  if (config.enable_patch_layer_norm) {
    patch_norm_ =
        patch_embed->register_module("norm", std::make_shared<nn::LayerNorm>(width, kNormEpsilon));
  }
  const auto layers = register_module("layers", std::make_shared<torch::nn::Module>());
  for (size_t i = 0; i < config.depths.size(); ++i) {
    stages_.push_back(
        layers->register_module(std::to_string(i), std::make_shared<Stage>(config, i)));
  }
  norm_ =
      register_module("norm", std::make_shared<nn::LayerNorm>(config.hidden_size(), kNormEpsilon));
}

HtsatModel::~HtsatModel() = default;

at::Tensor HtsatModel::forward(const at::Tensor& log_mel, const Job& job) {
  const int64_t bands = config_.num_mel_bins;
  const int64_t frames = config_.frames();
  if (log_mel.dim() != 3 || log_mel.numel() == 0 || log_mel.size(1) > frames ||
      log_mel.size(2) != bands) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("HTSAT: log-mel: expected [B, up to {} frames, {}], got [{}]", frames,
                            bands, fmt::join(log_mel.sizes(), ", ")));
  }
  at::Tensor x = log_mel.unsqueeze(1);
  // The norm is the same for all frames, so it may come after they were stretched.
  if (x.size(2) < frames) x = at::upsample_bicubic2d(x, {frames, bands}, /*align_corners=*/true);
  x = batch_norm_->forward(x);
  // Stretches of time under each other, each with its lowest band first.
  const int64_t side = config_.spec_size;
  x = x.reshape({-1, config_.stretches(), side, bands})
          .transpose(2, 3)
          .reshape({-1, 1, side, side});
  x = proj_->forward(x).permute({0, 2, 3, 1}).contiguous();
  if (patch_norm_) x = patch_norm_->forward(x);
  for (const auto& stage : stages_) {
    job.check();
    for (const auto& block : *stage->blocks) x = block->forward(x);
    if (stage->downsample) x = stage->downsample->forward(x);
  }
  return norm_->forward(x).mean({1, 2});
}

}  // namespace riffle::models
