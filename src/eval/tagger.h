// SPDX-License-Identifier: GPL-3.0-or-later
// The tagger: which instruments sound in a picture of sound, whether there are drums, which genre
// it is. A small residual convolutional network (He et al. 2016) over a picture folded 4 x 4, with
// batch normalisation (Ioffe and Szegedy 2015) and mean and maximum over all places at the end. The
// numbers before its last layer are the embedding that sets of clips are compared by (frechet.h).
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/json.h"

namespace riffle::eval {

struct TaggerConfig {
  int64_t rows = 256;                               // of a picture
  int64_t frames = 256;                             // of the windows it is trained on
  std::vector<int64_t> widths = {24, 48, 96, 128};  // channels on grids of 1/4, 1/8, 1/16, 1/32
  int64_t embedding = 64;
  std::vector<std::string> instruments;  // words
  std::vector<std::string> families;     // "guitar", "brass", ...
  std::vector<std::string> genres;

  // Throws Error{BadFile}.
  static TaggerConfig from_json(const Json& json, const std::string& where);
  OrderedJson to_json() const;
};

struct TagLogits {
  at::Tensor instruments;  // [B, instruments]
  at::Tensor families;     // [B, families]
  at::Tensor drums;        // [B]
  at::Tensor genres;       // [B, genres]
  at::Tensor embedding;    // [B, embedding]
};

// conv, norm: x -> relu(norm(conv(x))).
class ConvNorm : public torch::nn::Module {
 public:
  ConvNorm(int64_t in, int64_t out, int64_t stride);
  at::Tensor forward(const at::Tensor& x);

 private:
  torch::nn::Conv2d conv_;
  torch::nn::BatchNorm2d norm_;
};

class Tagger : public torch::nn::Module {
 public:
  explicit Tagger(TaggerConfig config);

  // loudness: [B, 1, rows, T], 0 silent .. 1 loudest, T a multiple of 32.
  TagLogits forward(const at::Tensor& loudness);

  const TaggerConfig& config() const { return config_; }

 private:
  TaggerConfig config_;
  std::shared_ptr<ConvNorm> stem_;
  std::vector<std::shared_ptr<ConvNorm>> downs_;    // down1, ...
  std::vector<std::shared_ptr<ConvNorm>> firsts_;   // first1, ...: of each residual block
  std::vector<std::shared_ptr<ConvNorm>> seconds_;  // second1, ...
  torch::nn::Linear embed_;
  torch::nn::Linear head_;
};

// uint8 levels [B, rows, T] of pictures -> what forward() takes.
at::Tensor loudness_of_levels(const at::Tensor& levels);

}  // namespace riffle::eval
