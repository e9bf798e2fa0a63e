// SPDX-License-Identifier: GPL-3.0-or-later
// The same models on Riffle's own kernels: against the third-party numbers, and against themselves
// unpacked.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/roll.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include "core/error.h"
#include "golden.h"
#include "models/autoencoder_kl.h"
#include "models/clip_text_model.h"
#include "models/unet_2d_condition_model.h"
#include "nn/conv2d.h"

namespace riffle::models {
namespace {

constexpr const char* kWeights = "diffusion_pytorch_model.safetensors";

std::shared_ptr<UNet2DConditionModel> load_unet() {
  return riff_tiny_part<UNet2DConditionModel, UNet2DConditionConfig>("unet", kWeights);
}
std::shared_ptr<AutoencoderKL> load_vae() {
  return riff_tiny_part<AutoencoderKL, AutoencoderKLConfig>("vae", kWeights);
}

class PackedModels : public testing::Test {
  at::NoGradGuard no_grad_;
};

// Worst relative L2 distance of the UNet's four golden cases.
double unet_error(UNet2DConditionModel& unet) {
  const auto golden = golden_tensors("unet.safetensors");
  double worst = 0;
  for (int i = 0; i < 4; ++i) {
    const auto get = [&](const char* name) { return golden->load(std::to_string(i) + "." + name); };
    const at::Tensor got =
        unet.forward(get("sample"), get("timestep").reshape({1}), get("encoder_hidden_states"));
    worst = std::max(worst, relative_l2(got, get("out")));
  }
  return worst;
}

// Winograd's F(4x4, 3x3) rounds some ten times as much as direct sums do, which agree within 1e-5
// (1e-6 measured).
TEST_F(PackedModels, UNetAgreesWithDiffusers) {
  const auto unet = load_unet();
  nn::pack_for_inference(*unet);
  const double error = unet_error(*unet);
  RecordProperty("relative_l2", fmt::format("{:.1e}", error));
  EXPECT_LT(error, 5e-5);
}

// Half storage rounds each weight by up to 5e-4 of itself.
TEST_F(PackedModels, UNetInHalfStorageStaysClose) {
  const auto unet = load_unet();
  nn::pack_for_inference(*unet, {.half_storage = true});
  const double error = unet_error(*unet);
  RecordProperty("relative_l2", fmt::format("{:.1e}", error));
  EXPECT_LT(error, 3e-3);
  EXPECT_GT(error, 1e-5) << "nothing was rounded";
}

TEST_F(PackedModels, AutoencoderAgreesWithDiffusers) {
  const auto vae = load_vae();
  nn::pack_for_inference(*vae);
  const auto golden = golden_tensors("vae.safetensors");
  for (int i = 0; i < 2; ++i) {
    const auto get = [&](const char* name) { return golden->load(std::to_string(i) + "." + name); };
    const double encoded = relative_l2(vae->encode(get("image")).mean, get("mean"));
    const double decoded = relative_l2(vae->decode(get("z")), get("decoded"));
    RecordProperty(fmt::format("encode_{}", i), fmt::format("{:.1e}", encoded));
    RecordProperty(fmt::format("decode_{}", i), fmt::format("{:.1e}", decoded));
    EXPECT_LT(encoded, 5e-5) << "case " << i;
    EXPECT_LT(decoded, 5e-5) << "case " << i;
  }
}

TEST_F(PackedModels, TextEncoderAgreesWithTransformers) {
  const auto clip =
      riff_tiny_part<ClipTextModel, ClipTextConfig>("text_encoder", "model.safetensors");
  nn::pack_for_inference(*clip);
  const auto golden = golden_tensors("clip_text.safetensors");
  EXPECT_LT(max_abs(clip->forward(golden->load("ids")), golden->load("last_hidden_state")), 1e-4);
}

TEST_F(PackedModels, UnpackingBringsEveryParameterBack) {
  const auto unet = load_unet();
  std::vector<at::Tensor> before;
  for (const at::Tensor& parameter : unet->parameters()) before.push_back(parameter.clone());
  nn::pack_for_inference(*unet);
  nn::pack_for_inference(*unet);  // a second time changes nothing
  EXPECT_LT(nn::parameter_count(*unet), 100000) << "weights are kept twice";
  nn::unpack(*unet);
  const auto after = unet->parameters();
  ASSERT_EQ(after.size(), before.size());
  for (size_t i = 0; i < after.size(); ++i) EXPECT_TRUE(at::equal(after[i], before[i])) << i;
}

// Batches are cut into blocks where they fit, not where items end.
TEST_F(PackedModels, BatchEqualsSingles) {
  const auto unet = load_unet();
  nn::pack_for_inference(*unet);
  const at::Tensor sample = at::randn({3, 4, 9, 13});
  const at::Tensor context = at::randn({3, 20, 32});
  const at::Tensor times = at::tensor({1.0, 500.0, 999.0});
  const at::Tensor batch = unet->forward(sample, times, context);
  for (int64_t i = 0; i < 3; ++i) {
    const at::Tensor single =
        unet->forward(sample.narrow(0, i, 1), times.narrow(0, i, 1), context.narrow(0, i, 1));
    EXPECT_LT(max_abs(batch.narrow(0, i, 1), single), 1e-4) << "item " << i;
  }
}

TEST_F(PackedModels, OddSizesAndCirclesEqualTheExactPath) {
  const auto exact = load_unet();
  const auto packed = load_unet();
  nn::pack_for_inference(*packed);
  const at::Tensor context = at::randn({1, 77, 32});
  const at::Tensor time = at::tensor({321.0});
  for (const bool circular : {false, true}) {
    const nn::CircularWidth guard(circular);
    for (const auto& [height, width] : {std::pair{8, 24}, {7, 13}, {1, 1}, {18, 5}}) {
      const at::Tensor sample = at::randn({1, 4, height, width});
      // A group norm over one position has few numbers whose spread it divides by, which enlarges
      // what was rounded before it.
      const double tolerance = height * width == 1 ? 5e-4 : 5e-5;
      EXPECT_LT(relative_l2(packed->forward(sample, time, context),
                            exact->forward(sample, time, context)),
                tolerance)
          << height << "x" << width << (circular ? " circular" : "");
    }
  }
}

TEST_F(PackedModels, CircularAutoencoderEqualsTheExactPath) {
  const nn::CircularWidth guard(true);
  const auto exact = load_vae();
  const auto packed = load_vae();
  nn::pack_for_inference(*packed);
  const at::Tensor z = at::randn({1, 4, 3, 7});
  EXPECT_LT(relative_l2(packed->decode(z), exact->decode(z)), 5e-5);
  const at::Tensor picture = at::randn({1, 3, 24, 40});
  EXPECT_LT(relative_l2(packed->encode(picture).mean, exact->encode(picture).mean), 5e-5);
}

TEST(PackedModelsWithGradients, AreRefused) {
  const auto unet = load_unet();
  nn::pack_for_inference(*unet);
  const at::Tensor sample = at::randn({1, 4, 8, 8}).requires_grad_();
  EXPECT_RIFFLE_ERROR(unet->forward(sample, at::tensor({1.0}), at::randn({1, 7, 32})),
                      ErrorCode::InvalidArgument, "no gradient");
}

}  // namespace
}  // namespace riffle::models
