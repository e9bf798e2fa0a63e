// SPDX-License-Identifier: GPL-3.0-or-later
// riffle models as a user runs it: list, inspect, pull from a hub on this machine, verify.
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "../weights/environment.h"
#include "../weights/fake_hub.h"
#include "core/files.h"
#include "core/json.h"
#include "e2e/process.h"
#include "models/load_module.h"
#include "models/unet_2d_condition_model.h"
#include "weights/safetensors.h"

namespace riffle::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;
using weights::Environment;

constexpr const char* kUNet = "unet/diffusion_pytorch_model.safetensors";

class Models : public ::testing::Test {
 protected:
  static Json succeed(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "models");
    arguments.insert(arguments.end(), {"--json", "--quiet"});
    const Finished done = riffle(arguments);
    EXPECT_EQ(done.status, 0) << ::testing::PrintToString(arguments) << done.err;
    EXPECT_EQ(done.err, "");
    return parse_json(done.out, "stdout");
  }
  static std::string tiny() { return golden_file("riff-tiny").string(); }
  fs::path pulled() const { return folder_ / "riffle/models/owner--tiny"; }

  TemporaryFolder folder_;
  Environment cache_{"XDG_CACHE_HOME", folder_.path().string()};
  Environment data_{"XDG_DATA_HOME", (folder_ / "data").string()};
  Environment models_{"RIFFLE_MODELS", golden_file("").string()};
};

TEST_F(Models, ListShowsNameKindSizeAndPlace) {
  const Json json = succeed({"list"});
  for (const Json& model : json["models"]) {
    // Golden tensors lie beside it.
    if (model["name"] == "unet") {
      EXPECT_EQ(model["kind"], "weights");
    }
    if (model["name"] != "riff-tiny") continue;
    EXPECT_EQ(model["origin"], "own");
    EXPECT_EQ(model["kind"], "StableDiffusionPipeline");
    EXPECT_GT(model["bytes_on_disk"], 30'000'000);
    const Finished lines = riffle({"models", "list"});
    EXPECT_THAT(lines.out, HasSubstr("riff-tiny"));
    return;
  }
  ADD_FAILURE() << json.dump(1);
}

TEST_F(Models, InspectCountsParametersAndShowsSettings) {
  const Json json = succeed({"inspect", "riff-tiny"});
  const Json& unet = json["parts"]["unet"];
  EXPECT_EQ(unet["class"], "UNet2DConditionModel");
  EXPECT_EQ(unet["bytes"], 4 * unet["parameters"].get<int64_t>());
  EXPECT_EQ(unet["dtypes"], Json({{"F32", unet["parameters"]}}));
  const auto file_bytes = static_cast<int64_t>(fs::file_size(golden_file("riff-tiny") / kUNet));
  EXPECT_LT(unet["bytes"].get<int64_t>(), file_bytes);  // what remains is the header
  EXPECT_GT(unet["bytes"].get<int64_t>(), file_bytes - 200'000);
  EXPECT_EQ(unet["config"]["cross_attention_dim"], 32);
  EXPECT_EQ(json["parts"]["scheduler"]["class"], "PNDMScheduler");
  EXPECT_EQ(json["codec"]["num_frequencies"], 512);
  // The copy among the tests has no tokenizer.
  EXPECT_TRUE(json["parts"]["tokenizer"].contains("error"));
  EXPECT_EQ(json["pipelines"], Json::array());
  const Finished lines = riffle({"models", "inspect", tiny(), "--tensors"});
  EXPECT_THAT(lines.out, HasSubstr("F32  [32, 4, 3, 3]"));
  EXPECT_THAT(lines.out, HasSubstr("conv_in.weight"));
}

TEST_F(Models, InspectLoadsAndAccounts) {
  const Json load = succeed({"inspect", "riff-tiny", "--load"})["load"];
  for (const char* part : {"text_encoder", "unet", "vae"}) {
    EXPECT_GT(load["networks"][part]["matched"], 10) << part;
  }
  EXPECT_GT(load["peak_bytes"], load["bytes"]);
}

// riff-tiny with a UNet of 34 million parameters, in half precision.
fs::path write_half_precision_model(const fs::path& folder) {
  const fs::path model = folder / "half";
  fs::copy(golden_file("riff-tiny"), model, fs::copy_options::recursive);
  Json config = read_json_file(model / "unet/config.json");
  config["block_out_channels"] = {64, 128, 256, 256};
  write_text_file(model / "unet/config.json", config.dump());
  models::UNet2DConditionModel unet(models::UNet2DConditionConfig::from_json(config, "test"));
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (const auto& [name, parameter] : models::named_parameters(unet)) {
    tensors.emplace_back(name, at::full(parameter.sizes(), 0.01, at::kHalf));
  }
  weights::write_safetensors(model / kUNet, tensors);
  return model;
}

TEST_F(Models, LoadingHalfPrecisionTakesItsSizeInFloat32AndNoMoreThanATenthOfIt) {
  const fs::path model = write_half_precision_model(folder_.path());
  const Json tiny = succeed({"inspect", "riff-tiny", "--load"})["load"];
  const Json large = succeed({"inspect", model.string(), "--load"})["load"];
  const auto bytes = large["bytes"].get<int64_t>();
  EXPECT_GT(bytes, 130'000'000);
  // The small model shows what the program itself takes.
  EXPECT_LT(large["peak_bytes"].get<int64_t>() - tiny["peak_bytes"].get<int64_t>(),
            bytes * 11 / 10);
}

TEST_F(Models, InspectTellsLorasAndOtherWeights) {
  const std::string lora = (folder_ / "lora.safetensors").string();
  weights::write_safetensors(lora, {{"lora_unet_mid_block_x.lora_down.weight", at::ones({4, 8})},
                                    {"lora_unet_mid_block_x.lora_up.weight", at::ones({8, 4})}});
  const Json json = succeed({"inspect", lora});
  EXPECT_EQ(json["kind"], "lora");
  EXPECT_EQ(json["layers"], Json({{"unet", 1}}));
  EXPECT_EQ(json["ranks"], Json({{"4", 1}}));
  const Json other = succeed({"inspect", golden_file("unet.safetensors").string()});
  EXPECT_EQ(other["kind"], "weights");
}

TEST_F(Models, InspectRefusesWhatIsNoModel) {
  write_text_file(folder_ / "x.safetensors", "no weights at all");
  EXPECT_EQ(riffle({"models", "inspect", (folder_ / "x.safetensors").string()}).status, 4);
  const Finished none = riffle({"models", "inspect", "owner/none"});
  EXPECT_EQ(none.status, 3);
  EXPECT_THAT(none.err, HasSubstr("riffle models pull owner/none"));
}

TEST_F(Models, VerifyComparesKernelsNetworksAndThirdPartyNumbers) {
  const Json json =
      succeed({"verify", tiny(), "--golden", golden_file("").string(), "--device", "cpu"});
  EXPECT_EQ(json["kernels"].size(), 8U);
  EXPECT_EQ(json["networks"].size(), 8U);  // four results, each against two
  EXPECT_TRUE(json["files_intact"].is_null());
  for (const char* table : {"kernels", "networks"}) {
    for (const Json& row : json[table]) {
      EXPECT_TRUE(row["passed"]) << row.dump();
      EXPECT_LT(row["error"].get<double>(), row["tolerance"].get<double>()) << row.dump();
    }
  }
}

TEST_F(Models, VerifyFindsWeightsThatAreNotThoseOfTheNumbers) {
  const fs::path copy = folder_ / "copy";
  fs::copy(tiny(), copy, fs::copy_options::recursive);
  const auto source = weights::open_safetensors(copy / kUNet).tensors;
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (const auto& info : source->tensors())
    tensors.emplace_back(info.name, source->load(info.name));
  for (auto& [name, tensor] : tensors) {
    if (name == "conv_out.weight") tensor.mul_(1.01);
  }
  weights::write_safetensors(copy / kUNet, tensors);
  const Finished done =
      riffle({"models", "verify", copy.string(), "--golden", golden_file("").string()});
  EXPECT_EQ(done.status, 4);
  EXPECT_THAT(done.out, HasSubstr("WRONG"));
  EXPECT_THAT(done.err, HasSubstr("unet against third-party numbers"));
}

class Hub : public Models {
 protected:
  Hub() {
    hub_.repository = "owner/tiny";
    for (const auto& entry : fs::recursive_directory_iterator(tiny())) {
      if (!entry.is_regular_file()) continue;
      const auto bytes = read_file(entry.path(), 1 << 30);
      hub_.files[entry.path().lexically_relative(tiny()).string()] = {bytes.begin(), bytes.end()};
    }
    hub_.required_token = "secret";
  }
  weights::FakeHub hub_;
  Environment endpoint_{"HF_ENDPOINT", hub_.endpoint()};
  Environment token_{"HF_TOKEN", "secret"};
};

TEST_F(Hub, PullListVerifyAndMend) {
  const Json first = succeed({"pull", "owner/tiny"});
  EXPECT_EQ(first["folder"], pulled().string());
  EXPECT_EQ(first["bytes"], first["bytes_fetched"]);
  EXPECT_EQ(first["files"], hub_.files.size());
  EXPECT_EQ(succeed({"pull", "owner/tiny"})["bytes_fetched"], 0);
  EXPECT_THAT(riffle({"models", "list"}).out, HasSubstr("owner/tiny"));
  EXPECT_EQ(succeed({"verify", "owner/tiny"})["files_intact"], true);

  std::string damaged = hub_.files[kUNet];
  damaged[damaged.size() - 1000] ^= 1;
  write_text_file(pulled() / kUNet, damaged);
  const Finished verify = riffle({"models", "verify", "owner/tiny"});
  EXPECT_EQ(verify.status, 4);
  EXPECT_THAT(verify.err, HasSubstr(std::string("1 files are missing or changed: ") + kUNet));
}

TEST_F(Hub, RefusalsSayWhatToDo) {
  const Environment none("HF_TOKEN", "wrong");
  const Finished denied = riffle({"models", "pull", "owner/tiny"});
  EXPECT_EQ(denied.status, 3);
  EXPECT_THAT(denied.err, HasSubstr("HTTP 401"));
  EXPECT_THAT(denied.err, HasSubstr("$HF_TOKEN"));
  EXPECT_THAT(denied.err, Not(HasSubstr("wrong")));
  EXPECT_EQ(riffle({"models", "pull", "not a name"}).status, 2);
}

TEST_F(Hub, ProgressIsInMegabytes) {
  const Finished done = riffle({"models", "pull", "owner/tiny"});
  EXPECT_EQ(done.status, 0);
  EXPECT_THAT(done.out, HasSubstr("30.9 MB"));
}

TEST(ModelsUsage, CommandsWithinAreKnown) {
  const Finished list = riffle({"models", "lst"});
  EXPECT_EQ(list.status, 2);
  EXPECT_THAT(list.err, HasSubstr("did you mean list?"));
  const Finished option = riffle({"models", "pull", "a/b", "--revison", "x"});
  EXPECT_EQ(option.status, 2);
  EXPECT_THAT(option.err, HasSubstr("did you mean --revision?"));
  EXPECT_EQ(riffle({"models"}).status, 2);
  const Finished help = riffle({"models", "pull", "--help"});
  EXPECT_EQ(help.status, 0);
  EXPECT_THAT(help.out, HasSubstr("Usage: riffle models pull [OPTIONS]"));
  EXPECT_THAT(help.out, HasSubstr("--revision NAME"));
}

}  // namespace
}  // namespace riffle::test
