// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/lora.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "raw_files.h"
#include "support/test_files.h"
#include "weights/detail/lora_names.h"
#include "weights/safetensors.h"

namespace riffle::weights {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Values without pattern, the same on every run and every libtorch.
at::Tensor noise(std::vector<int64_t> shape, double seed) {
  const int64_t count = *element_count(shape);
  return at::arange(count, at::kFloat).add_(seed).mul_(12.9898).sin_().mul_(0.5).view(shape);
}

const std::string kQuery = "down_blocks.0.attentions.1.transformer_blocks.0.attn2.to_q.weight";
const std::string kOut = "down_blocks.0.attentions.1.transformer_blocks.0.attn2.to_out.0.weight";
const std::string kConv = "down_blocks.0.resnets.0.conv1.weight";
const std::string kPointwise = "mid_block.attentions.0.proj_in.weight";
const std::string kText = "text_model.encoder.layers.0.self_attn.q_proj.weight";

std::map<std::string, NamedTensors> make_model() {
  return {{"unet",
           {{kQuery, noise({6, 4}, 1)},
            {kOut, noise({4, 4}, 2)},
            {kConv, noise({6, 4, 3, 3}, 3).to(at::kHalf)},
            {kPointwise, noise({6, 4, 1, 1}, 4)},
            {"conv_in.bias", noise({6}, 5)}}},
          {"text_encoder", {{kText, noise({5, 5}, 6)}}}};
}

class LoraTest : public ::testing::Test {
 protected:
  std::shared_ptr<const Lora> file(const NamedTensors& tensors,
                                   const std::string& name = "x.safetensors") {
    write_safetensors(folder_ / name, tensors);
    return open_lora(folder_ / name);
  }
  at::Tensor weight(const std::string& name) const {
    for (const auto& [part, parameters] : model_) {
      for (const auto& [own, tensor] : parameters) {
        if (own == name) return tensor;
      }
    }
    return {};
  }
  void expect_original() const {
    const auto fresh = make_model();
    for (const auto& [part, parameters] : model_) {
      for (size_t i = 0; i < parameters.size(); ++i) {
        EXPECT_TRUE(at::equal(parameters[i].second, fresh.at(part)[i].second))
            << parameters[i].first;
      }
    }
  }

  test::TemporaryFolder folder_;
  std::map<std::string, NamedTensors> model_ = make_model();
  LoraSet set_{model_};
  at::Tensor down_ = noise({2, 4}, 10);
  at::Tensor up_ = noise({6, 2}, 11);
};

struct Dialect {
  const char* name;
  std::string down, up;
  std::string target;
};
void PrintTo(const Dialect& d, std::ostream* out) { *out << d.name; }

class Dialects : public LoraTest, public ::testing::WithParamInterface<Dialect> {};

TEST_P(Dialects, ReachTheirWeight) {
  const Dialect& d = GetParam();
  const at::Tensor target = weight(d.target);
  const at::Tensor before = target.clone();
  const at::Tensor down = noise({2, target.size(1)}, 10);
  const at::Tensor up = noise({target.size(0), 2}, 11);
  const auto reports = set_.apply({{file({{d.down, down}, {d.up, up}}), 0.5}});
  EXPECT_EQ(reports[0].matched, 1);
  EXPECT_THAT(reports[0].unmatched, ElementsAre());
  EXPECT_TRUE(at::allclose(target, before + 0.5 * up.matmul(down), 1e-6, 1e-6));
}

INSTANTIATE_TEST_SUITE_P(
    Lora, Dialects,
    ::testing::Values(
        Dialect{
            "kohya",
            "lora_unet_down_blocks_0_attentions_1_transformer_blocks_0_attn2_to_q.lora_down.weight",
            "lora_unet_down_blocks_0_attentions_1_transformer_blocks_0_attn2_to_q.lora_up.weight",
            kQuery},
        Dialect{"kohya_to_out",
                "lora_unet_down_blocks_0_attentions_1_transformer_blocks_0_attn2_to_out_0.lora_"
                "down.weight",
                "lora_unet_down_blocks_0_attentions_1_transformer_blocks_0_attn2_to_out_0.lora_up."
                "weight",
                kOut},
        Dialect{"kohya_text",
                "lora_te_text_model_encoder_layers_0_self_attn_q_proj.lora_down.weight",
                "lora_te_text_model_encoder_layers_0_self_attn_q_proj.lora_up.weight", kText},
        Dialect{"peft",
                "base_model.model.down_blocks.0.attentions.1.transformer_blocks.0.attn2.to_q.lora_"
                "A.weight",
                "base_model.model.down_blocks.0.attentions.1.transformer_blocks.0.attn2.to_q.lora_"
                "B.weight",
                kQuery},
        Dialect{
            "peft_named",
            "base_model.model.text_model.encoder.layers.0.self_attn.q_proj.lora_A.default.weight",
            "base_model.model.text_model.encoder.layers.0.self_attn.q_proj.lora_B.default.weight",
            kText},
        Dialect{"diffusers",
                "unet.down_blocks.0.attentions.1.transformer_blocks.0.attn2.to_out.0.lora_A.weight",
                "unet.down_blocks.0.attentions.1.transformer_blocks.0.attn2.to_out.0.lora_B.weight",
                kOut},
        Dialect{"diffusers_2023",
                "unet.down_blocks.0.attentions.1.transformer_blocks.0.attn2.to_q.lora.down.weight",
                "unet.down_blocks.0.attentions.1.transformer_blocks.0.attn2.to_q.lora.up.weight",
                kQuery},
        Dialect{"diffusers_processor",
                "unet.down_blocks.0.attentions.1.transformer_blocks.0.attn2.processor.to_out_lora."
                "down.weight",
                "unet.down_blocks.0.attentions.1.transformer_blocks.0.attn2.processor.to_out_lora."
                "up.weight",
                kOut},
        Dialect{
            "diffusers_first",
            "down_blocks.0.attentions.1.transformer_blocks.0.attn2.processor.to_q_lora.down.weight",
            "down_blocks.0.attentions.1.transformer_blocks.0.attn2.processor.to_q_lora.up.weight",
            kQuery},
        Dialect{
            "diffusers_text",
            "text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_linear_layer.down."
            "weight",
            "text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_linear_layer.up.weight",
            kText},
        Dialect{"diffusers_text_first",
                "text_encoder.text_model.encoder.layers.0.self_attn.to_q_lora.down.weight",
                "text_encoder.text_model.encoder.layers.0.self_attn.to_q_lora.up.weight", kText}),
    [](const auto& row) { return row.param.name; });

TEST_F(LoraTest, AlphaOverRankScales) {
  const std::string key = "lora_unet_down_blocks_0_attentions_1_transformer_blocks_0_attn2_to_q";
  const at::Tensor before = weight(kQuery).clone();
  set_.apply({{file({{key + ".lora_down.weight", down_},
                     {key + ".lora_up.weight", up_},
                     {key + ".alpha", at::full({}, 8.0F)}}),
               1.0}});
  EXPECT_TRUE(at::allclose(weight(kQuery), before + 4 * up_.matmul(down_), 1e-6, 1e-6));
}

TEST_F(LoraTest, PeftConfigScales) {
  const std::string key =
      "base_model.model.down_blocks.0.attentions.1.transformer_blocks.0.attn2.to_q";
  const at::Tensor before = weight(kQuery).clone();
  write_safetensors(folder_ / "adapter_model.safetensors",
                    {{key + ".lora_A.weight", down_}, {key + ".lora_B.weight", up_}});
  write_raw(folder_ / "adapter_config.json", R"({"lora_alpha": 6, "r": 2})");
  set_.apply({{open_lora(folder_.path()), 1.0}});
  EXPECT_TRUE(at::allclose(weight(kQuery), before + 3 * up_.matmul(down_), 1e-6, 1e-6));
  write_raw(folder_ / "adapter_config.json", R"({"lora_alpha": 6, "r": 2, "use_rslora": true})");
  set_.apply({{open_lora(folder_.path()), 1.0}});
  EXPECT_TRUE(
      at::allclose(weight(kQuery), before + 6 / std::sqrt(2.0) * up_.matmul(down_), 1e-6, 1e-6));
  write_raw(folder_ / "adapter_config.json", R"({"lora_alpha": 6, "alpha_pattern": {"to_q": 3}})");
  EXPECT_RIFFLE_ERROR(open_lora(folder_.path()), ErrorCode::Unsupported, "alpha_pattern");
}

TEST_F(LoraTest, ConvolutionsPointwiseAndMiddleFactor) {
  const at::Tensor conv = weight(kConv).to(at::kFloat);
  const at::Tensor pointwise = weight(kPointwise).clone();
  const at::Tensor down3 = noise({2, 4, 3, 3}, 20);
  const at::Tensor up3 = noise({6, 2, 1, 1}, 21);
  const std::string key = "lora_unet_down_blocks_0_resnets_0_conv1";
  const std::string point = "lora_unet_mid_block_attentions_0_proj_in";
  set_.apply({{file({{key + ".lora_down.weight", down3},
                     {key + ".lora_up.weight", up3},
                     {point + ".lora_down.weight", down_},
                     {point + ".lora_up.weight", up_}}),
               1.0}});
  // A convolution by `down` followed by the pointwise `up` is one convolution by this kernel.
  const at::Tensor kernel = (up3.view({6, 2, 1, 1, 1}) * down3.view({1, 2, 4, 3, 3})).sum(1);
  EXPECT_TRUE(at::allclose(weight(kConv).to(at::kFloat),
                           (conv + kernel).to(at::kHalf).to(at::kFloat), 1e-3, 1e-3));
  EXPECT_TRUE(at::allclose(weight(kPointwise), pointwise + up_.matmul(down_).view({6, 4, 1, 1}),
                           1e-6, 1e-6));

  const at::Tensor mid = noise({2, 2, 3, 3}, 22);
  set_.apply({{file({{key + ".lora_down.weight", down_.view({2, 4, 1, 1})},
                     {key + ".lora_up.weight", up3},
                     {key + ".lora_mid.weight", mid}}),
               1.0}});
  const at::Tensor cp =
      (up3.view({6, 2, 1, 1, 1, 1}) * mid.view({1, 2, 2, 1, 3, 3}) * down_.view({1, 1, 2, 4, 1, 1}))
          .sum({1, 2});
  EXPECT_TRUE(at::allclose(weight(kConv).to(at::kFloat), (conv + cp).to(at::kHalf).to(at::kFloat),
                           1e-3, 1e-3));
  set_.remove();
  expect_original();
}

TEST_F(LoraTest, SeveralAddUpInAnyOrderOfHistoryAndComeOffToTheBit) {
  const std::string query = "lora_unet_down_blocks_0_attentions_1_transformer_blocks_0_attn2_to_q";
  const std::string conv = "lora_unet_down_blocks_0_resnets_0_conv1";
  const auto a =
      file({{query + ".lora_down.weight", down_}, {query + ".lora_up.weight", up_}}, "a");
  const auto b = file({{query + ".lora_down.weight", noise({3, 4}, 30)},
                       {query + ".lora_up.weight", noise({6, 3}, 31)},
                       {conv + ".lora_down.weight", noise({1, 4, 3, 3}, 32)},
                       {conv + ".lora_up.weight", noise({6, 1, 1, 1}, 33)}},
                      "b");
  const void* storage = weight(kQuery).data_ptr();
  const auto version = weight(kQuery)._version();

  set_.apply({{a, 0.7}, {b, -0.3}});
  const at::Tensor both = weight(kQuery).clone();
  const at::Tensor expected = make_model()["unet"][0].second + 0.7 * up_.matmul(down_) -
                              0.3 * noise({6, 3}, 31).matmul(noise({3, 4}, 30));
  EXPECT_TRUE(at::allclose(both, expected, 1e-6, 1e-6));
  for (int i = 0; i < 5; ++i) set_.apply({{b, 0.1 * i}});
  set_.apply({{a, 1.0}});
  EXPECT_TRUE(
      at::equal(weight(kConv), make_model()["unet"][2].second));  // b is no longer in effect
  set_.apply({{a, 0.7}, {b, -0.3}});
  EXPECT_TRUE(at::equal(weight(kQuery), both));
  EXPECT_EQ(weight(kQuery).data_ptr(), storage);
  EXPECT_GT(weight(kQuery)._version(), version);
  set_.apply({});
  expect_original();
}

TEST_F(LoraTest, StrangersAreReportedAndNothingMatchedIsRefused) {
  const std::string query = "lora_unet_down_blocks_0_attentions_1_transformer_blocks_0_attn2_to_q";
  const auto reports = set_.apply({{file({{query + ".lora_down.weight", down_},
                                          {query + ".lora_up.weight", up_},
                                          {"lora_unet_nowhere.lora_down.weight", down_},
                                          {"lora_unet_nowhere.lora_up.weight", up_},
                                          {"lora_te_conv_in.lora_down.weight", down_},
                                          {"lora_te_conv_in.lora_up.weight", up_},
                                          {"emb_params", down_}}),
                                    1.0}});
  EXPECT_THAT(reports[0].unmatched,
              ElementsAre("emb_params", "lora_te_conv_in", "lora_unet_nowhere"));
  EXPECT_THAT(reports[0].line(), HasSubstr("1 layers applied, 3 without counterpart (emb_params, "
                                           "lora_te_conv_in, lora_unet_nowhere)"));
  set_.remove();

  const auto stranger = file(
      {{"lora_unet_nowhere.lora_down.weight", down_}, {"lora_unet_nowhere.lora_up.weight", up_}});
  EXPECT_RIFFLE_ERROR(set_.apply({{stranger, 1.0}}), ErrorCode::InvalidArgument,
                      "none of its 1 layers fits the model (lora_unet_nowhere");
  expect_original();
}

TEST_F(LoraTest, WrongShapesLeaveTheModelAsItWas) {
  const std::string query = "lora_unet_down_blocks_0_attentions_1_transformer_blocks_0_attn2_to_q";
  const auto good =
      file({{query + ".lora_down.weight", down_}, {query + ".lora_up.weight", up_}}, "good");
  const auto wide = file(
      {{query + ".lora_down.weight", noise({2, 5}, 1)}, {query + ".lora_up.weight", up_}}, "wide");
  EXPECT_RIFFLE_ERROR(set_.apply({{good, 1.0}, {wide, 1.0}}), ErrorCode::BadFile,
                      "changes a weight [6, 5], but unet." + kQuery + " is [6, 4]");
  expect_original();
  const auto transposed = file({{query + ".lora_down.weight", noise({2, 6}, 1)},
                                {query + ".lora_up.weight", noise({4, 2}, 1)}},
                               "t");
  EXPECT_RIFFLE_ERROR(set_.apply({{transposed, 1.0}}), ErrorCode::BadFile,
                      "changes a weight [4, 6]");
}

TEST_F(LoraTest, CancelledHalfWayLeavesNone) {
  const std::string query = "lora_unet_down_blocks_0_attentions_1_transformer_blocks_0_attn2_to_q";
  const std::string text = "lora_te_text_model_encoder_layers_0_self_attn_q_proj";
  const auto lora = file({{query + ".lora_down.weight", down_},
                          {query + ".lora_up.weight", up_},
                          {text + ".lora_down.weight", noise({2, 5}, 1)},
                          {text + ".lora_up.weight", noise({5, 2}, 1)}});
  std::stop_source stop;
  Job job{stop.get_token(), [&](const Progress&) { stop.request_stop(); }};
  EXPECT_RIFFLE_ERROR(set_.apply({{lora, 1.0}}, job), ErrorCode::Cancelled, "");
  expect_original();
}

TEST_F(LoraTest, UnusableFilesAreNamed) {
  const at::Tensor t = at::ones({2, 2});
  EXPECT_RIFFLE_ERROR(file({{"conv_in.weight", t}}), ErrorCode::BadFile, "no LoRA");
  EXPECT_RIFFLE_ERROR(file({{"lora_unet_x.lora_down.weight", t}}), ErrorCode::BadFile,
                      "down [2, 2], up none");
  EXPECT_RIFFLE_ERROR(
      file({{"lora_unet_x.lora_down.weight", t}, {"lora_unet_x.lora_up.weight", at::ones({2, 3})}}),
      ErrorCode::BadFile, "do not go together");
  EXPECT_RIFFLE_ERROR(file({{"lora_unet_x.lora_down.weight", at::zeros({0, 2})},
                            {"lora_unet_x.lora_up.weight", at::zeros({2, 0})}}),
                      ErrorCode::BadFile, "do not go together");
  EXPECT_RIFFLE_ERROR(file({{"lora_unet_x.lora_down.weight", t},
                            {"lora_unet_x.lora_up.weight", t},
                            {"lora_unet_x.alpha", at::full({}, NAN)}}),
                      ErrorCode::BadFile, "no number");
  EXPECT_RIFFLE_ERROR(file({{"lora_unet_x.lora_down.weight", t},
                            {"lora_unet_x.lora_up.weight", t},
                            {"lora_unet_x.alpha", t}}),
                      ErrorCode::BadFile, "more than one number");
  EXPECT_RIFFLE_ERROR(file({{"lora_unet_x.hada_w1_a", t}}), ErrorCode::Unsupported, "LoHa");
  EXPECT_RIFFLE_ERROR(file({{"lora_unet_x.lokr_w1", t}}), ErrorCode::Unsupported, "LoKr");
  EXPECT_RIFFLE_ERROR(file({{"lora_unet_x.dora_scale", t}}), ErrorCode::Unsupported, "DoRA");
  EXPECT_RIFFLE_ERROR(open_lora(folder_.path() / "none"), ErrorCode::NotFound, "no such file");
  test::TemporaryFolder empty;
  EXPECT_RIFFLE_ERROR(open_lora(empty.path()), ErrorCode::NotFound, "no adapter there");
}

TEST(LoraNames, OthersAreNone) {
  for (const char* name :
       {"", "weight", ".alpha.weight", "lora_unet_x.diff", "x.lora_A.bias", ".lora_A.weight"}) {
    EXPECT_EQ(detail::parse_lora_name(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace riffle::weights
