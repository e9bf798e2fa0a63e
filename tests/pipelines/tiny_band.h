// SPDX-License-Identifier: GPL-3.0-or-later
// A band bundle, narrow and with seeded random weights: mel codec, UNet1D, CLAP with a vocabulary
// of words.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "models/unet_1d.h"
#include "pipelines/band_model.h"
#include "pipelines/band_sampling.h"
#include "pipelines/play.h"
#include "small_model.h"

namespace riffle::pipelines::test {

class TinyBand : public BundleFolder {
 public:
  static constexpr int kRate = 16000;
  static constexpr int64_t kColumn = 2560;  // samples
  static constexpr int64_t kWindow = 8;     // columns

  explicit TinyBand(bool with_clap = true) : BundleFolder("band") {
    Json index = {{"_class_name", "BandPipeline"},
                  {"unet", {"riffle", "UNet1DModel"}},
                  {"vae", {"riffle", "MelAutoencoder"}},
                  {"scheduler", {"riffle", "EDMScheduler"}}};
    if (with_clap) index["clap"] = {"transformers", "ClapModel"};
    write("model_index.json", index);
    write("scheduler/scheduler_config.json", {{"_class_name", "EDMScheduler"}});
    write("defaults.json", {{"steps", 3}});
    mel_codec();
    part<models::UNet1D, models::UNet1DConfig>("unet", "diffusion_pytorch_model.safetensors",
                                               {{"_class_name", "UNet1DModel"},
                                                {"in_channels", 16},
                                                {"context_channels", 16},
                                                {"chroma_channels", 13},
                                                {"embedding_dim", 64},
                                                {"block_out_channels", {16, 32}},
                                                {"layers_per_block", 1},
                                                {"attention_levels", 1},
                                                {"attention_head_dim", 16},
                                                {"time_embed_dim", 32},
                                                {"columns", kWindow}});
    if (with_clap) clap();
    model_ = open_band_model(path());
  }

  BandModel& operator*() { return *model_; }
  BandModel* operator->() { return model_.get(); }

 private:
  void clap() const {
    std::filesystem::copy(riffle::test::golden_file("clap-tiny"), path() / "clap",
                          std::filesystem::copy_options::recursive);
    text::WordVocabulary::build(std::vector<std::string>{"slap bass", "soft pad", "drums"}, 1)
        .save(path() / "clap");
    Json config = read_json_file(path() / "clap" / "config.json");
    config["text_config"]["pad_token_id"] = 0;
    config["text_config"]["bos_token_id"] = 1;
    write("clap/config.json", config);
  }

  std::unique_ptr<BandModel> model_;
};

// As few steps and rounds as show what is to be shown.
inline BandSampling few(int64_t seed, int64_t steps = 3) {
  return {.seed = seed, .steps = steps, .decode_iterations = 2};
}

inline constexpr BandShape kMono{.stereo = 0.0};

}  // namespace riffle::pipelines::test
