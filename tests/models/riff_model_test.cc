// SPDX-License-Identifier: GPL-3.0-or-later
// riff-tiny through the three seams: what the pipelines see.
#include "models/riff_model.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/roll.h>
#include <ATen/ops/zeros_like.h>

#include <fstream>

#include "core/error.h"
#include "golden.h"

namespace riffle::models {
namespace {

// riff-tiny with its tokenizer, which only the reference collection has.
RiffModel load_model(const std::filesystem::path& index, const RiffModelOptions& options = {}) {
  return RiffModel(weights::open_bundle(index.parent_path()), options);
}

// Embeddings of the prompts that third-party code weighted: one to three windows. The reference
// states 1e-4.
TEST(RiffConditioner, AgreesWithThirdPartyPromptWeights) {
  RIFFLE_REFERENCE_OR_SKIP(index, "riff-tiny/model_index.json");
  RiffModel model = load_model(index, {.exact = true});
  const Json cases = read_json_file(test::golden_file("prompt_weighting.json"));
  const auto golden = golden_tensors("prompt_weighting.safetensors");
  for (size_t i = 0; i < cases.size(); ++i) {
    const std::string prompt = cases[i].at("prompt");
    const std::vector<std::string> prompts = {prompt};
    const auto got = model.conditioner().condition(prompts).conditioning.tokens;
    const at::Tensor want = golden->load(std::to_string(i) + ".embedding");
    ASSERT_EQ(got.sizes(), want.sizes()) << prompt;
    EXPECT_LT(max_abs(got, want), 1e-4) << prompt;
  }
}

TEST(RiffConditioner, BringsPromptsToOneLengthAndNotesWhatItDropped) {
  RIFFLE_REFERENCE_OR_SKIP(index, "riff-tiny/model_index.json");
  RiffModel model = load_model(index);
  std::string longest;
  for (int i = 0; i < 400; ++i) longest += "funk ";
  const std::vector<std::string> prompts = {"", "piano", longest};
  const ConditionedPrompts result = model.conditioner().condition(prompts);
  EXPECT_EQ(result.conditioning.tokens.sizes(), at::IntArrayRef({3, 231, 32}));
  ASSERT_EQ(result.notes.size(), 1U);
  EXPECT_NE(result.notes[0].find("dropped"), std::string::npos);
  const std::vector<std::string> plain = {"(piano:1.5)"};
  const auto weighted = model.conditioner().condition(plain);
  const auto literal = model.conditioner().condition(plain, {.prompt_weights = false});
  EXPECT_GT(max_abs(weighted.conditioning.tokens, literal.conditioning.tokens), 1e-3);
}

TEST(RiffAutoencoder, ScalesLatentsBothWays) {
  RIFFLE_REFERENCE_OR_SKIP(index, "riff-tiny/model_index.json");
  RiffModel model = load_model(index, {.exact = true});
  const auto golden = golden_tensors("vae.safetensors");
  Autoencoder& autoencoder = model.autoencoder();
  EXPECT_EQ(autoencoder.info().time_factor, 8);
  EXPECT_EQ(autoencoder.info().media_channels, 3);
  const at::Tensor mean = autoencoder.encode(golden->load("0.image"));
  EXPECT_LT(relative_l2(mean, 0.18215 * golden->load("0.mean")), 1e-5);
  const at::Tensor noise = at::randn(mean.sizes());
  const at::Tensor sampled = autoencoder.encode(golden->load("0.image"), noise);
  const at::Tensor deviation = (0.5 * golden->load("0.logvar")).exp();
  EXPECT_LT(relative_l2(sampled - mean, 0.18215 * deviation * noise), 1e-4);
  EXPECT_LT(
      relative_l2(autoencoder.decode(0.18215 * golden->load("0.z")), golden->load("0.decoded")),
      1e-5);
}

TEST(RiffDenoiser, PredictsAsTheUNetDoes) {
  RIFFLE_REFERENCE_OR_SKIP(index, "riff-tiny/model_index.json");
  RiffModel model = load_model(index, {.exact = true});
  const auto golden = golden_tensors("unet.safetensors");
  const Conditioning conditioning{.tokens = golden->load("0.encoder_hidden_states")};
  const at::Tensor out = model.denoiser().predict(
      golden->load("0.sample"), golden->load("0.timestep").item<double>(), conditioning);
  EXPECT_LT(relative_l2(out, golden->load("0.out")), 1e-5);
  EXPECT_FALSE(out.requires_grad());
  EXPECT_EQ(model.denoiser().scheduler_config().at("_class_name"), "PNDMScheduler");
}

TEST(RiffDenoiser, CircularTimeIsAskedForCallByCall) {
  RIFFLE_REFERENCE_OR_SKIP(index, "riff-tiny/model_index.json");
  RiffModel model = load_model(index);
  const Conditioning conditioning{.tokens = at::randn({1, 77, 32})};
  const at::Tensor x = at::randn({1, 4, 8, 16});
  const auto predict = [&](const at::Tensor& latents, bool circular) {
    return model.denoiser().predict(latents, 100, conditioning, {.circular_time = circular});
  };
  const at::Tensor circle = predict(x, true);
  EXPECT_LT(max_abs(predict(at::roll(x, {8}, {3}), true), at::roll(circle, {8}, {3})), 1e-3);
  EXPECT_GT(max_abs(predict(x, false), circle), 1e-3);
}

TEST(RiffModelMemory, LowMemoryGivesNearlyTheSame) {
  RIFFLE_REFERENCE_OR_SKIP(index, "riff-tiny/model_index.json");
  RiffModel full = load_model(index);
  RiffModel low = load_model(index, {.low_memory = true});
  const std::vector<std::string> prompts = {"bass"};
  const Conditioning a = full.conditioner().condition(prompts).conditioning;
  const Conditioning b = low.conditioner().condition(prompts).conditioning;
  EXPECT_LT(relative_l2(b.tokens, a.tokens), 5e-3);
  const at::Tensor x = at::randn({1, 4, 8, 8});
  EXPECT_LT(relative_l2(low.denoiser().predict(x, 10, a), full.denoiser().predict(x, 10, a)), 5e-3);
  EXPECT_LT(relative_l2(low.autoencoder().decode(x), full.autoencoder().decode(x)), 5e-3);
}

// Work that was asked to stop stops, wherever it is.
TEST(RiffModelJobs, AreCancelled) {
  RIFFLE_REFERENCE_OR_SKIP(index, "riff-tiny/model_index.json");
  RiffModel model = load_model(index);
  const std::vector<std::string> prompts = {"bass"};
  const Conditioning conditioning = model.conditioner().condition(prompts).conditioning;
  const at::Tensor x = at::randn({1, 4, 8, 8});
  const at::Tensor picture = model.autoencoder().decode(x);  // everything is loaded from here on
  model.denoiser().predict(x, 10, conditioning);
  std::stop_source source;
  const Job job{.stop = source.get_token(), .on_progress = {}};
  EXPECT_EQ(model.denoiser().predict(x, 10, conditioning, {}, job).sizes(), x.sizes());
  source.request_stop();
  EXPECT_RIFFLE_ERROR(model.denoiser().predict(x, 10, conditioning, {}, job), ErrorCode::Cancelled,
                      "");
  EXPECT_RIFFLE_ERROR(model.autoencoder().decode(x, {}, job), ErrorCode::Cancelled, "");
  EXPECT_RIFFLE_ERROR(model.autoencoder().encode(picture, {}, {}, job), ErrorCode::Cancelled, "");
  EXPECT_RIFFLE_ERROR(model.conditioner().condition(prompts, {}, job), ErrorCode::Cancelled, "");
}

// A copy of the bundle in which one field of one config.json differs.
std::filesystem::path changed_bundle(const test::TemporaryFolder& folder,
                                     const std::filesystem::path& index, const std::string& part,
                                     const char* key, const Json& value) {
  std::filesystem::copy(index.parent_path(), folder.path() / "b",
                        std::filesystem::copy_options::recursive);
  const auto file = folder.path() / "b" / part / "config.json";
  Json json = read_json_file(file);
  json[key] = value;
  std::filesystem::permissions(file.parent_path(), std::filesystem::perms::owner_all);
  std::filesystem::remove(file);
  std::ofstream(file) << json;
  return folder.path() / "b";
}

TEST(RiffModelErrors, SayWhichPartsDoNotFit) {
  RIFFLE_REFERENCE_OR_SKIP(index, "riff-tiny/model_index.json");
  const auto open = [&](const std::string& part, const char* key, const Json& value) {
    const test::TemporaryFolder folder;
    RiffModel model(weights::open_bundle(changed_bundle(folder, index, part, key, value)));
    model.denoiser().predict(at::randn({1, 4, 8, 8}), 1, {.tokens = at::randn({1, 7, 32})});
  };
  EXPECT_RIFFLE_ERROR(open("unet", "cross_attention_dim", 768), ErrorCode::BadFile, "768");
  EXPECT_RIFFLE_ERROR(open("vae", "latent_channels", 8), ErrorCode::BadFile, "8");
  EXPECT_RIFFLE_ERROR(open("unet", "block_out_channels", {32, 64, 96, 128}), ErrorCode::BadFile,
                      "do not fit the model");
}

}  // namespace
}  // namespace riffle::models
