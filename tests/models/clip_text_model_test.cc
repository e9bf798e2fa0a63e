// SPDX-License-Identifier: GPL-3.0-or-later
// CLIP's text tower against transformers' own output on riff-tiny.
#include "models/clip_text_model.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>

#include "core/error.h"
#include "golden.h"

namespace riffle::models {
namespace {

class ClipTextTest : public testing::Test {
 protected:
  static std::shared_ptr<ClipTextModel> model() {
    static const auto kModel =
        riff_tiny_part<ClipTextModel, ClipTextConfig>("text_encoder", "model.safetensors");
    return kModel;
  }

 private:
  at::NoGradGuard no_grad_;
};

// The reference states max abs 1e-4 for float32.
TEST_F(ClipTextTest, AgreesWithTransformers) {
  const auto golden = golden_tensors("clip_text.safetensors");
  const at::Tensor got = model()->forward(golden->load("ids"));
  EXPECT_LT(max_abs(got, golden->load("last_hidden_state")), 1e-4);
}

// A later token must not change what came before it.
TEST_F(ClipTextTest, IsCausal) {
  at::Tensor ids = golden_tensors("clip_text.safetensors")->load("ids").narrow(0, 3, 1).clone();
  const at::Tensor before = model()->forward(ids);
  ids[0][10] = 1234;
  const at::Tensor after = model()->forward(ids);
  EXPECT_LT(max_abs(before.narrow(1, 0, 10), after.narrow(1, 0, 10)), 1e-6);
  EXPECT_GT(max_abs(before.narrow(1, 10, 1), after.narrow(1, 10, 1)), 1e-3);
}

TEST_F(ClipTextTest, RefusesForeignIds) {
  const auto ids = [](int64_t length, int64_t id) { return at::full({1, length}, id, at::kLong); };
  EXPECT_RIFFLE_ERROR(model()->forward(ids(78, 0)), ErrorCode::InvalidArgument, "T up to 77");
  EXPECT_RIFFLE_ERROR(model()->forward(ids(5, 49408)), ErrorCode::InvalidArgument, "0 to 49407");
  EXPECT_RIFFLE_ERROR(model()->forward(ids(5, -1)), ErrorCode::InvalidArgument, "-1");
}

TEST(ClipTextConfigTest, ReadsNestedAndNamesBadFields) {
  Json json = read_json_file(test::golden_file("riff-tiny/text_encoder/config.json"));
  EXPECT_EQ(ClipTextConfig::from_json(Json{{"text_config", json}}, "c").hidden_size, 32);
  json["hidden_act"] = "gelu";
  EXPECT_EQ(ClipTextConfig::from_json(json, "c").hidden_act, ClipTextConfig::Activation::Gelu);
  json["hidden_act"] = "tanh";
  EXPECT_RIFFLE_ERROR(ClipTextConfig::from_json(json, "c"), ErrorCode::Unsupported,
                      "\"hidden_act\"");
  json["hidden_act"] = "gelu";
  json["num_attention_heads"] = 5;
  EXPECT_RIFFLE_ERROR(ClipTextConfig::from_json(json, "c"), ErrorCode::BadFile,
                      "\"num_attention_heads\"");
  json["model_type"] = "t5";
  EXPECT_RIFFLE_ERROR(ClipTextConfig::from_json(json, "c"), ErrorCode::Unsupported, "\"t5\"");
}

}  // namespace
}  // namespace riffle::models
