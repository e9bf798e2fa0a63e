// SPDX-License-Identifier: GPL-3.0-or-later
// The picture autoencoder against diffusers' own output on riff-tiny, whose attention weights bear
// the old names.
#include "models/autoencoder_kl.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/roll.h>
#include <ATen/ops/zeros_like.h>

#include "core/error.h"
#include "golden.h"

namespace riffle::models {
namespace {

class AutoencoderTest : public testing::Test {
 protected:
  static std::shared_ptr<AutoencoderKL> model() {
    static const auto kModel = riff_tiny_part<AutoencoderKL, AutoencoderKLConfig>(
        "vae", "diffusion_pytorch_model.safetensors");
    return kModel;
  }

 private:
  at::NoGradGuard no_grad_;
};

// Float32 sums in another order; the reference states rel. L2 1e-5.
TEST_F(AutoencoderTest, AgreesWithDiffusers) {
  const auto golden = golden_tensors("vae.safetensors");
  for (int i = 0; i < 2; ++i) {
    const auto get = [&](const char* name) { return golden->load(std::to_string(i) + "." + name); };
    const LatentMoments moments = model()->encode(get("image"));
    EXPECT_LT(relative_l2(moments.mean, get("mean")), 1e-5) << "case " << i;
    EXPECT_LT(relative_l2(moments.logvar, get("logvar")), 1e-5) << "case " << i;
    EXPECT_LT(relative_l2(model()->decode(get("z")), get("decoded")), 1e-5) << "case " << i;
  }
}

TEST_F(AutoencoderTest, BatchEqualsSingles) {
  const at::Tensor z = at::randn({2, 4, 3, 5});
  const at::Tensor batch = model()->decode(z);
  EXPECT_EQ(batch.sizes(), at::IntArrayRef({2, 3, 24, 40}));
  for (int64_t i = 0; i < 2; ++i) {
    EXPECT_LT(max_abs(batch.narrow(0, i, 1), model()->decode(z.narrow(0, i, 1))), 1e-4);
  }
}

TEST_F(AutoencoderTest, CircularWidthCommutesWithTurning) {
  const nn::CircularWidth guard(true);
  const at::Tensor z = at::randn({1, 4, 4, 12});
  const at::Tensor turned = model()->decode(at::roll(z, {5}, {3}));
  EXPECT_LT(max_abs(turned, at::roll(model()->decode(z), {40}, {3})), 1e-4);
  const at::Tensor picture = at::randn({1, 3, 16, 64});
  const at::Tensor encoded = model()->encode(at::roll(picture, {24}, {3})).mean;
  EXPECT_LT(max_abs(encoded, at::roll(model()->encode(picture).mean, {3}, {3})), 1e-4);
}

TEST_F(AutoencoderTest, SamplesItsMoments) {
  const at::Tensor mean = at::randn({1, 4, 2, 2});
  const LatentMoments moments{.mean = mean, .logvar = at::zeros_like(mean)};
  EXPECT_EQ(max_abs(moments.sample(at::zeros_like(mean)), mean), 0);
  EXPECT_LT(max_abs(moments.sample(mean), 2 * mean), 1e-6);
}

TEST_F(AutoencoderTest, RefusesShapesThatDoNotFit) {
  EXPECT_RIFFLE_ERROR(model()->encode(at::randn({1, 3, 64, 60})), ErrorCode::InvalidArgument,
                      "multiples of 8");
  EXPECT_RIFFLE_ERROR(model()->encode(at::randn({1, 1, 64, 64})), ErrorCode::InvalidArgument,
                      "[B, 3, H, W]");
  EXPECT_RIFFLE_ERROR(model()->decode(at::randn({4, 8, 8})), ErrorCode::InvalidArgument, "latents");
}

AutoencoderKLConfig with(const char* key, const Json& value) {
  Json json = read_json_file(test::golden_file("riff-tiny/vae/config.json"));
  json[key] = value;
  return AutoencoderKLConfig::from_json(json, "config.json");
}

// Three levels, one-channel pictures, no quantisation convolutions: what a small model of our own
// looks like.
TEST(AutoencoderConfig, OtherFactorsAndChannels) {
  const at::NoGradGuard no_grad;
  Json json = read_json_file(test::golden_file("riff-tiny/vae/config.json"));
  json["block_out_channels"] = {32, 32, 64};
  json["down_block_types"] = Json::array_t(3, "DownEncoderBlock2D");
  json["up_block_types"] = Json::array_t(3, "UpDecoderBlock2D");
  json["in_channels"] = json["out_channels"] = 1;
  json["use_quant_conv"] = json["use_post_quant_conv"] = false;
  AutoencoderKL vae(AutoencoderKLConfig::from_json(json, "config.json"));
  nn::reset_parameters(vae, 3);
  EXPECT_EQ(vae.config().factor(), 4);
  EXPECT_EQ(vae.encode(at::randn({1, 1, 16, 24})).mean.sizes(), at::IntArrayRef({1, 4, 4, 6}));
  EXPECT_EQ(vae.decode(at::randn({1, 4, 4, 6})).sizes(), at::IntArrayRef({1, 1, 16, 24}));
}

TEST(AutoencoderConfig, NamesTheFieldItCannotUse) {
  EXPECT_EQ(with("scaling_factor", 0.5).scaling_factor, 0.5);
  EXPECT_EQ(with("scaling_factor", nullptr).scaling_factor, 0.18215);
  EXPECT_RIFFLE_ERROR(with("act_fn", "relu"), ErrorCode::Unsupported, "\"act_fn\"");
  EXPECT_RIFFLE_ERROR(with("shift_factor", 0.1), ErrorCode::Unsupported, "\"shift_factor\"");
  EXPECT_RIFFLE_ERROR(with("latents_mean", {0.1, 0.2}), ErrorCode::Unsupported, "\"latents_mean\"");
  EXPECT_RIFFLE_ERROR(with("up_block_types", {"UpDecoderBlock2D"}), ErrorCode::BadFile,
                      "\"up_block_types\"");
  EXPECT_RIFFLE_ERROR(with("up_block_types", Json::array_t(4, "AttnUpDecoderBlock2D")),
                      ErrorCode::Unsupported, "AttnUpDecoderBlock2D");
  EXPECT_RIFFLE_ERROR(with("scaling_factor", 0), ErrorCode::BadFile, "\"scaling_factor\"");
}

}  // namespace
}  // namespace riffle::models
