// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/consistency_config.h"

#include <fmt/format.h>

#include "core/error.h"
#include "models/config_reader.h"

namespace riffle::models {
namespace {

void check_lists(ConfigReader& reader, const ConsistencyConfig& c) {
  const size_t levels = c.levels();
  const auto expect_size = [&](const char* key, size_t found, size_t wanted) {
    if (found != wanted) reader.bad(key, fmt::format("a list of {}", wanted));
  };
  expect_size("layers_list", c.layers_list.size(), levels);
  expect_size("layers_list_encoder", c.layers_list_encoder.size(), levels);
  expect_size("attention_list", c.attention_list.size(), levels);
  expect_size("attention_list_encoder", c.attention_list_encoder.size(), levels);
  expect_size("freq_downsample_list", c.freq_downsample_list.size(), levels - 1);
}

void check_shapes(ConfigReader& reader, const ConsistencyConfig& c) {
  int64_t rows = c.bins();
  for (const int64_t frequency_only : c.freq_downsample_list) {
    const int64_t factor = frequency_only == 1 ? 4 : 2;
    if (rows % factor != 0) reader.bad("hop", "rows that can be halved at every level");
    rows /= factor;
  }
  for (size_t level = 0; level < c.levels(); ++level) {
    const bool attends = c.attention_list[level] == 1 || c.attention_list_encoder[level] == 1;
    if (attends && c.width(level) % c.heads != 0) {
      reader.bad("heads",
                 fmt::format("a divisor of level {}'s {} channels", level, c.width(level)));
    }
  }
  if (!(c.sigma_min > 0 && c.sigma_max > c.sigma_min && c.sigma_data > 0 && c.rho >= 1)) {
    reader.bad("sigma_max", "0 < sigma_min < sigma_max, 0 < sigma_data, 1 <= rho");
  }
  if (!(c.alpha_rescale > 0 && c.beta_rescale > 0 && c.sigma_rescale > 0)) {
    reader.bad("alpha_rescale", "numbers above 0 for alpha_rescale, beta_rescale, sigma_rescale");
  }
}

}  // namespace

int64_t ConsistencyConfig::rows(size_t level) const {
  int64_t rows = bins();
  for (size_t i = 0; i < level; ++i) rows /= freq_downsample_list[i] == 1 ? 4 : 2;
  return rows;
}

int64_t ConsistencyConfig::frames_per_latent() const {
  int64_t frames = 1;
  for (const int64_t frequency_only : freq_downsample_list) frames *= frequency_only == 1 ? 1 : 2;
  return frames;
}

int64_t ConsistencyConfig::latents_of(int64_t samples) const {
  return samples < margin() ? 0 : (samples - margin()) / samples_per_latent();
}

ConsistencyConfig ConsistencyConfig::from_json(const Json& json, const std::string& where) {
  ConfigReader reader(json, where);
  ConsistencyConfig c;
  constexpr int64_t kWidest = 4096;
  c.sample_rate = reader.integer("sample_rate", c.sample_rate, 1000, 1000000);
  c.hop = reader.integer("hop", c.hop, 8, 1 << 14);
  c.alpha_rescale = reader.number("alpha_rescale", c.alpha_rescale);
  c.beta_rescale = reader.number("beta_rescale", c.beta_rescale);
  c.base_channels = reader.integer("base_channels", c.base_channels, 4, kWidest);
  c.multipliers_list = reader.integers("multipliers_list", c.multipliers_list, 1, 64);
  if (c.levels() > 8) reader.bad("multipliers_list", "at most 8 levels");
  c.layers_list = reader.integers("layers_list", c.layers_list, 1, 64);
  c.layers_list_encoder = reader.integers("layers_list_encoder", c.layers_list_encoder, 1, 64);
  c.attention_list = reader.integers("attention_list", c.attention_list, 0, 1);
  c.attention_list_encoder =
      reader.integers("attention_list_encoder", c.attention_list_encoder, 0, 1);
  c.freq_downsample_list = reader.integers("freq_downsample_list", c.freq_downsample_list, 0, 1);
  c.heads = reader.integer("heads", c.heads, 1, 256);
  c.cond_channels = reader.integer("cond_channels", c.cond_channels, 4, kWidest);
  if (c.cond_channels % 2 != 0) reader.bad("cond_channels", "an even number");
  c.bottleneck_base_channels =
      reader.integer("bottleneck_base_channels", c.bottleneck_base_channels, 4, kWidest);
  c.num_bottleneck_layers = reader.integer("num_bottleneck_layers", c.num_bottleneck_layers, 0, 64);
  c.bottleneck_channels = reader.integer("bottleneck_channels", c.bottleneck_channels, 1, kWidest);
  c.sigma_min = reader.number("sigma_min", c.sigma_min);
  c.sigma_max = reader.number("sigma_max", c.sigma_max);
  c.rho = reader.number("rho", c.rho);
  c.sigma_data = reader.number("sigma_data", c.sigma_data);
  c.sigma_rescale = reader.number("sigma_rescale", c.sigma_rescale);
  reader.expect("data_channels", 2);
  reader.expect("use_fourier", false);
  reader.expect("frequency_scaling", true);
  reader.expect("normalization", true);
  reader.expect("pre_normalize_2d_to_1d", true);
  reader.expect("pre_normalize_downsampling_encoder", true);
  reader.ignore({"data_length", "data_length_test", "dropout_rate", "fourier_scale", "init_as_zero",
                 "min_res_dropout", "mixed_precision", "seed"});
  check_lists(reader, c);
  check_shapes(reader, c);
  reader.finish();
  return c;
}

Json ConsistencyConfig::to_json() const {
  return {{"_class_name", "ConsistencyAutoencoder"},
          {"sample_rate", sample_rate},
          {"hop", hop},
          {"alpha_rescale", alpha_rescale},
          {"beta_rescale", beta_rescale},
          {"base_channels", base_channels},
          {"multipliers_list", multipliers_list},
          {"layers_list", layers_list},
          {"layers_list_encoder", layers_list_encoder},
          {"attention_list", attention_list},
          {"attention_list_encoder", attention_list_encoder},
          {"freq_downsample_list", freq_downsample_list},
          {"heads", heads},
          {"cond_channels", cond_channels},
          {"bottleneck_base_channels", bottleneck_base_channels},
          {"num_bottleneck_layers", num_bottleneck_layers},
          {"bottleneck_channels", bottleneck_channels},
          {"sigma_min", sigma_min},
          {"sigma_max", sigma_max},
          {"rho", rho},
          {"sigma_data", sigma_data},
          {"sigma_rescale", sigma_rescale}};
}

}  // namespace riffle::models
