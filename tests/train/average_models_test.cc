// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/average_models.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/files.h"
#include "support/test_files.h"
#include "weights/load.h"
#include "weights/safetensors.h"

namespace riffle::train {
namespace {

class AverageModels : public testing::Test {
 protected:
  std::filesystem::path model(const std::string& name, const weights::NamedTensors& tensors) const {
    const auto folder = folder_ / name;
    std::filesystem::create_directories(folder / "unet");
    std::filesystem::create_directories(folder / "training/riff");
    write_text_file(folder / "model_index.json", "{}\n");
    write_text_file(folder / "README.md", name);
    write_text_file(folder / "training/riff/log.jsonl", "{}\n");
    weights::write_safetensors(folder / "unet/weights.safetensors", tensors, {{"format", "pt"}});
    return folder;
  }

  test::TemporaryFolder folder_;
};

TEST_F(AverageModels, LiesBetweenThem) {
  const at::Tensor same = at::arange(3).to(at::kFloat);
  const auto a = model("a", {{"x", at::full({2, 2}, 4.0F).to(at::kHalf)}, {"same", same}});
  const auto b = model("b", {{"x", at::zeros({2, 2}).to(at::kHalf)}, {"same", same}});
  const AverageReport report = average_models(a, b, 0.25, folder_ / "out");
  EXPECT_EQ(report.averaged, 4);
  EXPECT_EQ(report.alike, 3);
  const auto made = weights::open_safetensors(folder_ / "out/unet/weights.safetensors");
  EXPECT_TRUE(made.tensors->load("x").equal(at::full({2, 2}, 3.0F).to(at::kHalf)));
  EXPECT_TRUE(made.tensors->load("same").equal(same));
  EXPECT_EQ(made.metadata.at("format"), "pt");
  EXPECT_EQ(read_text_file(folder_ / "out/README.md", 100), "a");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out/training"));
}

TEST_F(AverageModels, RefusesWhatHasNoMean) {
  const auto a = model("a", {{"x", at::zeros({2, 2})}});
  const auto other_shape = model("b", {{"x", at::zeros({2, 3})}});
  const auto other_name = model("c", {{"y", at::zeros({2, 2})}});
  const auto refuse = [&](const std::filesystem::path& b, const char* why) {
    EXPECT_RIFFLE_ERROR(average_models(a, b, 0.5, folder_ / "out"), ErrorCode::InvalidArgument,
                        why);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out.part"));
  };
  refuse(other_shape, "x is not in both");
  refuse(other_name, "x is not in both");
  EXPECT_RIFFLE_ERROR(average_models(a, folder_ / "none", 0.5, folder_ / "out"),
                      ErrorCode::NotFound, "no model there");
  EXPECT_RIFFLE_ERROR(average_models(a, a, 2, folder_ / "out"), ErrorCode::InvalidArgument,
                      "from 0 to 1, got 2");
  EXPECT_RIFFLE_ERROR(average_models(a, a, 0.5, a), ErrorCode::InvalidArgument,
                      "there is something");
}

}  // namespace
}  // namespace riffle::train
