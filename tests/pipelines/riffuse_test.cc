// SPDX-License-Identifier: GPL-3.0-or-later
// Whole interpolations against Riffusion's own pipeline run on riff-tiny.
#include "pipelines/riffuse.h"

#include <ATen/ops/from_blob.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "image/picture_file.h"
#include "support.h"
#include "weights/safetensors.h"

namespace riffle::pipelines {
namespace {

RiffuseEnd end_of(const Json& json) {
  return {json.at("prompt"), json.at("seed"), json.at("denoising"), json.at("guidance")};
}

// The collection states 1e-3 relative for latents and two levels for pictures.
TEST(Riffuse, AgreesWithTheOriginalPipeline) {
  RIFFLE_REFERENCE_OR_SKIP(index, "riff-tiny/model_index.json");
  RIFFLE_REFERENCE_OR_SKIP(init_file, "golden/riffuse_init.png");
  RIFFLE_REFERENCE_OR_SKIP(mask_file, "golden/riffuse_mask.png");
  const auto model = open_music_model(index.parent_path(), {.exact = true});
  const auto golden =
      weights::open_safetensors(riffle::test::golden_file("riffuse.safetensors")).tensors;
  const Json cases = read_json_file(riffle::test::golden_file("riffuse.json"));
  const image::Picture init = image::read_picture(init_file);
  const image::Picture mask = image::read_picture(mask_file);
  for (size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(i);
    const Json& c = cases[i];
    const RiffuseResult got = riffuse(*model,
                                      {.start = end_of(c.at("start")),
                                       .end = end_of(c.at("end")),
                                       .alpha = c.at("alpha"),
                                       .steps = c.at("num_inference_steps"),
                                       .prompt_weights = false},
                                      init, c.at("mask").get<bool>() ? &mask : nullptr);
    const std::string name = std::to_string(i);
    const at::Tensor latents = golden->load(name + ".latents");
    EXPECT_LT(((got.latents - latents).norm() / latents.norm()).item<double>(), 1e-3);
    const at::Tensor picture = golden->load(name + ".image");
    const at::Tensor own = at::from_blob(const_cast<uint8_t*>(got.picture.rgb.data()),
                                         {got.picture.height, got.picture.width, 3}, at::kByte);
    ASSERT_EQ(own.sizes(), picture.sizes());
    const at::Tensor difference = (own.to(at::kInt) - picture.to(at::kInt)).abs();
    EXPECT_LE(difference.max().item<int>(), 2);
  }
}

TEST(Riffuse, RefusesSizesAndAlphasItCannotUse) {
  test::TinyModel model;
  EXPECT_RIFFLE_ERROR(riffuse(*model, {}, image::Picture(100, 64)), ErrorCode::InvalidArgument,
                      "100 x 64");
  EXPECT_RIFFLE_ERROR(riffuse(*model, {.alpha = 1.5}, image::Picture(64, 64)),
                      ErrorCode::InvalidArgument, "alpha");
}

}  // namespace
}  // namespace riffle::pipelines
