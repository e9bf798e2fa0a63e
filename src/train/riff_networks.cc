// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/riff_networks.h"

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "models/context_rows.h"
#include "models/load_module.h"
#include "models/prompt_features.h"
#include "nn/layer.h"
#include "train/model_files.h"
#include "train/random.h"
#include "weights/bundle.h"

namespace riffle::train {
namespace {

namespace fs = std::filesystem;

Json model_index(bool mel) {
  return {{"_class_name", "StableDiffusionPipeline"},
          {"scheduler", {"diffusers", "UniPCMultistepScheduler"}},
          {"text_encoder", {"transformers", "CLIPTextModel"}},
          {"tokenizer", {"riffle", "WordVocabulary"}},
          {"unet", {"diffusers", "UNet2DConditionModel"}},
          {"vae", {mel ? "riffle" : "diffusers", mel ? "MelAutoencoder" : "AutoencoderKL"}}};
}

}  // namespace

Json default_riff_config() {
  return {{"unet",
           {{"_class_name", "UNet2DConditionModel"},
            {"block_out_channels", {112, 224}},
            {"down_block_types", {"DownBlock2D", "CrossAttnDownBlock2D"}},
            {"up_block_types", {"CrossAttnUpBlock2D", "UpBlock2D"}},
            {"layers_per_block", 2},
            {"attention_head_dim", 7},
            {"norm_num_groups", 16},
            {"class_embed_type", "projection"}}},
          {"text_encoder",
           {{"model_type", "clip_text_model"},
            {"architectures", {"CLIPTextModel"}},
            {"hidden_size", 192},
            {"intermediate_size", 576},
            {"num_hidden_layers", 2},
            {"num_attention_heads", 6},
            {"max_position_embeddings", 32},
            {"hidden_act", "gelu"}}},
          {"scheduler",
           {{"_class_name", "UniPCMultistepScheduler"},
            {"num_train_timesteps", 1000},
            {"beta_schedule", "squaredcos_cap_v2"},
            {"prediction_type", "v_prediction"},
            {"timestep_spacing", "trailing"},
            {"solver_order", 2}}}};
}

int64_t RiffNetworks::context_channels() const {
  return unet->config().in_channels - unet->config().out_channels;
}

bool RiffNetworks::reads_summary() const {
  return unet->config().projection_class_embeddings_input_dim > 0;
}

void RiffNetworks::to(at::Device device) {
  unet->to(device);
  text_encoder->to(device);
}

RiffNetworks make_riff_networks(const Json& config, const std::string& where,
                                const RiffShape& shape, text::WordVocabulary vocabulary,
                                uint64_t seed) {
  Json all = default_riff_config();
  for (const auto& [part, values] : config.items()) {
    if (!all.contains(part) || !values.is_object()) {
      throw Error(ErrorCode::BadFile,
                  fmt::format("{}: \"{}\": expected objects named unet, text_encoder, scheduler",
                              where, part));
    }
    all[part].update(values);
  }
  Json& text = all["text_encoder"];
  text["vocab_size"] = vocabulary.size();
  const auto text_config = models::ClipTextConfig::from_json(text, where + ", text_encoder");
  Json& unet = all["unet"];
  const bool summed = unet.contains("class_embed_type") && !unet["class_embed_type"].is_null();
  unet["in_channels"] =
      shape.latent_channels + (summed ? models::ContextRows::with_harmony(shape.mel_rows)
                                      : models::ContextRows::kBeatChannels);
  unet["out_channels"] = shape.latent_channels;
  unet["sample_size"] = shape.columns;
  unet["cross_attention_dim"] = text_config.hidden_size;
  if (summed) {
    unet["projection_class_embeddings_input_dim"] =
        text_config.hidden_size + models::kMusicFeatures;
  }
  RiffNetworks networks{.unet = std::make_shared<models::UNet2DConditionModel>(
                            models::UNet2DConditionConfig::from_json(unet, where + ", unet")),
                        .text_encoder = std::make_shared<models::ClipTextModel>(text_config),
                        .unet_config = unet,
                        .text_config = text,
                        .scheduler_config = all["scheduler"],
                        .tokenizer = std::move(vocabulary)};
  nn::reset_parameters(*networks.unet, derive_seed(seed, "unet", 0));
  nn::reset_parameters(*networks.text_encoder, derive_seed(seed, "text encoder", 0));
  return networks;
}

RiffNetworks load_riff_networks(const fs::path& path) {
  const weights::Bundle bundle = weights::open_bundle(path);
  const fs::path tokenizer = bundle.tokenizer_folder();
  const std::string where = path.string();
  Json unet = bundle.config("unet");
  Json text = bundle.config("text_encoder");
  RiffNetworks networks{.unet = std::make_shared<models::UNet2DConditionModel>(
                            models::UNet2DConditionConfig::from_json(unet, where + ", unet")),
                        .text_encoder = std::make_shared<models::ClipTextModel>(
                            models::ClipTextConfig::from_json(text, where + ", text_encoder")),
                        .unet_config = std::move(unet),
                        .text_config = std::move(text),
                        .scheduler_config = bundle.config("scheduler"),
                        .tokenizer = text::WordVocabulary::is_in(tokenizer)
                                         ? Tokenizer(text::WordVocabulary::load(tokenizer))
                                         : Tokenizer(text::ClipTokenizer::load(tokenizer))};
  const weights::LoadOptions options{.share = false, .optional = {}};
  models::load_module(*networks.unet, *bundle.tensors("unet"), options);
  models::load_module(*networks.text_encoder, *bundle.tensors("text_encoder"), options);
  return networks;
}

void extend_vocabulary(RiffNetworks& networks, text::WordVocabulary vocabulary, uint64_t seed) {
  const auto* known = std::get_if<text::WordVocabulary>(&networks.tokenizer);
  if (known == nullptr) {
    throw Error(ErrorCode::InvalidArgument, "this model reads CLIP's vocabulary, not whole words",
                "train it without new words, or an adapter: riffle train lora");
  }
  const std::vector<std::string>& all = vocabulary.words();
  if (all.size() < known->words().size() ||
      !std::equal(known->words().begin(), known->words().end(), all.begin())) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("the vocabulary of {} words does not begin with the model's {}",
                            all.size(), known->words().size()));
  }
  networks.text_config["vocab_size"] = vocabulary.size();
  auto larger = std::make_shared<models::ClipTextModel>(
      models::ClipTextConfig::from_json(networks.text_config, "text_encoder"));
  nn::reset_parameters(*larger, derive_seed(seed, "new words", 0));
  const at::NoGradGuard no_grad;
  auto to = models::named_parameters(*larger);
  const auto from = models::named_parameters(*networks.text_encoder);
  for (size_t i = 0; i < to.size(); ++i) {
    const at::Tensor& old = from[i].second;
    to[i].second.narrow(0, 0, old.size(0)).copy_(old);
  }
  networks.text_encoder = std::move(larger);
  networks.tokenizer = std::move(vocabulary);
}

void follow_harmony(RiffNetworks& networks, int64_t mel_rows) {
  if (networks.context_channels() != models::ContextRows::kBeatChannels ||
      !networks.reads_summary()) {
    throw Error(ErrorCode::InvalidArgument,
                "this model follows harmony already, or is not told tempo and key",
                "train it without --follow-harmony");
  }
  networks.unet_config["in_channels"] =
      networks.unet->config().out_channels + models::ContextRows::with_harmony(mel_rows);
  auto wider = std::make_shared<models::UNet2DConditionModel>(
      models::UNet2DConditionConfig::from_json(networks.unet_config, "unet"));
  copy_widened(*networks.unet, *wider);
  networks.unet = std::move(wider);
}

void write_riff_networks(const fs::path& folder, const RiffNetworks& networks,
                         const fs::path& bundle) {
  write_part(folder / "unet", networks.unet_config, models::named_parameters(*networks.unet));
  write_part(folder / "text_encoder", networks.text_config,
             models::named_parameters(*networks.text_encoder), kTextModelFile);
  std::error_code ec;
  fs::create_directories(folder / "scheduler", ec);
  write_text_file(folder / "scheduler/scheduler_config.json",
                  networks.scheduler_config.dump(2) + "\n");
  const auto* words = std::get_if<text::WordVocabulary>(&networks.tokenizer);
  if (words != nullptr) {
    words->save(folder / "tokenizer");
  } else {
    copy_part(weights::open_bundle(bundle).tokenizer_folder(), folder / "tokenizer");
  }
  const bool whole = !bundle.empty() && fs::exists(bundle / "model_index.json", ec);
  if (whole) {
    write_text_file(folder / "model_index.json",
                    read_text_file(bundle / "model_index.json", 1 << 20));
  } else {
    write_text_file(folder / "model_index.json", model_index(words != nullptr).dump(2) + "\n");
  }
}

}  // namespace riffle::train
