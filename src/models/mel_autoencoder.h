// SPDX-License-Identifier: GPL-3.0-or-later
// MelAutoencoder: mel spectrogram pictures of one channel to latents that are short in time and
// shorter in frequency, and back. A plain convolutional autoencoder after TAESD (Bohan 2023) and
// DC-AE (Chen et al. 2024): no norms, so a value depends on its neighbourhood alone and a piece may
// be taken in windows; convolutions where they are cheap, on grids folded 8 x 8 at the encoder's
// side, and a decoder that unfolds in stages, since one that ends in a single large unfold is
// blurred.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/job.h"
#include "core/json.h"
#include "nn/conv2d.h"
#include "nn/space_to_channels.h"

namespace riffle::models {

// Positions of a picture of 256 rows: patches on 32 rows, latents on 8, the tail on 64, then 256.
struct MelAutoencoderConfig {
  int64_t latent_channels = 24;
  int64_t latent_rows = 8;
  int64_t patch = 8;                         // folded at the entrance; columns per latent column
  int64_t frequency_fold = 4;                // patches a latent row
  std::vector<int64_t> encoder = {96, 192};  // channels on patches, on latents
  std::vector<int64_t> encoder_blocks = {1, 2};
  std::vector<int64_t> decoder = {192, 96, 48, 8};  // on latents, patches, the tail, the picture
  std::vector<int64_t> decoder_blocks = {3, 3, 1};
  // Of the encoder's output, one a channel: what makes latents of unit variance. Empty: 0 and 1.
  std::vector<double> latents_mean = {};
  std::vector<double> latents_std = {};

  int64_t rows() const { return latent_rows * frequency_fold * patch; }
  int64_t row_factor() const { return frequency_fold * patch; }

  // Throws Error{BadFile, Unsupported} naming the field.
  static MelAutoencoderConfig from_json(const Json& json, const std::string& where);
  // Whether an autoencoder's config.json is of this kind.
  static bool describes(const Json& config);
  Json to_json() const;
};

// x + conv2(silu(conv1(silu(x)))). Parameters: conv1, conv2.
class PlainResBlock : public torch::nn::Module {
 public:
  explicit PlainResBlock(int64_t channels);
  at::Tensor forward(const at::Tensor& x);  // [B, C, H, W] -> same

 private:
  std::shared_ptr<nn::Conv2d> conv1_;
  std::shared_ptr<nn::Conv2d> conv2_;
};

// A value for each channel and row, added: rows of a spectrogram are not alike. Parameters: weight
// [channels, rows].
class RowBias : public nn::Layer {
 public:
  RowBias(int64_t channels, int64_t rows);
  at::Tensor forward(const at::Tensor& x);  // [B, channels, rows, W] -> same
  void reset(const at::Generator& generator) override;

 private:
  at::Tensor weight_;
};

class MelAutoencoder : public torch::nn::Module {
 public:
  explicit MelAutoencoder(const MelAutoencoderConfig& config);

  // pictures: [B, 1, rows, T], T a multiple of the patch, in -1..1 -> latents [B, C, latent_rows, T
  // / patch] as the encoder makes them: not normalised. Both throw Error{InvalidArgument} for other
  // shapes, Error{Cancelled} between layers.
  at::Tensor encode(const at::Tensor& pictures, const Job& job = {});
  // The reverse; not clamped.
  at::Tensor decode(const at::Tensor& latents, const Job& job = {});

  // To unit variance and back, by the configuration's statistics.
  at::Tensor normalise(const at::Tensor& latents) const;
  at::Tensor denormalise(const at::Tensor& latents) const;

  const MelAutoencoderConfig& config() const { return config_; }
  // Sets the statistics: one value a channel.
  void set_statistics(std::vector<double> mean, std::vector<double> deviation);

 private:
  struct Encoder;
  struct Decoder;
  MelAutoencoderConfig config_;
  std::shared_ptr<Encoder> encoder_;
  std::shared_ptr<Decoder> decoder_;
};

}  // namespace riffle::models
