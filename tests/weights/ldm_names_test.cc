// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/ldm_names.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <set>

#include "core/error.h"
#include "ldm_layout.h"
#include "raw_files.h"
#include "support/test_files.h"
#include "weights/bundle.h"
#include "weights/load.h"
#include "weights/safetensors.h"

namespace riffle::weights {
namespace {

TEST(LdmNames, LevelsAndLayersAreParameters) {
  for (const int levels : {1, 2, 3, 5}) {
    for (const int layers : {1, 2, 3}) {
      const std::vector<bool> attends(static_cast<size_t>(levels), true);
      for (const auto& [ours, theirs] : ldm_unet_prefixes(levels, layers, attends)) {
        const bool resnet = ours.find("resnets") != std::string::npos;
        const std::string upsampler = ours.find("upsamplers") != std::string::npos ? ".conv" : "";
        EXPECT_EQ(unet_name_from_ldm(theirs + upsampler + (resnet ? ".in_layers.2.bias" : ".bias"),
                                     layers),
                  ours + upsampler + (resnet ? ".conv1.bias" : ".bias"));
      }
      for (const auto& [ours, theirs] : ldm_vae_prefixes(levels, layers)) {
        if (ours.find("attentions") != std::string::npos) continue;
        const std::string member =
            ours.find("resnets") != std::string::npos ? ".conv2.bias" : ".bias";
        EXPECT_EQ(vae_name_from_ldm(theirs + member, levels), ours + member);
      }
    }
  }
}

TEST(LdmNames, StrangersHaveNoCounterpart) {
  for (const char* name :
       {"", "label_emb.0.0.weight", "input_blocks", "input_blocks.x.0.bias", "input_blocks.1.0",
        "input_blocks.1.0.strange.weight", "output_blocks.-1.0.in_layers.0.bias",
        "middle_block.7.weight", "input_blocks.3.0.conv.weight"}) {
    EXPECT_EQ(unet_name_from_ldm(name, 2), std::nullopt) << name;
  }
  for (const char* name : {"", "loss.logvar", "encoder", "encoder.down.9.block.0.conv1.bias",
                           "decoder.up.0.attn.0.q.weight", "encoder.mid.attn_2.q.weight",
                           "encoder.up.x.block.0.conv1.bias"}) {
    EXPECT_EQ(vae_name_from_ldm(name, 4), std::nullopt) << name;
  }
}

// riff-tiny written as one LDM file, and read back under its own names.
class SingleFile : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto path = test::reference_file("riff-tiny/model_index.json");
    if (!path) GTEST_SKIP() << "reference model riff-tiny is not at hand";
    tiny_ = open_bundle(path->parent_path());
    NamedTensors all;
    add(all, "unet", "model.diffusion_model.", ldm_unet_prefixes(4, 2, {true, true, true, false}),
        false);
    add(all, "vae", "first_stage_model.", ldm_vae_prefixes(4, 2), true);
    const auto text = tiny_.tensors("text_encoder");
    for (const auto& info : text->tensors()) {
      all.emplace_back("cond_stage_model.transformer." + info.name, text->view(info.name));
    }
    all.emplace_back("model_ema.decay", at::zeros({}));
    write_safetensors(folder_ / "tiny.safetensors", all);
  }

  void add(NamedTensors& all, const std::string& part, const std::string& prefix,
           const Prefixes& prefixes, bool vae) {
    const auto source = tiny_.tensors(part);
    for (const auto& info : source->tensors()) {
      const std::string theirs = ldm_name(info.name, prefixes, vae);
      ASSERT_NE(theirs, "") << info.name;
      at::Tensor tensor = source->view(info.name);
      // The original autoencoder's attention is made of 1 x 1 convolutions.
      if (vae && info.name.find("attentions") != std::string::npos && tensor.dim() == 2)
        tensor = tensor.view({tensor.size(0), -1, 1, 1});
      all.emplace_back(prefix + theirs, tensor);
    }
  }

  test::TemporaryFolder folder_;
  Bundle tiny_;
};

TEST_F(SingleFile, EveryTensorComesBackUnderItsName) {
  const Bundle single = open_bundle(folder_ / "tiny.safetensors");
  EXPECT_TRUE(single.is_single_file());
  EXPECT_EQ(single.pipeline_class(), "StableDiffusionPipeline");
  for (const char* part : {"unet", "vae", "text_encoder"}) {
    const auto expected = tiny_.tensors(part);
    NamedTensors model;
    for (const auto& info : expected->tensors())
      model.emplace_back(info.name, at::zeros(info.shape, scalar_type(info.dtype)));
    const LoadReport report = load_into(model, *single.tensors(part));
    EXPECT_EQ(report.matched, static_cast<int64_t>(model.size()));
    EXPECT_TRUE(report.unexpected.empty()) << report.line();
    for (const auto& [name, tensor] : model)
      EXPECT_TRUE(at::equal(tensor, expected->view(name))) << name;
  }
}

TEST_F(SingleFile, ConfigIsWorkedOutFromTheShapes) {
  const Bundle single = open_bundle(folder_ / "tiny.safetensors");
  for (const auto& [part, keys] : std::vector<std::pair<std::string, std::vector<std::string>>>{
           {"unet",
            {"in_channels", "out_channels", "down_block_types", "up_block_types",
             "block_out_channels", "layers_per_block", "cross_attention_dim", "attention_head_dim",
             "norm_num_groups", "norm_eps", "act_fn", "flip_sin_to_cos", "freq_shift",
             "center_input_sample", "downsample_padding"}},
           {"vae",
            {"in_channels", "out_channels", "down_block_types", "up_block_types",
             "block_out_channels", "layers_per_block", "latent_channels", "norm_num_groups",
             "act_fn"}},
           {"scheduler",
            {"beta_start", "beta_end", "beta_schedule", "num_train_timesteps", "skip_prk_steps",
             "set_alpha_to_one", "steps_offset", "clip_sample"}}}) {
    const Json expected = tiny_.config(part);
    const Json found = single.config(part);
    for (const std::string& key : keys)
      EXPECT_EQ(found.at(key), expected.at(key)) << part << " " << key;
  }
  // 32 channels do not tell how many heads there are.
  EXPECT_RIFFLE_ERROR(single.config("text_encoder"), ErrorCode::Unsupported, "attention heads");
  write_raw(folder_ / "tiny.json", R"({"text_encoder": {"num_attention_heads": 4}})");
  const Json expected = tiny_.config("text_encoder");
  const Json found = single.config("text_encoder");
  for (const char* key :
       {"hidden_size", "vocab_size", "max_position_embeddings", "num_hidden_layers",
        "intermediate_size", "num_attention_heads", "hidden_act", "layer_norm_eps"}) {
    EXPECT_EQ(found.at(key), expected.at(key)) << key;
  }
}

TEST(LdmNames, StableDiffusion2IsNamed) {
  test::TemporaryFolder folder;
  write_safetensors(folder / "x.safetensors",
                    {{"model.diffusion_model.out.2.bias", at::zeros({4})},
                     {"cond_stage_model.model.ln_final.weight", at::zeros({4})}});
  const Bundle bundle = open_bundle(folder / "x.safetensors");
  EXPECT_RIFFLE_ERROR(bundle.tensors("text_encoder"), ErrorCode::Unsupported, "Stable Diffusion 2");
  EXPECT_RIFFLE_ERROR(bundle.tensors("vae"), ErrorCode::BadFile, "holds no vae");
}

}  // namespace
}  // namespace riffle::weights
