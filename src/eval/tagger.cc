// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/tagger.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <utility>

#include "core/error.h"

namespace riffle::eval {
namespace {

constexpr int64_t kFold = 4;

torch::nn::Conv2dOptions convolution(int64_t in, int64_t out, int64_t stride) {
  return torch::nn::Conv2dOptions(in, out, 3).stride(stride).padding(1).bias(false);
}

int64_t outputs_of(const TaggerConfig& config) {
  return static_cast<int64_t>(config.instruments.size() + config.families.size() + 1 +
                              config.genres.size());
}

}  // namespace

TaggerConfig TaggerConfig::from_json(const Json& json, const std::string& where) {
  TaggerConfig config;
  config.rows = json_get<int64_t>(json, "rows", where);
  config.frames = json_get<int64_t>(json, "frames", where);
  config.widths = json_get<std::vector<int64_t>>(json, "widths", where);
  config.embedding = json_get<int64_t>(json, "embedding", where);
  config.instruments = json_get<std::vector<std::string>>(json, "instruments", where);
  config.families = json_get<std::vector<std::string>>(json, "families", where);
  config.genres = json_get<std::vector<std::string>>(json, "genres", where);
  const auto in_range = [](int64_t value, int64_t high) { return value >= 1 && value <= high; };
  bool sane = in_range(config.rows, 8192) && in_range(config.frames, 8192) &&
              in_range(config.embedding, 4096) && in_range(std::ssize(config.widths), 6);
  for (const int64_t width : config.widths) sane = sane && in_range(width, 4096);
  if (!sane) throw Error(ErrorCode::BadFile, where + ": sizes of the tagger make no sense");
  return config;
}

OrderedJson TaggerConfig::to_json() const {
  return {{"rows", rows},           {"frames", frames},           {"widths", widths},
          {"embedding", embedding}, {"instruments", instruments}, {"families", families},
          {"genres", genres}};
}

ConvNorm::ConvNorm(int64_t in, int64_t out, int64_t stride)
    : conv_(convolution(in, out, stride)), norm_(torch::nn::BatchNorm2dOptions(out)) {
  register_module("conv", conv_);
  register_module("norm", norm_);
}

at::Tensor ConvNorm::forward(const at::Tensor& x) {
  return norm_->forward(conv_->forward(x)).relu();
}

Tagger::Tagger(TaggerConfig config)
    : config_(std::move(config)),
      embed_(2 * config_.widths.back(), config_.embedding),
      head_(config_.embedding, outputs_of(config_)) {
  const auto& widths = config_.widths;
  // A row of the folded picture is told where it is.
  stem_ = register_module("stem", std::make_shared<ConvNorm>(kFold * kFold + 1, widths[0], 1));
  for (size_t i = 1; i < widths.size(); ++i) {
    downs_.push_back(register_module(fmt::format("down{}", i),
                                     std::make_shared<ConvNorm>(widths[i - 1], widths[i], 2)));
    if (i + 1 == widths.size()) break;
    firsts_.push_back(register_module(fmt::format("first{}", i),
                                      std::make_shared<ConvNorm>(widths[i], widths[i], 1)));
    seconds_.push_back(register_module(fmt::format("second{}", i),
                                       std::make_shared<ConvNorm>(widths[i], widths[i], 1)));
  }
  register_module("embed", embed_);
  register_module("head", head_);
}

TagLogits Tagger::forward(const at::Tensor& loudness) {
  at::Tensor x = at::pixel_unshuffle(loudness, kFold);
  const at::Tensor place = at::linspace(-1, 1, x.size(2), x.options())
                               .view({1, 1, -1, 1})
                               .expand({x.size(0), 1, x.size(2), x.size(3)});
  x = stem_->forward(at::cat({x, place}, 1));
  for (size_t i = 0; i < downs_.size(); ++i) {
    x = downs_[i]->forward(x);
    if (i < firsts_.size()) x = x + seconds_[i]->forward(firsts_[i]->forward(x));
  }
  const at::Tensor pooled = at::cat({x.mean({2, 3}), x.amax({2, 3})}, 1);
  TagLogits logits;
  logits.embedding = embed_->forward(pooled);
  const at::Tensor out = head_->forward(logits.embedding.relu());
  const auto instruments = static_cast<int64_t>(config_.instruments.size());
  const auto families = static_cast<int64_t>(config_.families.size());
  logits.instruments = out.narrow(1, 0, instruments);
  logits.families = out.narrow(1, instruments, families);
  logits.drums = out.select(1, instruments + families);
  logits.genres = out.narrow(1, instruments + families + 1, std::ssize(config_.genres));
  return logits;
}

at::Tensor loudness_of_levels(const at::Tensor& levels) {
  return (1 - levels.to(at::kFloat) / 255).unsqueeze(1);
}

}  // namespace riffle::eval
