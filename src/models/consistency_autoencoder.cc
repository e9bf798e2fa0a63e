// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/consistency_autoencoder.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/tanh.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <numbers>
#include <string>

#include "core/error.h"
#include "models/consistency_blocks.h"
#include "nn/embeddings.h"

namespace riffle::models {
namespace {

constexpr double kTwo = std::numbers::sqrt2;
constexpr double kThree = std::numbers::sqrt3;
const nn::Conv2dOptions kPointwise{.kernel = 1, .padding = 0};

// Sub-modules "0", "1", ... of several kinds.
class Numbered : public torch::nn::Module {
 public:
  template <class T>
  std::shared_ptr<T> add(std::shared_ptr<T> module) {
    return register_module(std::to_string(count_++), std::move(module));
  }

 private:
  int64_t count_ = 0;
};

int64_t heads_at(const ConsistencyConfig& config, const std::vector<int64_t>& attention,
                 size_t level) {
  return attention[level] == 1 ? config.heads : 0;
}

// One value for each row of frequency. Parameter: scale [1, 1, rows, 1].
class RowGain : public nn::Layer {
 public:
  explicit RowGain(int64_t rows) { scale_ = add_parameter("scale", {1, 1, rows, 1}); }
  at::Tensor forward(const at::Tensor& x) const { return x * scale_; }
  void reset(const at::Generator& /*generator*/) override { fill(scale_, 1); }

 private:
  at::Tensor scale_;
};

// Linear layers with SiLU between them (and, `closed`, after the last): "0", "2", ...
class Mlp : public torch::nn::Module {
 public:
  Mlp(const std::vector<int64_t>& widths, bool closed) : closed_(closed) {
    for (size_t i = 0; i + 1 < widths.size(); ++i) {
      layers_.push_back(register_module(std::to_string(2 * i),
                                        std::make_shared<nn::Linear>(widths[i], widths[i + 1])));
    }
  }
  at::Tensor forward(at::Tensor x) const {
    for (size_t i = 0; i < layers_.size(); ++i) {
      x = layers_[i]->forward(x);
      if (closed_ || i + 1 < layers_.size()) x = at::silu(x);
    }
    return x;
  }

 private:
  bool closed_;
  std::vector<std::shared_ptr<nn::Linear>> layers_;
};

[[noreturn]] void refuse(const char* what, const std::string& expected, const at::Tensor& got) {
  throw Error(ErrorCode::InvalidArgument,
              fmt::format("ConsistencyAutoencoder: {}: expected {}, got [{}]", what, expected,
                          fmt::join(got.sizes(), ", ")));
}

void check_picture(const char* what, const at::Tensor& x, const ConsistencyConfig& c) {
  if (x.dim() != 4 || x.size(1) != 2 || x.size(2) != c.bins() || x.size(3) < 1 ||
      x.size(3) % c.frames_per_latent() != 0) {
    refuse(what, fmt::format("[B, 2, {}, T], T a multiple of {}", c.bins(), c.frames_per_latent()),
           x);
  }
}

}  // namespace

struct ConsistencyAutoencoder::Encoder : torch::nn::Module {
  explicit Encoder(const ConsistencyConfig& c) {
    gain = register_module("gain", std::make_shared<RowGain>(c.bins()));
    conv_inp = register_module("conv_inp", std::make_shared<nn::Conv2d>(2, c.width(0)));
    const auto layers = register_module("down_layers", std::make_shared<Numbered>());
    int64_t channels = c.width(0);
    blocks.resize(c.levels());
    for (size_t level = 0; level < c.levels(); ++level) {
      for (int64_t i = 0; i < c.layers_list_encoder[level]; ++i) {
        blocks[level].push_back(layers->add(std::make_shared<ConsistencyBlock>(
            ConsistencyBlockShape{.in = channels,
                                  .out = c.width(level),
                                  .heads = heads_at(c, c.attention_list_encoder, level)})));
        channels = c.width(level);
      }
      if (level + 1 == c.levels()) break;
      downs.push_back(layers->add(std::make_shared<LevelChange>(
          channels, channels, LevelChange::Direction::Down, c.freq_downsample_list[level] == 1,
          /*normed=*/true)));
    }
    prenorm = register_module("prenorm_1d_to_2d", consistency_norm(channels));
    const auto bottleneck = register_module("bottleneck_layers", std::make_shared<Numbered>());
    flatten = bottleneck->add(std::make_shared<nn::Conv1d>(channels * c.rows(c.levels() - 1),
                                                           c.bottleneck_base_channels, 1));
    for (int64_t i = 0; i < c.num_bottleneck_layers; ++i) {
      sequence.push_back(
          bottleneck->add(std::make_shared<ConsistencyBlock1d>(c.bottleneck_base_channels)));
    }
    norm_out = register_module("norm_out", consistency_norm(c.bottleneck_base_channels));
    conv_out = register_module("conv_out", std::make_shared<nn::Conv1d>(c.bottleneck_base_channels,
                                                                        c.bottleneck_channels, 1));
  }

  at::Tensor forward(const at::Tensor& picture, const Job& job) {
    at::Tensor x = gain->forward(conv_inp->forward(picture));
    for (size_t level = 0; level < blocks.size(); ++level) {
      job.check();
      for (const auto& block : blocks[level]) x = block->forward(x);
      if (level < downs.size()) x = downs[level]->forward(x);
    }
    x = prenorm->forward(x);
    // Channels first, rows within them.
    x = flatten->forward(x.flatten(1, 2).unsqueeze(2).contiguous());
    for (const auto& block : sequence) x = block->forward(x);
    return at::tanh(conv_out->forward(norm_out->forward_silu(x)).squeeze(2));
  }

  std::shared_ptr<RowGain> gain;
  std::shared_ptr<nn::Conv2d> conv_inp;
  std::vector<std::vector<std::shared_ptr<ConsistencyBlock>>> blocks;  // by level
  std::vector<std::shared_ptr<LevelChange>> downs;
  std::shared_ptr<nn::GroupNorm> prenorm;
  std::shared_ptr<nn::Conv1d> flatten;
  std::vector<std::shared_ptr<ConsistencyBlock1d>> sequence;
  std::shared_ptr<nn::GroupNorm> norm_out;
  std::shared_ptr<nn::Conv1d> conv_out;
};

struct ConsistencyAutoencoder::Decoder : torch::nn::Module {
  explicit Decoder(const ConsistencyConfig& c) : rows(c.rows(c.levels() - 1)) {
    const size_t last = c.levels() - 1;
    const int64_t base = c.bottleneck_base_channels;
    conv_inp =
        register_module("conv_inp", std::make_shared<nn::Conv1d>(c.bottleneck_channels, base, 1));
    const auto bottleneck = register_module("bottleneck_layers", std::make_shared<Numbered>());
    for (int64_t i = 0; i < c.num_bottleneck_layers; ++i) {
      sequence.push_back(bottleneck->add(std::make_shared<ConsistencyBlock1d>(base)));
    }
    unflatten = register_module("conv_out_bottleneck",
                                std::make_shared<nn::Conv1d>(base, c.width(last) * rows, 1));
    const auto layers = register_module("up_layers", std::make_shared<Numbered>());
    blocks.resize(c.levels());
    for (size_t level = last + 1; level-- > 0;) {
      for (int64_t i = 0; i < c.layers_list_encoder[level]; ++i) {
        blocks[level].push_back(layers->add(std::make_shared<ConsistencyBlock>(
            ConsistencyBlockShape{.in = c.width(level),
                                  .out = c.width(level),
                                  .heads = heads_at(c, c.attention_list_encoder, level)})));
      }
      if (level == 0) break;
      ups.push_back(layers->add(std::make_shared<LevelChange>(
          c.width(level), c.width(level - 1), LevelChange::Direction::Up,
          c.freq_downsample_list[level - 1] == 1, /*normed=*/false)));
    }
  }

  std::vector<at::Tensor> forward(const at::Tensor& latents, const Job& job) {
    at::Tensor x = conv_inp->forward(latents.unsqueeze(2));
    for (const auto& block : sequence) x = block->forward(x);
    // Rows first, channels within them.
    x = unflatten->forward(x).squeeze(2).unflatten(1, {rows, -1}).transpose(1, 2).contiguous();
    std::vector<at::Tensor> pyramid(blocks.size());
    for (size_t level = blocks.size(); level-- > 0;) {
      job.check();
      for (const auto& block : blocks[level]) x = block->forward(x);
      pyramid[level] = x;
      if (level > 0) x = ups[blocks.size() - 1 - level]->forward(x);
    }
    return pyramid;
  }

  int64_t rows;
  std::shared_ptr<nn::Conv1d> conv_inp;
  std::vector<std::shared_ptr<ConsistencyBlock1d>> sequence;
  std::shared_ptr<nn::Conv1d> unflatten;
  std::vector<std::vector<std::shared_ptr<ConsistencyBlock>>> blocks;  // by level
  std::vector<std::shared_ptr<LevelChange>> ups;                       // coarsest first
};

struct ConsistencyAutoencoder::UNet {
  struct Block {
    std::shared_ptr<nn::Conv2d> look;  // at the pyramid
    std::shared_ptr<ConsistencyBlock> block;
  };

  UNet(torch::nn::Module& root, const ConsistencyConfig& c) {
    const std::vector<int64_t> scale{c.cond_channels, c.cond_channels, c.cond_channels, c.bins()};
    const size_t last = c.levels() - 1;
    emb_proj = root.register_module(
        "emb_proj",
        std::make_shared<Mlp>(std::vector<int64_t>(3, c.cond_channels), /*closed=*/true));
    scale_inp = root.register_module("scale_inp", std::make_shared<Mlp>(scale, false));
    scale_out = root.register_module("scale_out", std::make_shared<Mlp>(scale, false));
    conv_inp = root.register_module("conv_inp", std::make_shared<nn::Conv2d>(2, c.width(0)));
    const auto downs = root.register_module("down_layers", std::make_shared<Numbered>());
    const auto ups = root.register_module("up_layers", std::make_shared<Numbered>());
    down.resize(c.levels());
    up.resize(c.levels());
    for (size_t level = 0; level <= last; ++level) {
      add_blocks(*downs, c, level, down[level]);
      if (level == last) break;
      coarser.push_back(downs->add(std::make_shared<LevelChange>(
          c.width(level), c.width(level + 1), LevelChange::Direction::Down,
          c.freq_downsample_list[level] == 1, /*normed=*/false)));
    }
    for (size_t level = last + 1; level-- > 0;) {
      add_blocks(*ups, c, level, up[level]);
      if (level == 0) break;
      finer.push_back(ups->add(std::make_shared<LevelChange>(
          c.width(level), c.width(level - 1), LevelChange::Direction::Up,
          c.freq_downsample_list[level - 1] == 1, /*normed=*/false)));
    }
    conv_decoded = root.register_module(
        "conv_decoded", std::make_shared<nn::Conv2d>(c.width(0), c.width(0), kPointwise));
    norm_out = root.register_module("norm_out", consistency_norm(c.width(0)));
    conv_out = root.register_module("conv_out", std::make_shared<nn::Conv2d>(c.width(0), 2));
  }

  static void add_blocks(Numbered& layers, const ConsistencyConfig& c, size_t level,
                         std::vector<Block>& blocks) {
    const int64_t width = c.width(level);
    for (int64_t i = 0; i < c.layers_list[level]; ++i) {
      Block block;
      block.look = layers.add(std::make_shared<nn::Conv2d>(width, width, kPointwise));
      block.block = layers.add(std::make_shared<ConsistencyBlock>(
          ConsistencyBlockShape{.in = width,
                                .out = width,
                                .condition = c.cond_channels,
                                .heads = heads_at(c, c.attention_list, level)}));
      blocks.push_back(std::move(block));
    }
  }

  // embedding: [B, cond_channels], sinusoids of the noise level.
  at::Tensor forward(const at::Tensor& input, const at::Tensor& embedding,
                     const std::vector<at::Tensor>& pyramid, const Job& job) {
    const auto by_row = [](const at::Tensor& x) { return 1 + x.unsqueeze(1).unsqueeze(3); };
    const at::Tensor condition = emb_proj->forward(embedding);
    at::Tensor x = conv_inp->forward(input) * by_row(scale_inp->forward(embedding));
    std::vector<at::Tensor> skips;
    for (size_t level = 0; level < down.size(); ++level) {
      job.check();
      for (const Block& b : down[level]) {
        x = b.block->forward(b.look->forward(pyramid[level], {.residual = x}) * (1 / kTwo),
                             condition);
        skips.push_back(x);
      }
      if (level < coarser.size()) x = coarser[level]->forward(x);
    }
    for (size_t level = up.size(); level-- > 0;) {
      job.check();
      for (const Block& b : up[level]) {
        x = b.block->forward(
            (b.look->forward(pyramid[level], {.residual = x}) + skips.back()) * (1 / kThree),
            condition);
        skips.pop_back();
      }
      if (level > 0) x = finer[up.size() - 1 - level]->forward(x);
    }
    x = conv_decoded->forward(pyramid[0], {.residual = x}) * (1 / kTwo);
    return conv_out->forward(norm_out->forward_silu(x) * by_row(scale_out->forward(embedding)));
  }

  std::shared_ptr<Mlp> emb_proj;
  std::shared_ptr<Mlp> scale_inp;
  std::shared_ptr<Mlp> scale_out;
  std::shared_ptr<nn::Conv2d> conv_inp;
  std::vector<std::vector<Block>> down;  // by level
  std::vector<std::vector<Block>> up;
  std::vector<std::shared_ptr<LevelChange>> coarser;
  std::vector<std::shared_ptr<LevelChange>> finer;  // coarsest first
  std::shared_ptr<nn::Conv2d> conv_decoded;
  std::shared_ptr<nn::GroupNorm> norm_out;
  std::shared_ptr<nn::Conv2d> conv_out;
};

ConsistencyAutoencoder::ConsistencyAutoencoder(const ConsistencyConfig& config)
    : config_(config),
      encoder_(register_module("encoder", std::make_shared<Encoder>(config))),
      decoder_(register_module("decoder", std::make_shared<Decoder>(config))),
      unet_(std::make_shared<UNet>(*this, config)) {}

ConsistencyAutoencoder::~ConsistencyAutoencoder() = default;

void ConsistencyAutoencoder::start(uint64_t seed) {
  nn::reset_parameters(*this, seed);
  const at::NoGradGuard no_grad;
  const auto is_closing = [](const std::string& name) {
    for (const char* part :
         {".conv2.", ".proj_emb.", "out_proj.", "scale_inp.4.", "scale_out.4."}) {
      if (name.find(part) != std::string::npos) return true;
    }
    return name.starts_with("conv_out.");
  };
  for (auto& item : named_parameters()) {
    if (is_closing(item.key())) item.value().zero_();
  }
}

at::Tensor ConsistencyAutoencoder::encode(const at::Tensor& picture, const Job& job) {
  check_picture("picture", picture, config_);
  return encoder_->forward(picture, job);
}

std::vector<at::Tensor> ConsistencyAutoencoder::pyramid(const at::Tensor& latents, const Job& job) {
  if (latents.dim() != 3 || latents.size(1) != config_.bottleneck_channels || latents.size(2) < 1) {
    refuse("latents", fmt::format("[B, {}, columns]", config_.bottleneck_channels), latents);
  }
  return decoder_->forward(latents, job);
}

at::Tensor ConsistencyAutoencoder::denoise(const at::Tensor& noisy, const at::Tensor& sigma,
                                           const std::vector<at::Tensor>& pyramid, const Job& job) {
  check_picture("noisy picture", noisy, config_);
  if (sigma.dim() != 1 || sigma.size(0) != noisy.size(0) || pyramid.size() != config_.levels() ||
      pyramid[0].size(0) != noisy.size(0) || pyramid[0].size(3) != noisy.size(3)) {
    refuse("noise levels, pyramid", "those of the picture", sigma);
  }
  const double data = config_.sigma_data;
  const at::Tensor s = sigma.to(at::kFloat).view({-1, 1, 1, 1});
  const at::Tensor above = s - config_.sigma_min;
  const at::Tensor total = (s.square() + data * data).sqrt();
  const at::Tensor c_skip = data * data / (above.square() + data * data);
  const at::Tensor c_out = above * data / total;
  const at::Tensor embedding = nn::timestep_sinusoids(
      sigma.to(at::kFloat).log() / 4,
      {.features = config_.cond_channels, .cosine_first = false, .frequency_shift = 1});
  return c_skip * noisy + c_out * unet_->forward(noisy / total, embedding, pyramid, job);
}

std::vector<double> consistency_sigmas(const ConsistencyConfig& config, int64_t steps) {
  if (steps < 1) throw Error(ErrorCode::InvalidArgument, "decoding takes at least one step");
  const double low = std::pow(config.sigma_min, 1 / config.rho);
  const double high = std::pow(config.sigma_max, 1 / config.rho);
  std::vector<double> sigmas;
  for (int64_t k = steps; k > 0; --k) {
    const double share = static_cast<double>(k) / static_cast<double>(steps);
    sigmas.push_back(std::pow(low + share * (high - low), config.rho));
  }
  return sigmas;
}

}  // namespace riffle::models
