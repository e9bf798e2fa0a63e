// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/load.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "support/test_files.h"
#include "weights/name_aliases.h"
#include "weights/safetensors.h"

namespace riffle::weights {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TensorSourcePtr stored(const test::TemporaryFolder& folder, const NamedTensors& tensors) {
  write_safetensors(folder / "w.safetensors", tensors);
  return open_safetensors(folder / "w.safetensors").tensors;
}

TEST(Load, FillsConvertsAndReports) {
  test::TemporaryFolder folder;
  const auto source = stored(folder, {{"a.weight", at::full({2, 3}, 1.5F, at::kHalf)},
                                      {"a.bias", at::arange(2, at::kFloat)},
                                      {"position_ids", at::arange(4, at::kLong)},
                                      {"extra", at::ones({1})}});
  const NamedTensors model = {{"a.weight", at::zeros({2, 3}).requires_grad_(true)},
                              {"a.bias", at::zeros({2}).requires_grad_(true)}};
  int64_t last = 0;
  Job job;
  job.on_progress = [&](const Progress& p) { last = p.done; };
  const LoadReport report = load_into(model, *source, {}, job);
  EXPECT_TRUE(at::equal(model[0].second, at::full({2, 3}, 1.5F)));
  EXPECT_TRUE(at::equal(model[1].second, at::arange(2, at::kFloat)));
  EXPECT_TRUE(model[0].second.requires_grad() && model[0].second.is_leaf());
  EXPECT_EQ(report.matched, 2);
  EXPECT_THAT(report.missing, IsEmpty());
  EXPECT_THAT(report.unexpected, ElementsAre("extra"));
  EXPECT_EQ(report.line(),
            source->where() + ": 2 matched, 0 missing, 1 unexpected (extra), 0 of wrong shape");
  EXPECT_EQ(last, 2 * 3 * 2 + 2 * 4);  // bytes on disk
}

TEST(Load, SharesTheMappingOnlyWhereNothingMustChange) {
  test::TemporaryFolder folder;
  const auto source = stored(folder, {{"same", at::ones({8})}, {"half", at::ones({8}, at::kHalf)}});
  const NamedTensors model = {{"same", at::empty({8})}, {"half", at::empty({8})}};
  load_into(model, *source);
  EXPECT_EQ(model[0].second.data_ptr(), source->view("same").data_ptr());
  const NamedTensors copy = {{"same", at::empty({8})}, {"half", at::empty({8})}};
  const void* before = copy[0].second.data_ptr();
  load_into(copy, *source, {.share = false, .optional = {}});
  EXPECT_EQ(copy[0].second.data_ptr(), before);
  EXPECT_TRUE(at::equal(copy[0].second, at::ones({8})));
}

TEST(Load, MissingAndWrongShapeNameTheFirstKeysAndFillNothing) {
  test::TemporaryFolder folder;
  const auto source = stored(folder, {{"a", at::ones({2, 3})}, {"b", at::ones({2})}});
  const NamedTensors model = {{"a", at::zeros({3, 2})}, {"b", at::zeros({2})},
                              {"c", at::zeros({1})},    {"d", at::zeros({1})},
                              {"e", at::zeros({1})},    {"f.weight", at::zeros({1})}};
  EXPECT_RIFFLE_ERROR(load_into(model, *source), ErrorCode::BadFile,
                      "the weights do not fit the model: 4 missing: c, d, e, ...; "
                      "1 of wrong shape: a expected [3, 2], got [2, 3]");
  EXPECT_TRUE(at::equal(model[1].second, at::zeros({2})));

  const NamedTensors fits = {{"b", at::zeros({2})}, {"f.weight", at::full({1}, 9.0F)}};
  EXPECT_EQ(load_into(fits, *source, {.share = true, .optional = {"f"}}).matched, 1);
  EXPECT_EQ(fits[1].second.item<float>(), 9.0F);
  EXPECT_RIFFLE_ERROR(load_into(fits, *source, {.share = true, .optional = {"f.we"}}),
                      ErrorCode::BadFile, "1 missing: f.weight");
}

TEST(Load, LinearAndPointwiseConvolutionAreOneShape) {
  test::TemporaryFolder folder;
  const auto source = stored(folder, {{"conv", at::arange(6, at::kFloat).view({3, 2, 1, 1})},
                                      {"linear", at::arange(6, at::kHalf).view({3, 2})}});
  const NamedTensors model = {{"conv", at::empty({3, 2})}, {"linear", at::empty({3, 2, 1, 1})}};
  load_into(model, *source);
  EXPECT_EQ(model[0].second.sizes().vec(), (std::vector<int64_t>{3, 2}));
  EXPECT_TRUE(at::equal(model[0].second, at::arange(6, at::kFloat).view({3, 2})));
  EXPECT_TRUE(at::equal(model[1].second, at::arange(6, at::kFloat).view({3, 2, 1, 1})));
}

TEST(Load, NamesOfBothAges) {
  EXPECT_THAT(other_names("mid_block.attentions.0.query.weight"),
              ElementsAre("mid_block.attentions.0.to_q.weight"));
  EXPECT_THAT(other_names("mid_block.attentions.0.to_out.0.bias"),
              ElementsAre("mid_block.attentions.0.proj_attn.bias"));
  EXPECT_THAT(other_names("encoder.layers.3.mlp.fc1.weight"),
              ElementsAre("text_model.encoder.layers.3.mlp.fc1.weight"));
  EXPECT_THAT(other_names("conv_in.weight"), IsEmpty());
  EXPECT_THAT(other_names("keyless"), IsEmpty());

  RIFFLE_REFERENCE_OR_SKIP(path, "riff-tiny/vae/diffusion_pytorch_model.safetensors");
  const auto source = open_safetensors(path).tensors;  // bears the old names
  const NamedTensors model = {
      {"encoder.mid_block.attentions.0.to_q.weight", at::empty({64, 64})},
      {"decoder.mid_block.attentions.0.to_out.0.weight", at::empty({64, 64})}};
  load_into(model, *source);
  EXPECT_TRUE(
      at::equal(model[0].second, source->load("encoder.mid_block.attentions.0.query.weight")));
  EXPECT_TRUE(
      at::equal(model[1].second, source->load("decoder.mid_block.attentions.0.proj_attn.weight")));
}

TEST(TensorSource, RenamedMergedAndWithoutPrefix) {
  test::TemporaryFolder folder;
  write_safetensors(
      folder / "1",
      {{"m.a", at::full({1}, 1.0F)}, {"m.b", at::full({1}, 2.0F)}, {"n.a", at::ones({3})}});
  write_safetensors(folder / "2", {{"c", at::full({1}, 3.0F)}});
  const auto one = open_safetensors(folder / "1").tensors;
  const auto two = open_safetensors(folder / "2").tensors;
  const auto m = without_prefix(one, "m.");
  ASSERT_EQ(m->tensors().size(), 2U);
  EXPECT_EQ(m->load("b").item<float>(), 2.0F);
  const auto both = merged({m, two}, "both");
  EXPECT_EQ(both->where(), "both");
  EXPECT_EQ(both->view("c").item<float>(), 3.0F);
  EXPECT_EQ(renamed(both, {{"z", "c"}, {"y", "a"}})->load("y").item<float>(), 1.0F);
  EXPECT_RIFFLE_ERROR(renamed(both, {{"z", "c"}, {"z", "a"}}), ErrorCode::BadFile,
                      "two tensors are called \"z\"");
  EXPECT_RIFFLE_ERROR(merged({one, one}, "x"), ErrorCode::BadFile, "two tensors are called");
}

}  // namespace
}  // namespace riffle::weights
