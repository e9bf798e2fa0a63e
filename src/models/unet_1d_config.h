// SPDX-License-Identifier: GPL-3.0-or-later
// What a UNet1D is: widths, conditions, the statistics of the latents it works on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/json.h"

namespace riffle::models {

struct UNet1DConfig {
  int64_t in_channels = 192;       // of the latents, and of the prediction
  int64_t context_channels = 192;  // of the latents of the music to go with; 0: it hears none
  // Rows that say which notes are to sound (tone_rows.h): kChromaRows, or 0: it is not told.
  int64_t chroma_channels = 0;
  int64_t embedding_dim = 256;  // of the style embedding (CLAP); 0: it has none
  std::vector<int64_t> block_out_channels = {192, 256, 256};  // one a level, time halves between
  int64_t layers_per_block = 2;
  int64_t attention_levels = 2;  // the coarsest so many have self attention over time
  int64_t attention_head_dim = 64;
  int64_t time_embed_dim = 256;  // of the vector that every block is given
  int64_t noise_channels = 0;    // sines and cosines of the noise level; 0: the first width
  bool scale_shift = true;       // blocks are scaled and shifted by that vector; else shifted only
  int64_t columns = 64;          // it was trained on
  double sigma_data = 1;         // standard deviation of the latents it is given
  // Of the latents as an autoencoder makes them, one a channel: what makes latents of unit
  // variance. Empty: 0 and 1.
  std::vector<double> latents_mean = {};
  std::vector<double> latents_std = {};

  // Throws Error{BadFile, Unsupported} naming the field.
  static UNet1DConfig from_json(const Json& json, const std::string& where);
  Json to_json() const;

  // The configuration that has the published model's size, 438.8 million parameters (64 channels of
  // a consistency autoencoder, CLAP of 512).
  static UNet1DConfig full();

  int64_t levels() const { return static_cast<int64_t>(block_out_channels.size()); }
  int64_t column_multiple() const { return int64_t{1} << (levels() - 1); }
  bool has_attention(int64_t level) const { return level >= levels() - attention_levels; }
  int64_t noise_features() const {
    return noise_channels > 0 ? noise_channels : block_out_channels.front();
  }
  // Noisy latents, context, the flag that tells silence from absence, and notes.
  int64_t input_channels() const {
    return in_channels + (context_channels > 0 ? context_channels + 1 : 0) + chroma_channels;
  }
  // Numbers a model of this configuration learns, and multiplications it makes for one item of so
  // many columns; without building it.
  int64_t parameters() const;
  double multiplications(int64_t columns) const;
};

// One block of the network, in the order of its work. Constructor, forward pass and the counts
// above follow the same list.
struct UNet1DBlockPlan {
  enum class Resample { None, Down, Up };

  int64_t in_channels = 0;
  int64_t out_channels = 0;
  int64_t level = 0;  // of its output
  Resample resample = Resample::None;
  bool attention = false;
};

struct UNet1DPlan {
  std::vector<UNet1DBlockPlan> down;  // each one's output is kept for the way up
  std::vector<UNet1DBlockPlan> mid;
  std::vector<UNet1DBlockPlan> up;  // those without resampling take the last kept output along
};
UNet1DPlan plan_of(const UNet1DConfig& config);

}  // namespace riffle::models
