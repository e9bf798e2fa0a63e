// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/bundle.h"

#include <ATen/ops/ones.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "core/error.h"
#include "environment.h"
#include "support/test_files.h"
#include "weights/model_library.h"
#include "weights/safetensors.h"

namespace riffle::weights {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;

void write_text(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

constexpr const char* kIndex =
    R"({"_class_name": "P", "safety_checker": [null, null], "unet": ["riffle", "U"], "_x": ["a", "b"]})";

TEST(Bundle, PartsConfigsAndWeights) {
  test::TemporaryFolder folder;
  const fs::path model = folder / "my-model";
  write_text(model / "model_index.json", kIndex);
  write_text(model / "unet" / "config.json", R"({"layers": 2})");
  write_safetensors(model / "unet" / "diffusion_pytorch_model.fp16.safetensors",
                    {{"half", at::ones({1}, at::kHalf)}});
  const Bundle bundle = open_bundle(model);
  EXPECT_EQ(bundle.name(), "my-model");
  EXPECT_EQ(bundle.pipeline_class(), "P");
  EXPECT_FALSE(bundle.is_single_file());
  EXPECT_THAT(bundle.parts(), ElementsAre("unet"));
  EXPECT_EQ(bundle.class_of("unet"), "U");
  EXPECT_FALSE(bundle.has("safety_checker"));
  EXPECT_FALSE(bundle.has("_x"));
  EXPECT_EQ(bundle.config("unet").at("layers"), 2);
  EXPECT_NE(bundle.tensors("unet")->find("half"), nullptr);
  // The full precision goes before the half.
  write_safetensors(model / "unet" / "diffusion_pytorch_model.safetensors",
                    {{"full", at::ones({1})}});
  EXPECT_NE(bundle.tensors("unet")->find("full"), nullptr);
  EXPECT_RIFFLE_ERROR(bundle.config("vae"), ErrorCode::NotFound, "the model has no vae");
  EXPECT_EQ(open_bundle(model / "").name(), "my-model");
}

TEST(Bundle, SpectrogramAndTokenizer) {
  test::TemporaryFolder folder;
  write_text(folder / "model_index.json", kIndex);
  const Bundle bundle = open_bundle(folder.path());
  EXPECT_TRUE(bundle.spectrogram().empty());
  write_text(folder / "spectrogram.json", R"({"num_frequencies": 128})");
  EXPECT_EQ(bundle.spectrogram().at("num_frequencies"), 128);
  write_text(folder / "spectrogram.json", "[]");
  EXPECT_RIFFLE_ERROR(bundle.spectrogram(), ErrorCode::BadFile, "expected an object");
  EXPECT_RIFFLE_ERROR(bundle.tokenizer_folder(), ErrorCode::NotFound, "no tokenizer");
  write_text(folder.path() / "tokenizer" / "vocab.json", "{}");
  EXPECT_EQ(bundle.tokenizer_folder(), folder / "tokenizer");
}

TEST(Bundle, HostileIndexesAreRefused) {
  test::TemporaryFolder folder;
  for (const char* index :
       {R"({"../../etc": ["a", "b"]})", R"({"..": ["a", "b"]})", R"({"a/b": ["a", "b"]})",
        R"({"unet": ["a"]})", R"({"unet": [1, 2]})", R"({"": ["a", "b"]})", "[]", "3", "{"}) {
    write_text(folder / "model_index.json", index);
    EXPECT_RIFFLE_ERROR(open_bundle(folder.path()), ErrorCode::BadFile, "model_index.json");
  }
}

TEST(Bundle, FoldersWithoutIndex) {
  test::TemporaryFolder folder;
  EXPECT_RIFFLE_ERROR(open_bundle(folder / "none"), ErrorCode::NotFound, "no such folder or file");
  EXPECT_RIFFLE_ERROR(open_bundle(folder.path()), ErrorCode::BadFile,
                      "neither model_index.json nor");
  write_safetensors(folder / "a.safetensors",
                    {{"model.diffusion_model.out.2.bias", at::ones({4})}});
  EXPECT_EQ(open_bundle(folder.path()).name(), "a");
  write_safetensors(folder / "b.safetensors", {{"x", at::ones({4})}});
  EXPECT_RIFFLE_ERROR(open_bundle(folder.path()), ErrorCode::BadFile,
                      "2 checkpoints, among them a.safetensors and b.safetensors");
  EXPECT_RIFFLE_ERROR(open_bundle(folder / "b.safetensors"), ErrorCode::BadFile,
                      "not of a whole model");
}

TEST(Bundle, MissingWeightsSayWhatWasLookedFor) {
  test::TemporaryFolder folder;
  write_text(folder / "model_index.json", kIndex);
  EXPECT_RIFFLE_ERROR(open_bundle(folder.path()).tensors("unet"), ErrorCode::NotFound,
                      "diffusion_pytorch_model.safetensors");
}

TEST(ModelLibrary, FindsByNamePathAndHubName) {
  test::TemporaryFolder folder;
  const Environment models("RIFFLE_MODELS",
                           (folder / "first").string() + ":" + (folder / "second").string() + "::");
  const Environment cache("XDG_CACHE_HOME", (folder / "cache").string());
  write_text(folder / "first" / "tiny" / "model_index.json", kIndex);
  write_text(folder / "second" / "tiny" / "model_index.json", kIndex);
  write_text(folder / "second" / "other.ckpt", "");
  write_text(folder / "second" / "notes" / "readme.txt", "");
  write_text(pulled_models_folder() / folder_name_of("owner/name") / "model_index.json", kIndex);
  write_text(pulled_models_folder() / ".owner--half.partial" / "model_index.json", kIndex);

  EXPECT_EQ(find_model("tiny"), folder / "first" / "tiny");
  EXPECT_EQ(find_model("other"), folder / "second" / "other.ckpt");
  EXPECT_EQ(find_model("owner/name"), folder / "cache" / "riffle" / "models" / "owner--name");
  EXPECT_EQ(find_model((folder / "second" / "tiny").string()), folder / "second" / "tiny");
  EXPECT_RIFFLE_ERROR(find_model("notes"), ErrorCode::NotFound,
                      "neither a path nor a model in " + (folder / "first").string());
  try {
    find_model("someone/else");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.hint(), "fetch it first: riffle models pull someone/else");
  }
  const auto all = list_models();
  EXPECT_THAT(all, Contains(AllOf(Field(&ModelEntry::name, "owner/name"),
                                  Field(&ModelEntry::origin, ModelOrigin::Pulled))));
  EXPECT_THAT(all, Contains(AllOf(Field(&ModelEntry::path, folder / "first" / "tiny"),
                                  Field(&ModelEntry::origin, ModelOrigin::Own))));
  EXPECT_EQ(
      std::count_if(all.begin(), all.end(), [](const ModelEntry& m) { return m.name == "tiny"; }),
      1);
}

}  // namespace
}  // namespace riffle::weights
