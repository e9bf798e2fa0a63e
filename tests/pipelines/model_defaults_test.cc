// SPDX-License-Identifier: GPL-3.0-or-later
// What a bundle says of how it is sampled: defaults.json, few_steps.safetensors.
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/files.h"
#include "pipelines/generate.h"
#include "support.h"
#include "weights/bundle.h"
#include "weights/lora.h"
#include "weights/safetensors.h"

namespace riffle::pipelines {
namespace {

constexpr const char* kLayer = "mid_block.attentions.0.transformer_blocks.0.attn1.to_q";

class FewSteps : public testing::Test {
 protected:
  // An adapter of one layer of the UNet.
  void write_adapter(const std::filesystem::path& file) const {
    const at::Tensor weight =
        weights::open_bundle(plain_.path()).tensors("unet")->load(std::string(kLayer) + ".weight");
    std::string key = std::string("lora_unet_") + kLayer;
    std::ranges::replace(key.begin() + 5, key.end(), '.', '_');
    weights::write_safetensors(file,
                               {{key + ".lora_down.weight", at::randn({2, weight.size(1)})},
                                {key + ".lora_up.weight", at::randn({weight.size(0), 2})}},
                               {});
  }
  std::unique_ptr<MusicModel> with_adapter() const {
    write_adapter(plain_.path() / "few_steps.safetensors");
    return open_music_model(plain_.path());
  }
  static at::Tensor predicted(models::Denoiser& denoiser, MusicModel& model) {
    const std::vector<std::string> prompts = {"funk"};
    const at::Tensor latents = at::linspace(-1, 1, 4 * 8 * 16).view({1, 4, 8, 16});
    return denoiser.predict(latents, 400, model.conditioner().condition(prompts).conditioning);
  }

  test::TinyModel plain_;
};

TEST_F(FewSteps, AreNotThereWithoutAnAdapter) {
  EXPECT_EQ(plain_->few_step_denoiser(), nullptr);
  Sampling sampling{.scheduler = "lcm"};
  EXPECT_EQ(choose_scheduler(sampling, *plain_).denoiser, &plain_->denoiser());
  settle(sampling, *plain_);
  EXPECT_EQ(sampling.guidance, plain_->default_guidance().scale);
}

TEST_F(FewSteps, AreOfTheModelWithTheAdapterOnIt) {
  const auto model = with_adapter();
  ASSERT_NE(model->few_step_denoiser(), nullptr);
  const at::Tensor few = predicted(*model->few_step_denoiser(), *model);
  const at::Tensor as_ever = predicted(model->denoiser(), *model);
  EXPECT_TRUE(at::equal(as_ever, predicted(plain_->denoiser(), *plain_)));
  EXPECT_FALSE(at::allclose(few, as_ever, 1e-2, 1e-3));
  const auto adapter = weights::open_lora(plain_.path() / "few_steps.safetensors");
  plain_->set_adapters({{adapter, 1}});
  EXPECT_TRUE(at::allclose(few, predicted(plain_->denoiser(), *plain_), 1e-5, 1e-6));

  // One's own adapters are beside it.
  write_adapter(plain_.file("own.safetensors"));
  const auto own = weights::open_lora(plain_.file("own.safetensors"));
  model->set_adapters({{own, 0.5}});
  plain_->set_adapters({{adapter, 1}, {own, 0.5}});
  const at::Tensor both = predicted(*model->few_step_denoiser(), *model);
  EXPECT_FALSE(at::allclose(few, both, 1e-2, 1e-3));
  EXPECT_TRUE(at::allclose(both, predicted(plain_->denoiser(), *plain_), 1e-5, 1e-6));
}

TEST_F(FewSteps, AreTakenByTheSchedulerLcmWithoutGuidance) {
  const auto model = with_adapter();
  for (const char* scheduler : {"lcm", "unipc"}) {
    Sampling sampling{.seed = 1, .preset = "fast", .scheduler = scheduler};
    const bool few = sampling.scheduler == "lcm";
    const ChosenScheduler chosen = choose_scheduler(sampling, *model);
    EXPECT_EQ(chosen.denoiser, few ? model->few_step_denoiser() : &model->denoiser());
    EXPECT_EQ(chosen.scheduler->steps() <= 4, few);
    settle(sampling, *model);
    EXPECT_EQ(sampling.guidance, few ? 1 : model->default_guidance().scale);
  }
  const GenerateRequest request{.prompt = "p",
                                .sampling = {.seed = 1, .scheduler = "lcm", .steps = 2}};
  const auto with = generate(*model, request, {});
  const auto without = generate(*plain_, request, {});
  EXPECT_FALSE(at::allclose(with.at(0).latents, without.at(0).latents, 1e-2, 1e-3));
}

TEST(DefaultGuidance, IsTheBundlesWhereARequestLeavesItOpen) {
  const test::TinyModel usual;
  Sampling sampling{.seed = 1};
  const auto opened = open_music_model(usual.path());
  settle(sampling, *opened);
  EXPECT_EQ(sampling.guidance, 7);
  EXPECT_EQ(sampling.guidance_rescale, 0);

  write_text_file(usual.path() / "defaults.json", R"({"guidance": 5, "guidance_rescale": 0.7})");
  const auto own = open_music_model(usual.path());
  sampling = {.seed = 1};
  settle(sampling, *own);
  EXPECT_EQ(sampling.guidance, 5);
  EXPECT_EQ(sampling.guidance_rescale, 0.7);
  EXPECT_EQ(sample_options(sampling, own->geometry(), false).guidance.rescale, 0.7);
  sampling = {.seed = 1, .guidance = 3, .guidance_rescale = 0};
  settle(sampling, *own);
  EXPECT_EQ(sampling.guidance, 3);
  EXPECT_EQ(sampling.guidance_rescale, 0);
}

}  // namespace
}  // namespace riffle::pipelines
