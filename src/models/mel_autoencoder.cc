// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/mel_autoencoder.h"

#include <ATen/ops/silu.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "core/error.h"
#include "models/config_reader.h"

namespace riffle::models {
namespace {

constexpr int64_t kMaxChannels = 4096;
// The first of the decoder's two unfolds from patches to the picture.
constexpr nn::FoldFactor kTailFold{.rows = 2, .columns = 2};

std::vector<int64_t> list_of(ConfigReader& reader, const char* key,
                             const std::vector<int64_t>& fallback, int64_t low) {
  std::vector<int64_t> values = reader.integers(key, fallback, low, kMaxChannels);
  if (values.size() != fallback.size()) {
    reader.bad(key, fmt::format("{} values", fallback.size()));
  }
  return values;
}

[[noreturn]] void refuse_shape(const char* what, const std::string& expected,
                               const at::Tensor& got) {
  throw Error(ErrorCode::InvalidArgument,
              fmt::format("MelAutoencoder: {}: expected {}, got [{}]", what, expected,
                          fmt::join(got.sizes(), ", ")));
}

at::Tensor column_of(const std::vector<double>& values, const at::Tensor& like) {
  return at::tensor(values, at::kFloat)
      .to(like.options())
      .view({1, static_cast<int64_t>(values.size()), 1, 1});
}

using Blocks = nn::ModuleList<PlainResBlock>;

std::shared_ptr<Blocks> make_blocks(int64_t count, int64_t channels) {
  auto blocks = std::make_shared<Blocks>();
  for (int64_t i = 0; i < count; ++i) blocks->add(channels);
  return blocks;
}

at::Tensor run(const Blocks& blocks, at::Tensor x, const Job& job) {
  for (const auto& block : blocks) {
    job.check();
    x = block->forward(x);
  }
  return x;
}

}  // namespace

bool MelAutoencoderConfig::describes(const Json& config) {
  return config.value("_class_name", "") == "MelAutoencoder";
}

MelAutoencoderConfig MelAutoencoderConfig::from_json(const Json& json, const std::string& where) {
  ConfigReader reader(json, where);
  reader.expect("_class_name", "MelAutoencoder");
  MelAutoencoderConfig c;
  c.latent_channels = reader.integer("latent_channels", c.latent_channels, 1, kMaxChannels);
  c.latent_rows = reader.integer("latent_rows", c.latent_rows, 1, 1024);
  c.patch = reader.integer("patch", c.patch, 4, 64);
  c.frequency_fold = reader.integer("frequency_fold", c.frequency_fold, 1, 64);
  c.encoder = list_of(reader, "encoder_channels", c.encoder, 1);
  c.encoder_blocks = list_of(reader, "encoder_blocks", c.encoder_blocks, 0);
  c.decoder = list_of(reader, "decoder_channels", c.decoder, 1);
  c.decoder_blocks = list_of(reader, "decoder_blocks", c.decoder_blocks, 0);
  if (c.patch % 4 != 0)
    reader.bad("patch", "a multiple of 4: the decoder's tail unfolds in stages");
  c.latents_mean = reader.numbers("latents_mean", c.latent_channels);
  c.latents_std = reader.numbers("latents_std", c.latent_channels);
  for (const double deviation : c.latents_std) {
    if (!(deviation > 0)) reader.bad("latents_std", "numbers above 0");
  }
  reader.finish();
  return c;
}

Json MelAutoencoderConfig::to_json() const {
  Json json{{"_class_name", "MelAutoencoder"},  {"latent_channels", latent_channels},
            {"latent_rows", latent_rows},       {"patch", patch},
            {"frequency_fold", frequency_fold}, {"encoder_channels", encoder},
            {"encoder_blocks", encoder_blocks}, {"decoder_channels", decoder},
            {"decoder_blocks", decoder_blocks}};
  if (!latents_mean.empty()) json["latents_mean"] = latents_mean;
  if (!latents_std.empty()) json["latents_std"] = latents_std;
  return json;
}

PlainResBlock::PlainResBlock(int64_t channels) {
  conv1_ = register_module("conv1", std::make_shared<nn::Conv2d>(channels, channels));
  conv2_ = register_module("conv2", std::make_shared<nn::Conv2d>(channels, channels));
}

at::Tensor PlainResBlock::forward(const at::Tensor& x) {
  const at::Tensor inner = at::silu(conv1_->forward(at::silu(x)));
  return conv2_->forward(inner, {.residual = x});
}

RowBias::RowBias(int64_t channels, int64_t rows) {
  weight_ = add_parameter("weight", {channels, rows});
}

at::Tensor RowBias::forward(const at::Tensor& x) { return x + weight_.unsqueeze(-1); }

void RowBias::reset(const at::Generator& /*generator*/) { fill(weight_, 0); }

struct MelAutoencoder::Encoder : torch::nn::Module {
  explicit Encoder(const MelAutoencoderConfig& c) {
    fold = {.rows = c.patch, .columns = c.patch};
    conv_in =
        register_module("conv_in", std::make_shared<nn::Conv2d>(c.patch * c.patch, c.encoder[0]));
    rows = register_module(
        "rows", std::make_shared<RowBias>(c.encoder[0], c.latent_rows * c.frequency_fold));
    patch_blocks = register_module("patch_blocks", make_blocks(c.encoder_blocks[0], c.encoder[0]));
    down = register_module("down", std::make_shared<nn::FoldDown>(
                                       c.encoder[0], c.encoder[1],
                                       nn::FoldFactor{.rows = c.frequency_fold, .columns = 1}));
    latent_blocks =
        register_module("latent_blocks", make_blocks(c.encoder_blocks[1], c.encoder[1]));
    conv_out =
        register_module("conv_out", std::make_shared<nn::Conv2d>(c.encoder[1], c.latent_channels));
  }

  at::Tensor forward(const at::Tensor& pictures, const Job& job) {
    at::Tensor x = rows->forward(conv_in->forward(nn::space_to_channels(pictures, fold)));
    x = down->forward(run(*patch_blocks, x, job));
    return conv_out->forward(at::silu(run(*latent_blocks, x, job)));
  }

  nn::FoldFactor fold;
  std::shared_ptr<nn::Conv2d> conv_in;
  std::shared_ptr<RowBias> rows;
  std::shared_ptr<Blocks> patch_blocks;
  std::shared_ptr<nn::FoldDown> down;
  std::shared_ptr<Blocks> latent_blocks;
  std::shared_ptr<nn::Conv2d> conv_out;
};

struct MelAutoencoder::Decoder : torch::nn::Module {
  explicit Decoder(const MelAutoencoderConfig& c) {
    const auto& channels = c.decoder;
    conv_in =
        register_module("conv_in", std::make_shared<nn::Conv2d>(c.latent_channels, channels[0]));
    latent_bias =
        register_module("latent_rows", std::make_shared<RowBias>(channels[0], c.latent_rows));
    latent_blocks = register_module("latent_blocks", make_blocks(c.decoder_blocks[0], channels[0]));
    up = register_module(
        "up", std::make_shared<nn::FoldUp>(channels[0], channels[1],
                                           nn::FoldFactor{.rows = c.frequency_fold, .columns = 1}));
    patch_bias = register_module(
        "patch_rows", std::make_shared<RowBias>(channels[1], c.latent_rows * c.frequency_fold));
    patch_blocks = register_module("patch_blocks", make_blocks(c.decoder_blocks[1], channels[1]));
    last = {.rows = c.patch / 2, .columns = c.patch / 2};
    tail_in = register_module(
        "tail_in", std::make_shared<nn::Conv2d>(channels[1], channels[2] * kTailFold.count()));
    tail_blocks = register_module("tail_blocks", make_blocks(c.decoder_blocks[2], channels[2]));
    tail_out = register_module(
        "tail_out", std::make_shared<nn::Conv2d>(channels[2], channels[3] * last.count()));
    smooth = register_module("smooth", std::make_shared<nn::Conv2d>(channels[3], channels[3]));
    conv_out = register_module("conv_out", std::make_shared<nn::Conv2d>(channels[3], 1));
  }

  at::Tensor forward(const at::Tensor& latents, const Job& job) {
    at::Tensor x = latent_bias->forward(conv_in->forward(latents));
    x = patch_bias->forward(up->forward(run(*latent_blocks, x, job)));
    x = tail_in->forward(at::silu(run(*patch_blocks, x, job)));
    x = run(*tail_blocks, nn::channels_to_space(x, kTailFold), job);
    x = nn::channels_to_space(tail_out->forward(at::silu(x)), last);
    job.check();
    return conv_out->forward(at::silu(smooth->forward(at::silu(x), {.residual = x})));
  }

  nn::FoldFactor last;
  std::shared_ptr<nn::Conv2d> conv_in;
  std::shared_ptr<RowBias> latent_bias;
  std::shared_ptr<Blocks> latent_blocks;
  std::shared_ptr<nn::FoldUp> up;
  std::shared_ptr<RowBias> patch_bias;
  std::shared_ptr<Blocks> patch_blocks;
  std::shared_ptr<nn::Conv2d> tail_in;
  std::shared_ptr<Blocks> tail_blocks;
  std::shared_ptr<nn::Conv2d> tail_out;
  std::shared_ptr<nn::Conv2d> smooth;
  std::shared_ptr<nn::Conv2d> conv_out;
};

MelAutoencoder::MelAutoencoder(const MelAutoencoderConfig& config) : config_(config) {
  encoder_ = register_module("encoder", std::make_shared<Encoder>(config_));
  decoder_ = register_module("decoder", std::make_shared<Decoder>(config_));
}

at::Tensor MelAutoencoder::encode(const at::Tensor& pictures, const Job& job) {
  if (pictures.dim() != 4 || pictures.size(1) != 1 || pictures.size(2) != config_.rows() ||
      pictures.size(3) == 0 || pictures.size(3) % config_.patch != 0) {
    refuse_shape("pictures",
                 fmt::format("[B, 1, {}, multiple of {}]", config_.rows(), config_.patch),
                 pictures);
  }
  return encoder_->forward(pictures, job);
}

at::Tensor MelAutoencoder::decode(const at::Tensor& latents, const Job& job) {
  if (latents.dim() != 4 || latents.size(1) != config_.latent_channels ||
      latents.size(2) != config_.latent_rows || latents.size(3) == 0) {
    refuse_shape("latents",
                 fmt::format("[B, {}, {}, T]", config_.latent_channels, config_.latent_rows),
                 latents);
  }
  return decoder_->forward(latents, job);
}

at::Tensor MelAutoencoder::normalise(const at::Tensor& latents) const {
  if (config_.latents_std.empty()) return latents;
  return (latents - column_of(config_.latents_mean, latents)) /
         column_of(config_.latents_std, latents);
}

at::Tensor MelAutoencoder::denormalise(const at::Tensor& latents) const {
  if (config_.latents_std.empty()) return latents;
  return latents * column_of(config_.latents_std, latents) +
         column_of(config_.latents_mean, latents);
}

void MelAutoencoder::set_statistics(std::vector<double> mean, std::vector<double> deviation) {
  const auto channels = static_cast<size_t>(config_.latent_channels);
  if (mean.size() != channels || deviation.size() != channels) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("MelAutoencoder: statistics of {} and {} channels, expected {}",
                            mean.size(), deviation.size(), channels));
  }
  config_.latents_mean = std::move(mean);
  config_.latents_std = std::move(deviation);
}

}  // namespace riffle::models
