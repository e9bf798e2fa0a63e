// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/unet_1d.h"

#include <ATen/Functions.h>

#include <limits>

#include "core/error.h"
#include "golden.h"
#include "models/edm_denoiser.h"
#include "models/tone_rows.h"

namespace riffle::models {
namespace {

UNet1DConfig narrow() {
  return {.in_channels = 6,
          .context_channels = 6,
          .chroma_channels = kChromaRows,
          .embedding_dim = 5,
          .block_out_channels = {16, 24, 32},
          .layers_per_block = 1,
          .attention_head_dim = 8,
          .time_embed_dim = 16,
          .columns = 16};
}

// Inputs of one call.
struct Inputs {
  at::Tensor noisy, label, context, present, style, has_style, chroma;

  static Inputs random(int64_t batch, int64_t columns, const UNet1DConfig& c) {
    at::Tensor style = at::randn({batch, c.embedding_dim});
    return {at::randn({batch, c.in_channels, columns}),
            at::randn({batch}) * 0.5,
            at::randn({batch, c.context_channels, columns}),
            at::ones({batch}),
            style / style.norm(2, 1, true),
            at::ones({batch}),
            at::rand({batch, c.chroma_channels, columns})};
  }
  Inputs item(int64_t i) const {
    const auto one = [&](const at::Tensor& x) { return x.narrow(0, i, 1); };
    return {one(noisy), one(label),     one(context), one(present),
            one(style), one(has_style), one(chroma)};
  }
  at::Tensor run(UNet1D& model, bool circular = false) const {
    return model.forward(noisy, label, {context, present, style, has_style, chroma}, circular);
  }
};

class UNet1DTest : public testing::Test {
 protected:
  UNet1DTest() : model_(std::make_shared<UNet1D>(narrow())) { nn::reset_parameters(*model_, 1); }
  Inputs inputs(int64_t batch, int64_t columns) const {
    return Inputs::random(batch, columns, narrow());
  }

  std::shared_ptr<UNet1D> model_;
  at::NoGradGuard no_grad_;
};

TEST_F(UNet1DTest, TakesAnyLength) {
  for (const bool circular : {false, true}) {
    for (const int64_t columns : {1, 2, 3, 4, 7, 16, 21}) {
      const Inputs in = inputs(1, columns);
      const at::Tensor out = in.run(*model_, circular);
      EXPECT_EQ(out.sizes(), in.noisy.sizes());
      EXPECT_TRUE(out.isfinite().all().item<bool>()) << columns;
    }
  }
}

TEST_F(UNet1DTest, ACircleCommutesWithTurning) {
  const Inputs in = inputs(1, 16);
  Inputs turned = in;
  turned.noisy = at::roll(in.noisy, {4}, {2});  // by a multiple of the strides
  turned.context = at::roll(in.context, {4}, {2});
  turned.chroma = at::roll(in.chroma, {4}, {2});
  const at::Tensor want = at::roll(in.run(*model_, true), {4}, {2});
  EXPECT_LT(max_abs(turned.run(*model_, true), want), 1e-5);
  EXPECT_GT(max_abs(turned.run(*model_, false), want), 1e-3);  // a line has ends
}

TEST_F(UNet1DTest, DoesNotLookAtWhatIsAbsent) {
  const Inputs in = inputs(2, 8);
  Inputs without = in;
  without.present = at::zeros({2});
  without.has_style = at::zeros({2});
  without.chroma = at::zeros_like(in.chroma);
  const at::Tensor want = without.run(*model_);
  without.context = at::full_like(in.context, std::numeric_limits<float>::quiet_NaN());
  EXPECT_TRUE(at::equal(without.run(*model_), want));
  without.style = at::randn_like(in.style);
  EXPECT_TRUE(at::equal(without.run(*model_), want));
  EXPECT_TRUE(at::equal(model_->forward(in.noisy, in.label, {}), want));
}

TEST_F(UNet1DTest, TellsSilenceFromAbsence) {
  Inputs in = inputs(1, 8);
  in.context.zero_();
  const at::Tensor silence = in.run(*model_);
  in.present.zero_();
  EXPECT_GT(max_abs(in.run(*model_), silence), 1e-4);
}

TEST_F(UNet1DTest, ChangesWithEachOfItsInputs) {
  const Inputs in = inputs(1, 8);
  const at::Tensor out = in.run(*model_);
  EXPECT_TRUE(at::equal(in.run(*model_), out));
  for (at::Tensor Inputs::*field :
       {&Inputs::noisy, &Inputs::label, &Inputs::context, &Inputs::style, &Inputs::chroma}) {
    Inputs changed = in;
    changed.*field = (in.*field).neg();
    EXPECT_GT(max_abs(changed.run(*model_), out), 1e-4);
  }
}

TEST_F(UNet1DTest, ABatchEqualsItsItems) {
  Inputs in = inputs(3, 12);
  in.present[1] = 0;
  in.has_style[2] = 0;
  const at::Tensor all = in.run(*model_);
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_LT(max_abs(in.item(i).run(*model_), all.narrow(0, i, 1)), 1e-5);
  }
}

TEST_F(UNet1DTest, PackedEqualsPlain) {
  for (const bool circular : {false, true}) {
    const Inputs in = inputs(2, 13);
    const at::Tensor plain = in.run(*model_, circular);
    nn::pack_for_inference(*model_);
    EXPECT_LT(relative_l2(in.run(*model_, circular), plain), 1e-4);
    nn::unpack(*model_);
  }
}

TEST_F(UNet1DTest, GradientsReachEveryParameter) {
  const at::AutoGradMode learns(true);
  Inputs in = inputs(2, 8);
  in.has_style[1] = 0;
  in.run(*model_).square().mean().backward();
  for (const auto& parameter : model_->named_parameters()) {
    ASSERT_TRUE(parameter.value().grad().defined()) << parameter.key();
    if (parameter.key().ends_with("to_k.bias")) continue;  // softmax does not see it
    EXPECT_GT(parameter.value().grad().abs().max().item<float>(), 0) << parameter.key();
  }
}

TEST_F(UNet1DTest, BeginsWithAPredictionOfZero) {
  model_->start(3);
  EXPECT_EQ(inputs(1, 8).run(*model_).abs().max().item<float>(), 0);
}

TEST_F(UNet1DTest, NormalisesByItsStatistics) {
  const at::Tensor latents = at::randn({2, 6, 3});
  EXPECT_TRUE(at::equal(model_->normalise(latents), latents));
  model_->set_statistics({0, 1, 2, 3, 4, 5}, {1, 2, 2, 2, 2, 4});
  const at::Tensor unit = model_->normalise(latents);
  EXPECT_NEAR(unit[1][5][2].item<float>(), (latents[1][5][2].item<float>() - 5) / 4, 1e-6);
  EXPECT_LT(max_abs(model_->denormalise(unit), latents), 1e-5);
  EXPECT_RIFFLE_ERROR(model_->set_statistics({1}, {1}), ErrorCode::InvalidArgument, "expected 6");
}

TEST_F(UNet1DTest, RefusesShapesThatDoNotFit) {
  Inputs in = inputs(1, 8);
  EXPECT_RIFFLE_ERROR(model_->forward(at::randn({1, 5, 8}), in.label, {}),
                      ErrorCode::InvalidArgument, "[B, 6, columns], got [1, 5, 8]");
  in.context = at::randn({1, 6, 9});
  EXPECT_RIFFLE_ERROR(in.run(*model_), ErrorCode::InvalidArgument,
                      "context: expected [1, 6, 8], got [1, 6, 9]");
  in = inputs(1, 8);
  in.style = at::randn({1, 4});
  EXPECT_RIFFLE_ERROR(in.run(*model_), ErrorCode::InvalidArgument, "style: expected [1, 5]");
  in = inputs(1, 8);
  in.chroma = at::zeros({1, 12, 8});
  EXPECT_RIFFLE_ERROR(in.run(*model_), ErrorCode::InvalidArgument, "chroma: expected [1, 13, 8]");
}

TEST(UNet1DConfigTest, CountsItsParametersWithoutBuildingThem) {
  UNet1DConfig additive = narrow();
  additive.scale_shift = false;
  additive.layers_per_block = 2;
  additive.attention_levels = 0;
  UNet1DConfig alone = narrow();
  alone.context_channels = 0;
  alone.chroma_channels = 0;
  alone.embedding_dim = 0;
  alone.block_out_channels = {16};
  alone.attention_levels = 1;
  for (const UNet1DConfig& config : {narrow(), additive, alone}) {
    EXPECT_EQ(nn::parameter_count(UNet1D(config)), config.parameters());
  }
}

// The network of the paper: 438.787 million by the literature's count, and what Riffle adds: the
// flag (3 x 256) and the embedding of "no style" (1024).
TEST(UNet1DConfigTest, TheFullOneHasThePublishedSize) {
  EXPECT_EQ(UNet1DConfig::full().parameters(), 438'787'392 + 3 * 256 + 1024);
  EXPECT_NEAR(UNet1DConfig::full().multiplications(128) / 1e9, 9.24, 0.01);
}

TEST(UNet1DConfigTest, ComesBackFromItsJson) {
  UNet1DConfig config = narrow();
  config.scale_shift = false;
  config.sigma_data = 0.5;
  config.latents_mean = {0, 1, 2, 3, 4, 5};
  config.latents_std = {1, 1, 1, 1, 1, 2};
  const Json json = config.to_json();
  EXPECT_EQ(UNet1DConfig::from_json(json, "here").to_json(), json);
}

TEST(UNet1DConfigTest, NamesTheFieldThatIsWrong) {
  const auto with = [](const char* key, const Json& value) {
    Json json = narrow().to_json();
    json[key] = value;
    return UNet1DConfig::from_json(json, "config.json");
  };
  EXPECT_RIFFLE_ERROR(with("latents_std", Json{1, 2}), ErrorCode::BadFile, "latents_std");
  EXPECT_RIFFLE_ERROR(with("latents_std", Json{1, 1, 1, 1, 1, 0}), ErrorCode::BadFile,
                      "latents_std");
  EXPECT_RIFFLE_ERROR(with("attention_head_dim", 7), ErrorCode::BadFile, "attention_head_dim");
  EXPECT_RIFFLE_ERROR(with("attention_levels", 4), ErrorCode::BadFile, "attention_levels");
  EXPECT_RIFFLE_ERROR(with("down_block_types", "DownBlock1D"), ErrorCode::Unsupported,
                      "down_block_types");
}

TEST(EdmDenoiserTest, ScalesKeepUnitVariance) {
  const at::Tensor sigma = at::tensor({0.01F, 0.5F, 3.0F, 80.0F});
  for (const double data : {0.5, 1.0}) {
    const EdmScales scales = edm_scales(sigma, data);
    const at::Tensor variance = sigma.square() + data * data;
    EXPECT_LT(max_abs(scales.in.flatten().square() * variance, at::ones({4})), 1e-5);
    // What the network is to predict, (clean - skip x) / out, has unit variance too.
    const at::Tensor skip = scales.skip.flatten();
    const at::Tensor target = (1 - skip).square() * data * data + skip.square() * sigma.square();
    EXPECT_LT(max_abs(target / scales.out.flatten().square(), at::ones({4})), 1e-4);
  }
}

TEST(EdmDenoiserTest, AtNoNoiseItIsTheIdentity) {
  const at::NoGradGuard no_grad;
  const auto model = std::make_shared<UNet1D>(narrow());
  nn::reset_parameters(*model, 2);
  const at::Tensor x = at::randn({2, 6, 8});
  EXPECT_LT(max_abs(edm_denoise(*model, x, at::full({2}, 1e-5), {}), x), 1e-3);
  EXPECT_GT(max_abs(edm_denoise(*model, x, at::full({2}, 1.0), {}), x), 1e-1);
}

}  // namespace
}  // namespace riffle::models
