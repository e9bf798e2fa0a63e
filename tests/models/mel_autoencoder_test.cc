// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/mel_autoencoder.h"

#include <ATen/Functions.h>

#include "core/error.h"
#include "golden.h"

namespace riffle::models {
namespace {

MelAutoencoderConfig narrow() {
  return {.latent_channels = 4,
          .encoder = {16, 16},
          .encoder_blocks = {1, 1},
          .decoder = {16, 16, 8, 4},
          .decoder_blocks = {1, 1, 1}};
}

class MelAutoencoderTest : public testing::Test {
 protected:
  MelAutoencoderTest() : model_(std::make_shared<MelAutoencoder>(narrow())) {
    nn::reset_parameters(*model_, 1);
  }

  std::shared_ptr<MelAutoencoder> model_;
  at::NoGradGuard no_grad_;
};

TEST_F(MelAutoencoderTest, ShapesAreThoseOfTheHeader) {
  const at::Tensor pictures = at::randn({2, 1, 256, 40});
  const at::Tensor latents = model_->encode(pictures);
  EXPECT_EQ(latents.sizes(), at::IntArrayRef({2, 4, 8, 5}));
  EXPECT_EQ(model_->decode(latents).sizes(), pictures.sizes());
}

// Without norms a column depends on a neighbourhood of bounded width: a change at one end does not
// reach the other, so windows agree where they overlap.
TEST_F(MelAutoencoderTest, SeesANeighbourhoodOnly) {
  const at::Tensor pictures = at::randn({1, 1, 256, 256});
  at::Tensor changed = pictures.clone();
  changed.narrow(3, 0, 8).zero_();
  const at::Tensor difference = model_->encode(pictures) - model_->encode(changed);
  EXPECT_GT(difference.narrow(3, 0, 2).abs().max().item<float>(), 1e-4);
  EXPECT_LT(difference.narrow(3, 20, 12).abs().max().item<float>(), 1e-6);
}

TEST_F(MelAutoencoderTest, CircularWidthCommutesWithTurning) {
  const nn::CircularWidth guard(true);
  const at::Tensor z = at::randn({1, 4, 8, 12});
  const at::Tensor turned = model_->decode(at::roll(z, {5}, {3}));
  EXPECT_LT(max_abs(turned, at::roll(model_->decode(z), {40}, {3})), 1e-4);
}

TEST_F(MelAutoencoderTest, PackedEqualsPlain) {
  const at::Tensor pictures = at::randn({1, 1, 256, 64});
  const at::Tensor latents = model_->encode(pictures);
  const at::Tensor decoded = model_->decode(latents);
  nn::pack_for_inference(*model_);
  EXPECT_LT(relative_l2(model_->encode(pictures), latents), 1e-4);
  EXPECT_LT(relative_l2(model_->decode(latents), decoded), 1e-4);
}

TEST_F(MelAutoencoderTest, NormalisesByItsStatistics) {
  const at::Tensor latents = at::randn({1, 4, 8, 3});
  EXPECT_TRUE(at::equal(model_->normalise(latents), latents));
  model_->set_statistics({1, 2, 3, 4}, {2, 2, 4, 4});
  const at::Tensor unit = model_->normalise(latents);
  EXPECT_NEAR(unit[0][3][0][0].item<float>(), (latents[0][3][0][0].item<float>() - 4) / 4, 1e-6);
  EXPECT_LT(max_abs(model_->denormalise(unit), latents), 1e-5);
  EXPECT_RIFFLE_ERROR(model_->set_statistics({1}, {1}), ErrorCode::InvalidArgument, "expected 4");
}

TEST_F(MelAutoencoderTest, RefusesShapesThatDoNotFit) {
  EXPECT_RIFFLE_ERROR(model_->encode(at::randn({1, 1, 256, 60})), ErrorCode::InvalidArgument,
                      "multiple of 8");
  EXPECT_RIFFLE_ERROR(model_->encode(at::randn({1, 3, 256, 64})), ErrorCode::InvalidArgument,
                      "[B, 1, 256");
  EXPECT_RIFFLE_ERROR(model_->decode(at::randn({1, 4, 4, 8})), ErrorCode::InvalidArgument,
                      "[B, 4, 8, T]");
}

TEST(MelAutoencoderConfigTest, ComesBackFromItsJson) {
  MelAutoencoderConfig config = narrow();
  config.latents_mean = {0, 1, 2, 3};
  config.latents_std = {1, 1, 1, 2};
  const Json json = config.to_json();
  EXPECT_EQ(MelAutoencoderConfig::from_json(json, "config.json").to_json(), json);
}

TEST(MelAutoencoderConfigTest, NamesWhatIsWrong) {
  const auto with = [](const char* key, const Json& value) {
    Json json = narrow().to_json();
    json[key] = value;
    return MelAutoencoderConfig::from_json(json, "config.json");
  };
  EXPECT_RIFFLE_ERROR(with("latents_std", {1, 2}), ErrorCode::BadFile, "latents_std");
  EXPECT_RIFFLE_ERROR(with("latents_std", {1, 2, 0, 1}), ErrorCode::BadFile, "latents_std");
  EXPECT_RIFFLE_ERROR(with("patch", 6), ErrorCode::BadFile, "patch");
  EXPECT_RIFFLE_ERROR(with("decoder_channels", {1, 2}), ErrorCode::BadFile, "decoder_channels");
  EXPECT_RIFFLE_ERROR(with("dropout", 0.5), ErrorCode::Unsupported, "dropout");
}

}  // namespace
}  // namespace riffle::models
