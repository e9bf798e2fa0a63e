// SPDX-License-Identifier: GPL-3.0-or-later
// A bundle of riffle-small's kind (mel autoencoder, word vocabulary, a UNet that follows beats),
// narrow and with seeded random weights.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/files.h"
#include "models/clip_text_model.h"
#include "models/context_rows.h"
#include "models/load_module.h"
#include "models/mel_autoencoder.h"
#include "models/prompt_features.h"
#include "models/unet_2d_condition_model.h"
#include "nn/layer.h"
#include "support.h"
#include "text/word_vocabulary.h"
#include "weights/safetensors.h"

namespace riffle::pipelines::test {

// A bundle that is written part by part.
class BundleFolder {
 public:
  explicit BundleFolder(std::string name) : name_(std::move(name)) {}

  std::filesystem::path path() const { return folder_ / name_; }
  std::string sound_file(const std::string& name, const audio::Waveform& sound) const {
    audio::write_audio(folder_ / name, sound, {.maybe_sample_type = audio::SampleType::Float32});
    return (folder_ / name).string();
  }
  void write(const std::string& name, const Json& json) const {
    std::filesystem::create_directories((path() / name).parent_path());
    write_text_file(path() / name, json.dump(1));
  }

  // Its configuration and seeded random weights.
  template <class Model, class Config>
  void part(const std::string& name, const std::string& file, const Json& config) const {
    write(name + "/config.json", config);
    Model model(Config::from_json(config, name));
    nn::reset_parameters(model, 7);
    std::vector<std::pair<std::string, at::Tensor>> tensors;
    for (const auto& [key, value] : models::named_parameters(model))
      tensors.emplace_back(key, value);
    weights::write_safetensors(path() / name / file, tensors);
  }

  // A codec of 64 mel rows at 16 kHz, 16 values a column of 2560 samples.
  void mel_codec() const {
    write("spectrogram.json", {{"sample_rate", 16000},
                               {"step_size_ms", 20},
                               {"window_duration_ms", 80},
                               {"padded_duration_ms", 160},
                               {"num_frequencies", 64},
                               {"max_frequency", 8000}});
    const models::MelAutoencoderConfig vae{.latent_channels = 4,
                                           .latent_rows = 4,
                                           .frequency_fold = 2,
                                           .encoder = {16, 16},
                                           .encoder_blocks = {1, 1},
                                           .decoder = {16, 16, 8, 4},
                                           .decoder_blocks = {1, 1, 1}};
    part<models::MelAutoencoder, models::MelAutoencoderConfig>(
        "vae", "diffusion_pytorch_model.safetensors", vae.to_json());
  }

 private:
  riffle::test::TemporaryFolder folder_;
  std::string name_;
};

class SmallModel : public BundleFolder {
 public:
  SmallModel() : BundleFolder("small") {
    const auto vocabulary = text::WordVocabulary::build(
        std::vector<std::string>{"funky bass with drums", "slow piano"}, 1);
    vocabulary.save(path() / "tokenizer");
    write("model_index.json", {{"_class_name", "StableDiffusionPipeline"},
                               {"unet", {"diffusers", "UNet2DConditionModel"}},
                               {"vae", {"riffle", "MelAutoencoder"}},
                               {"text_encoder", {"transformers", "CLIPTextModel"}},
                               {"tokenizer", {"riffle", "WordVocabulary"}},
                               {"scheduler", {"diffusers", "DDIMScheduler"}}});
    write("scheduler/scheduler_config.json", {{"_class_name", "DDIMScheduler"},
                                              {"beta_schedule", "squaredcos_cap_v2"},
                                              {"prediction_type", "v_prediction"},
                                              {"timestep_spacing", "trailing"}});
    mel_codec();
    const Json text{{"vocab_size", vocabulary.size()}, {"hidden_size", 16},
                    {"intermediate_size", 32},         {"num_hidden_layers", 1},
                    {"num_attention_heads", 2},        {"max_position_embeddings", 8}};
    part<models::ClipTextModel, models::ClipTextConfig>("text_encoder", "model.safetensors", text);
    const Json unet{{"sample_size", 8},
                    {"in_channels", 4 + models::ContextRows::with_harmony(16)},
                    {"out_channels", 4},
                    {"block_out_channels", {16, 32}},
                    {"down_block_types", {"DownBlock2D", "CrossAttnDownBlock2D"}},
                    {"up_block_types", {"CrossAttnUpBlock2D", "UpBlock2D"}},
                    {"layers_per_block", 1},
                    {"norm_num_groups", 8},
                    {"cross_attention_dim", 16},
                    {"class_embed_type", "projection"},
                    {"projection_class_embeddings_input_dim", 16 + models::kMusicFeatures}};
    part<models::UNet2DConditionModel, models::UNet2DConditionConfig>(
        "unet", "diffusion_pytorch_model.safetensors", unet);
    model_ = open_music_model(path());
  }

  MusicModel& operator*() { return *model_; }
  MusicModel* operator->() { return model_.get(); }

 private:
  std::unique_ptr<MusicModel> model_;
};

}  // namespace riffle::pipelines::test
