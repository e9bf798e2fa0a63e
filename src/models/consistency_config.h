// SPDX-License-Identifier: GPL-3.0-or-later
// Configuration of ConsistencyAutoencoder. Fields are called what Music2Latent's hyper-parameters
// are called.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/json.h"

namespace riffle::models {

// Defaults are the published music2latent.pt's.
struct ConsistencyConfig {
  int64_t sample_rate = 44100;  // Hz, of the sounds it was trained on
  int64_t hop = 512;            // samples; windows are four hops long
  double alpha_rescale = 0.65;  // amplitudes become beta |c|^alpha, phases stay
  double beta_rescale = 0.34;
  int64_t base_channels = 64;
  std::vector<int64_t> multipliers_list = {1, 2, 4, 4, 4};     // of channels, finest level first
  std::vector<int64_t> layers_list = {2, 2, 2, 2, 2};          // blocks of the U-Net
  std::vector<int64_t> layers_list_encoder = {1, 1, 1, 1, 1};  // of encoder and decoder
  std::vector<int64_t> attention_list = {0, 0, 1, 1, 1};       // 1: blocks attend, of the U-Net
  std::vector<int64_t> attention_list_encoder = {0, 0, 1, 1, 1};
  std::vector<int64_t> freq_downsample_list = {1, 0, 0, 0};  // 1: frequency / 4; 0: both / 2
  int64_t heads = 4;
  int64_t cond_channels = 256;  // of the noise level's embedding
  int64_t bottleneck_base_channels = 512;
  int64_t num_bottleneck_layers = 4;
  int64_t bottleneck_channels = 64;  // of latents
  double sigma_min = 0.002;
  double sigma_max = 80;
  double rho = 7;
  double sigma_data = 0.5;
  double sigma_rescale = 0.06;  // what the encoder makes is divided by it

  size_t levels() const { return multipliers_list.size(); }
  int64_t width(size_t level) const { return base_channels * multipliers_list[level]; }
  int64_t window() const { return 4 * hop; }
  int64_t bins() const { return 2 * hop; }  // without the one at half the sample rate
  int64_t rows(size_t level) const;         // of frequency
  int64_t frames_per_latent() const;        // 8
  int64_t samples_per_latent() const { return hop * frames_per_latent(); }
  int64_t margin() const { return window() - hop; }  // samples beyond the last latent's
  // floor((samples - margin) / samples_per_latent); not positive where the sound is too short.
  int64_t latents_of(int64_t samples) const;
  int64_t samples_of(int64_t latents) const { return latents * samples_per_latent() + margin(); }

  // Throws Error{BadFile, Unsupported} naming the field.
  static ConsistencyConfig from_json(const Json& json, const std::string& where);
  Json to_json() const;
};

}  // namespace riffle::models
