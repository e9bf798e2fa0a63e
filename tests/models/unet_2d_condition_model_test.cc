// SPDX-License-Identifier: GPL-3.0-or-later
// The UNet against diffusers' own output on riff-tiny, and what must hold without numbers to
// compare with.
#include "models/unet_2d_condition_model.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/roll.h>
#include <ATen/ops/tensor.h>

#include "core/error.h"
#include "golden.h"

namespace riffle::models {
namespace {

class UNetTest : public testing::Test {
 protected:
  static std::shared_ptr<UNet2DConditionModel> model() {
    static const auto kModel = riff_tiny_part<UNet2DConditionModel, UNet2DConditionConfig>(
        "unet", "diffusion_pytorch_model.safetensors");
    return kModel;
  }
  static at::Tensor predict(const at::Tensor& sample, double timestep, const at::Tensor& context) {
    return model()->forward(sample, at::tensor({timestep}), context);
  }

 private:
  at::NoGradGuard no_grad_;
};

// Float32 sums in another order differ by some 1e-7 of the terms at every layer; the reference
// states rel. L2 1e-5.
TEST_F(UNetTest, AgreesWithDiffusers) {
  const auto golden = golden_tensors("unet.safetensors");
  for (int i = 0; i < 4; ++i) {
    const auto get = [&](const char* name) { return golden->load(std::to_string(i) + "." + name); };
    const at::Tensor want = get("out");
    const at::Tensor got =
        predict(get("sample"), get("timestep").item<double>(), get("encoder_hidden_states"));
    EXPECT_LT(relative_l2(got, want), 1e-5) << "case " << i;
    EXPECT_LT(max_abs(got, want), 2e-4) << "case " << i;
  }
}

TEST_F(UNetTest, BatchEqualsSingles) {
  const at::Tensor sample = at::randn({3, 4, 8, 12});
  const at::Tensor context = at::randn({3, 20, 32});
  const at::Tensor times = at::tensor({1.0, 500.0, 999.0});
  const at::Tensor batch = model()->forward(sample, times, context);
  for (int64_t i = 0; i < 3; ++i) {
    const at::Tensor single =
        model()->forward(sample.narrow(0, i, 1), times.narrow(0, i, 1), context.narrow(0, i, 1));
    EXPECT_LT(max_abs(batch.narrow(0, i, 1), single), 1e-4) << "item " << i;
  }
}

TEST_F(UNetTest, TakesAnySize) {
  for (const auto& [height, width] : {std::pair{7, 13}, {1, 1}, {9, 8}, {2, 31}}) {
    const at::Tensor out = predict(at::randn({1, 4, height, width}), 10, at::randn({1, 77, 32}));
    EXPECT_EQ(out.sizes(), at::IntArrayRef({1, 4, height, width}));
    EXPECT_TRUE(out.isfinite().all().item<bool>());
  }
}

// With time as a circle, a turned input gives the turned output (widths divisible by 8, so that all
// levels turn alike).
TEST_F(UNetTest, CircularWidthCommutesWithTurning) {
  const nn::CircularWidth guard(true);
  const at::Tensor sample = at::randn({1, 4, 8, 32});
  const at::Tensor context = at::randn({1, 5, 32});
  const at::Tensor out = predict(sample, 300, context);
  const at::Tensor turned = predict(at::roll(sample, {8}, {3}), 300, context);
  EXPECT_LT(max_abs(turned, at::roll(out, {8}, {3})), 1e-4);
  const nn::CircularWidth off(false);
  const at::Tensor flat = predict(at::roll(sample, {8}, {3}), 300, context);
  EXPECT_GT(max_abs(flat, at::roll(out, {8}, {3})), 1e-3);
}

TEST_F(UNetTest, RefusesShapesThatDoNotFit) {
  const at::Tensor sample = at::randn({2, 4, 8, 8});
  const at::Tensor context = at::randn({2, 77, 32});
  EXPECT_RIFFLE_ERROR(predict(at::randn({2, 3, 8, 8}), 1, context), ErrorCode::InvalidArgument,
                      "sample: expected [B, 4, H, W], got [2, 3, 8, 8]");
  EXPECT_RIFFLE_ERROR(predict(sample, 1, at::randn({2, 77, 768})), ErrorCode::InvalidArgument,
                      "context");
  EXPECT_RIFFLE_ERROR(predict(sample, 1, at::randn({1, 77, 32})), ErrorCode::InvalidArgument,
                      "context");
  EXPECT_RIFFLE_ERROR(model()->forward(sample, at::tensor({1.0, 2.0, 3.0}), context),
                      ErrorCode::InvalidArgument, "timesteps");
}

TEST_F(UNetTest, StopsBetweenBlocks) {
  std::stop_source source;
  source.request_stop();
  const Job job{.stop = source.get_token(), .on_progress = {}};
  EXPECT_RIFFLE_ERROR(
      model()->forward(at::randn({1, 4, 8, 8}), at::tensor({1.0}), at::randn({1, 77, 32}), job),
      ErrorCode::Cancelled, "");
}

TEST_F(UNetTest, GradientsReachEveryParameter) {
  const at::AutoGradMode with_grad(true);
  auto unet = std::make_shared<UNet2DConditionModel>(model()->config());
  nn::reset_parameters(*unet, 7);
  unet->forward(at::randn({1, 4, 8, 8}), at::tensor({5.0}), at::randn({1, 9, 32})).sum().backward();
  for (const auto& item : unet->named_parameters()) {
    EXPECT_TRUE(item.value().grad().defined()) << item.key();
  }
}

Json tiny_config() { return read_json_file(test::golden_file("riff-tiny/unet/config.json")); }

UNet2DConditionConfig with(const char* key, const Json& value) {
  Json json = tiny_config();
  json[key] = value;
  return UNet2DConditionConfig::from_json(json, "config.json");
}

TEST(UNetConfig, ReadsSingleValuesAndLists) {
  EXPECT_EQ(with("attention_head_dim", {5, 10, 20, 20}).heads,
            (std::vector<int64_t>{5, 10, 20, 20}));
  EXPECT_EQ(with("attention_head_dim", 4).heads, (std::vector<int64_t>{4, 4, 4, 4}));
  EXPECT_EQ(with("num_attention_heads", 2).heads, (std::vector<int64_t>{2, 2, 2, 2}));
  EXPECT_EQ(with("layers_per_block", {1, 2, 3, 4}).layers_per_block,
            (std::vector<int64_t>{1, 2, 3, 4}));
  EXPECT_TRUE(with("use_linear_projection", true).use_linear_projection);
  EXPECT_FALSE(with("mid_block_type", nullptr).mid_block);
  EXPECT_TRUE(with("_made_by", "somebody").mid_block);
  EXPECT_TRUE(with("some_later_switch", false).mid_block);
}

TEST(UNetConfig, NamesTheFieldItCannotUse) {
  EXPECT_RIFFLE_ERROR(with("act_fn", "mish"), ErrorCode::Unsupported, "\"act_fn\"");
  EXPECT_RIFFLE_ERROR(with("class_embed_type", "timestep"), ErrorCode::Unsupported,
                      "\"class_embed_type\"");
  EXPECT_RIFFLE_ERROR(with("down_block_types", {"DownBlock2D", "AttnDownBlock2D"}),
                      ErrorCode::Unsupported, "AttnDownBlock2D");
  EXPECT_RIFFLE_ERROR(with("resnet_time_scale_shift", "scale_shift"), ErrorCode::Unsupported,
                      "\"resnet_time_scale_shift\"");
  EXPECT_RIFFLE_ERROR(with("time_cond_proj_dim", 256), ErrorCode::Unsupported,
                      "\"time_cond_proj_dim\"");
  EXPECT_RIFFLE_ERROR(with("brand_new_thing", 3), ErrorCode::Unsupported, "\"brand_new_thing\"");
  EXPECT_RIFFLE_ERROR(with("_class_name", "UNet3DConditionModel"), ErrorCode::Unsupported,
                      "\"_class_name\"");
  EXPECT_RIFFLE_ERROR(with("block_out_channels", {32, 64}), ErrorCode::BadFile,
                      "\"block_out_channels\"");
  EXPECT_RIFFLE_ERROR(with("block_out_channels", {32, 64, 96, 1 << 30}), ErrorCode::BadFile,
                      "\"block_out_channels\"");
  EXPECT_RIFFLE_ERROR(with("attention_head_dim", {8, 8}), ErrorCode::BadFile,
                      "\"attention_head_dim\"");
  EXPECT_RIFFLE_ERROR(with("in_channels", "four"), ErrorCode::BadFile, "in_channels");
  EXPECT_RIFFLE_ERROR(UNet2DConditionConfig::from_json(Json::array(), "x"), ErrorCode::BadFile,
                      "object");
}

// Heads that do not divide the channels, and groups that do not: found when the model is built.
TEST(UNetConfig, RefusesWhatCannotBeSplit) {
  EXPECT_RIFFLE_ERROR(UNet2DConditionModel(with("attention_head_dim", 7)),
                      ErrorCode::InvalidArgument, "7 heads");
  EXPECT_RIFFLE_ERROR(UNet2DConditionModel(with("norm_num_groups", 31)), ErrorCode::InvalidArgument,
                      "31 groups");
}

// The published checkpoint: 859.5 M parameters in 686 tensors.
TEST(UNetConfig, DefaultsAreStableDiffusion15) {
  const auto unet = std::make_shared<UNet2DConditionModel>(UNet2DConditionConfig{});
  EXPECT_EQ(unet->named_parameters().size(), 686U);
  EXPECT_EQ(nn::parameter_count(*unet), 859520964);
}

}  // namespace
}  // namespace riffle::models
