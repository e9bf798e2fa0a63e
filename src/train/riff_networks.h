// SPDX-License-Identifier: GPL-3.0-or-later
// The networks of a riff model as training needs them: not packed, in float32, with the
// configurations they are written with.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>

#include "core/json.h"
#include "models/clip_text_model.h"
#include "models/unet_2d_condition_model.h"
#include "train/conditions.h"

namespace riffle::train {

struct RiffNetworks {
  std::shared_ptr<models::UNet2DConditionModel> unet;
  std::shared_ptr<models::ClipTextModel> text_encoder;
  Json unet_config;
  Json text_config;
  Json scheduler_config;
  Tokenizer tokenizer;

  // The channels that the UNet sees beside the latents (models/context_rows.h), and whether it
  // reads a summary of the prompt.
  int64_t context_channels() const;
  bool reads_summary() const;
  int64_t prompt_length() const { return text_encoder->config().max_position_embeddings; }
  void to(at::Device device);
};

// What a new model's networks must fit.
struct RiffShape {
  int64_t latent_channels = 16;
  int64_t columns = 32;  // of a window
  int64_t mel_rows = 8;  // a latent row
};

// {"unet": {...}, "text_encoder": {...}, "scheduler": {...}}: the networks of riffle-small, all but
// what follows from latents and vocabulary.
Json default_riff_config();

// New networks with random weights. `config` as above, over the defaults. Throws Error{BadFile,
// Unsupported} naming the field.
RiffNetworks make_riff_networks(const Json& config, const std::string& where,
                                const RiffShape& shape, text::WordVocabulary vocabulary,
                                uint64_t seed);

// Those of a bundle.
RiffNetworks load_riff_networks(const std::filesystem::path& bundle);

// Gives them a larger vocabulary, whose first words are those they have (extended_by): the text
// encoder's table of words grows by random rows. Throws Error{InvalidArgument} when they do not
// read whole words, or the first words differ.
void extend_vocabulary(RiffNetworks& networks, text::WordVocabulary vocabulary, uint64_t seed);

// Gives them rows that tell the key and what is to sound, of latent rows of so many mel rows; until
// it is trained the UNet does as before. Throws Error{InvalidArgument} when they have such rows, or
// are not told keys.
void follow_harmony(RiffNetworks& networks, int64_t mel_rows);

// unet/, text_encoder/, tokenizer/, scheduler/ and model_index.json; the tokenizer of a bundle is
// copied from `bundle`. Weights in half precision.
void write_riff_networks(const std::filesystem::path& folder, const RiffNetworks& networks,
                         const std::filesystem::path& bundle = {});

}  // namespace riffle::train
