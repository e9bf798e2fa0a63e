// SPDX-License-Identifier: GPL-3.0-or-later
// Reusing the coarse levels of a UNet from step to step.
#include "models/step_cache.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>

#include "golden.h"
#include "models/unet_2d_condition_model.h"
#include "nn/conv2d.h"

namespace riffle::models {
namespace {

class StepCaching : public testing::Test {
 protected:
  StepCaching()
      : unet_(riff_tiny_part<UNet2DConditionModel, UNet2DConditionConfig>(
            "unet", "diffusion_pytorch_model.safetensors")) {}

  at::Tensor predict(const at::Tensor& sample, double time, StepCache* cache = nullptr) {
    return unet_->forward(sample, at::tensor({time}), context_, {}, cache);
  }

  at::NoGradGuard no_grad_;
  std::shared_ptr<UNet2DConditionModel> unet_;
  at::Tensor sample_ = at::randn({1, 4, 16, 16});
  at::Tensor nearby_ = sample_ + 0.02 * at::randn({1, 4, 16, 16});
  at::Tensor context_ = at::randn({1, 77, 32});
};

// An interval of 1.
TEST_F(StepCaching, FullEvaluationsAreThoseWithoutACache) {
  StepCache cache;
  EXPECT_TRUE(at::equal(predict(sample_, 500, &cache), predict(sample_, 500)));
  EXPECT_TRUE(at::equal(predict(nearby_, 480, &cache), predict(nearby_, 480)));
  EXPECT_EQ(cache.full_evaluations, 2);
  EXPECT_EQ(cache.shallow_evaluations, 0);
}

// The layers that run again are given what they were given before: nothing may change.
TEST_F(StepCaching, ShallowAtTheSamePointIsTheFullResult) {
  for (const int64_t layers : {0, 1, 2, 9}) {
    StepCache cache{.layers = layers};
    const at::Tensor full = predict(sample_, 500, &cache);
    cache.shallow = true;
    EXPECT_TRUE(at::equal(predict(sample_, 500, &cache), full)) << layers << " layers";
    EXPECT_EQ(cache.shallow_evaluations, 1);
  }
}

// An interval of 2. Keeping the deep features must do better than keeping the whole prediction.
TEST_F(StepCaching, ShallowNearbyDiffersALittle) {
  StepCache cache;
  const at::Tensor before = predict(sample_, 500, &cache);
  cache.shallow = true;
  const at::Tensor shallow = predict(nearby_, 480, &cache);
  const at::Tensor full = predict(nearby_, 480);
  EXPECT_GT(relative_l2(shallow, full), 1e-6);
  EXPECT_LT(relative_l2(shallow, full), relative_l2(before, full));
}

TEST_F(StepCaching, NothingThatFitsMeansAFullEvaluation) {
  StepCache cache{.shallow = true};
  EXPECT_TRUE(at::equal(predict(sample_, 500, &cache), predict(sample_, 500)));
  const at::Tensor wider = at::randn({1, 4, 16, 24});
  EXPECT_TRUE(at::equal(predict(wider, 480, &cache), predict(wider, 480)));
  EXPECT_EQ(cache.full_evaluations, 2);
  EXPECT_EQ(cache.shallow_evaluations, 0);
}

TEST_F(StepCaching, WindowsWithTheirOwnCachesDoNotMix) {
  const at::Tensor other = at::randn({1, 4, 16, 16});
  StepCache first;
  StepCache second;
  predict(sample_, 500, &first);
  predict(other, 500, &second);
  first.shallow = second.shallow = true;
  const at::Tensor a = predict(nearby_, 480, &first);
  StepCache alone;
  predict(sample_, 500, &alone);
  alone.shallow = true;
  EXPECT_TRUE(at::equal(a, predict(nearby_, 480, &alone)));
}

TEST_F(StepCaching, WorksPackedAtOddSizesAroundACircle) {
  nn::pack_for_inference(*unet_);
  const nn::CircularWidth circular(true);
  const at::Tensor sample = at::randn({1, 4, 9, 13});
  StepCache cache;
  const at::Tensor full = predict(sample, 500, &cache);
  cache.shallow = true;
  EXPECT_TRUE(at::equal(predict(sample, 500, &cache), full));
}

}  // namespace
}  // namespace riffle::models
