// SPDX-License-Identifier: GPL-3.0-or-later
// CLAP against transformers' own output on clap-tiny, and against itself in LAION's layout.
#include "models/clap.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <map>
#include <numbers>

#include "core/error.h"
#include "core/files.h"
#include "golden.h"
#include "nn/layer.h"
#include "weights/laion_clap.h"

namespace riffle::models {
namespace {

namespace fs = std::filesystem;

double cosine(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor x = a.flatten().to(at::kDouble);
  const at::Tensor y = b.flatten().to(at::kDouble);
  return (x.dot(y) / (x.norm() * y.norm())).item<double>();
}

Json tiny_config() { return read_json_file(test::golden_file("clap-tiny/config.json")); }

// The network by itself, as the checkpoint has it: exact, not packed.
std::shared_ptr<ClapModel> tiny_model(const weights::TensorSource& source) {
  auto model = std::make_shared<ClapModel>(ClapConfig::from_json(tiny_config(), "c"));
  load_module(*model, source, {.share = false, .optional = {}});
  return model;
}

at::Tensor tone(int64_t samples, double hz) {
  return at::sin(at::arange(samples, at::kFloat) * (2 * std::numbers::pi * hz / 48000)) * 0.3;
}

class ClapTest : public testing::Test {
 protected:
  static weights::TensorSourcePtr golden() { return golden_tensors("clap.safetensors"); }

 private:
  at::NoGradGuard no_grad_;
};

// The reference states 1e-3 dB.
TEST_F(ClapTest, FeaturesAgreeWithTransformers) {
  const ClapFeatures features(ClapFeatureConfig::from_json(
      read_json_file(test::golden_file("clap-tiny/preprocessor_config.json")), "p"));
  const at::Tensor got = features.clips(golden()->load("1.waveform"));
  ASSERT_EQ(got.sizes(), (std::vector<int64_t>{1, 1001, 64}));
  EXPECT_LT(max_abs(got[0].slice(0, 0, 1001, 25), golden()->load("1.every_25th_frame")), 1e-3);
}

// The reference states a cosine above 0.9999; half-precision weights leave room for that.
TEST_F(ClapTest, EmbeddingsAgreeWithTransformers) {
  Clap clap = Clap::load(test::golden_file("clap-tiny"));
  ASSERT_EQ(clap.dim(), 64);
  ASSERT_EQ(clap.sample_rate(), 48000);
  const at::Tensor sound = clap.embed_sound(golden()->load("1.waveform"));
  EXPECT_GT(cosine(sound, golden()->load("1.audio_embed")), 0.9999);
  EXPECT_NEAR(sound.norm().item<double>(), 1, 1e-5);
  const auto source = weights::open_safetensors(test::golden_file("clap-tiny/model.safetensors"));
  const at::Tensor text = tiny_model(*source.tensors)->text(golden()->load("input_ids"));
  for (int64_t i = 0; i < text.size(0); ++i) {
    EXPECT_GT(cosine(text[i], golden()->load("text_embed")[i]), 0.9999) << i;
  }
}

TEST_F(ClapTest, AgreesWithTheWholeReference) {
  RIFFLE_REFERENCE_OR_SKIP(folder, "clap-tiny");
  RIFFLE_REFERENCE_OR_SKIP(file, "golden/clap.safetensors");
  RIFFLE_REFERENCE_OR_SKIP(tokens, "golden/roberta_tokens.json");
  Clap clap = Clap::load(folder);
  const auto numbers = weights::open_safetensors(file).tensors;
  for (const std::string i : {"0", "1"}) {
    const at::Tensor wave = numbers->load(i + ".waveform");
    EXPECT_LT(max_abs(clap.features().clips(wave), numbers->load(i + ".input_features")), 1e-3);
    EXPECT_GT(cosine(clap.embed_sound(wave), numbers->load(i + ".audio_embed")), 0.99999);
  }
  std::vector<std::string> prompts;
  for (const Json& item : read_json_file(tokens)) prompts.push_back(item.at("prompt"));
  prompts.resize(std::min<size_t>(prompts.size(), 6));
  const at::Tensor text = clap.embed_text(prompts);
  for (int64_t i = 0; i < text.size(0); ++i) {
    EXPECT_GT(cosine(text[i], numbers->load("text_embed")[i]), 0.99999) << i;
  }
}

// A sound shorter than a clip is repeated, a longer one is heard in evenly spaced clips.
TEST_F(ClapTest, AnyLengthIsHeard) {
  Clap clap = Clap::load(test::golden_file("clap-tiny"));
  const ClapFeatures& features = clap.features();
  const at::Tensor four = tone(4 * 48000, 330);
  EXPECT_LT(
      max_abs(features.clips(four), features.clips(at::cat({four, four, at::zeros({2 * 48000})}))),
      1e-4);
  const at::Tensor longer = at::cat({tone(600000, 220), tone(200000, 1760)});
  const at::Tensor clips = features.clips(longer);
  ASSERT_EQ(clips.size(0), 2);
  EXPECT_LT(max_abs(clips[1], features.clips(longer.slice(0, 320000))[0]), 1e-4);
  const at::Tensor whole = clap.embed_sound(longer);
  const at::Tensor mean = clap.embed_features(clips).mean(0);
  EXPECT_LT(max_abs(whole, mean / mean.norm()), 1e-6);
  EXPECT_TRUE(at::isfinite(clap.embed_sound(at::zeros({1}))).all().item<bool>());
  EXPECT_RIFFLE_ERROR(clap.embed_sound(at::zeros({0})), ErrorCode::InvalidArgument, "at least one");
  EXPECT_RIFFLE_ERROR(clap.embed_sound(at::zeros({2, 9})), ErrorCode::InvalidArgument, "[2, 9]");
}

// What pads a row must not be looked at.
TEST_F(ClapTest, PaddingDoesNotCount) {
  const auto source = weights::open_safetensors(test::golden_file("clap-tiny/model.safetensors"));
  const auto model = tiny_model(*source.tensors);
  const at::Tensor ids = golden()->load("input_ids");
  const at::Tensor lengths = golden()->load("attention_mask").sum(1);
  const at::Tensor all = model->text(ids);
  for (int64_t i = 0; i < ids.size(0); ++i) {
    const at::Tensor alone = ids.narrow(0, i, 1).slice(1, 0, lengths[i].item<int64_t>());
    EXPECT_LT(max_abs(model->text(alone)[0], all[i]), 1e-5) << i;
  }
}

// Names of the tiny model turned into those of LAION's code, query, key and value in one.
weights::NamedTensors in_laions_layout(const weights::TensorSource& source) {
  const std::vector<std::pair<std::string, std::string>> pairs = {
      {"audio_model.audio_encoder.", "audio_branch."},
      {"text_model.", "text_branch."},
      {"batch_norm.", "bn0."},
      {"projection.linear1.", "projection.0."},
      {"projection.linear2.", "projection.2."},
      {".layernorm_before.", ".norm1."},
      {".layernorm_after.", ".norm2."}};
  const std::vector<std::pair<std::string, std::string>> in_audio = {
      {".attention.self.relative", ".attn.relative"},
      {".attention.output.dense.", ".attn.proj."},
      {".intermediate.dense.", ".mlp.fc1."},
      {".output.dense.", ".mlp.fc2."}};
  weights::NamedTensors laion;
  std::map<std::string, std::vector<at::Tensor>> thirds;
  const auto replace = [](std::string& name, const auto& list) {
    for (const auto& [from, to] : list) {
      if (const size_t at = name.find(from); at != std::string::npos) {
        name.replace(at, from.size(), to);
      }
    }
  };
  for (const auto& info : source.tensors()) {
    std::string name = info.name;
    const bool audio = name.starts_with("audio_model.");
    if (audio) {
      bool third = false;
      for (const std::string part : {"query", "key", "value"}) {
        const size_t at = name.find(".attention.self." + part);
        if (at == std::string::npos) continue;
        name.replace(at, std::string(".attention.self.").size() + part.size(), ".attn.qkv");
        third = true;
      }
      replace(name, in_audio);
      replace(name, pairs);
      if (third) {
        auto& three = thirds["module." + name];
        three.resize(3);
        three[info.name.find(".query") != std::string::npos ? 0
              : info.name.find(".key") != std::string::npos ? 1
                                                            : 2] = source.load(info.name);
        continue;
      }
    } else {
      replace(name, pairs);
    }
    laion.emplace_back("module." + name, source.load(info.name));
  }
  for (const auto& [name, three] : thirds) laion.emplace_back(name, at::cat(three));
  laion.emplace_back("module.audio_branch.tscam_conv.weight", at::zeros({8, 128, 2, 3}));
  laion.emplace_back("module.audio_branch.layers.0.blocks.1.attn_mask", at::zeros({64, 64, 64}));
  return laion;
}

TEST_F(ClapTest, ReadsLaionsLayout) {
  const test::TemporaryFolder folder;
  const auto source = weights::open_safetensors(test::golden_file("clap-tiny/model.safetensors"));
  weights::write_safetensors(folder / "laion.pt", in_laions_layout(*source.tensors));
  // Heads of 64 features is what the text tower is assumed to have; this one's have 8.
  write_text_file(folder / "laion.json", R"({"text_config": {"num_attention_heads": 4}})");
  Clap clap = Clap::load(folder / "laion.pt");
  EXPECT_EQ(clap.dim(), 64);
  EXPECT_TRUE(clap.features().config().int16_round_trip);
  // LAION's lowest frequency is 50 Hz where the tiny model's is 0, so the network is compared.
  Clap tiny = Clap::load(test::golden_file("clap-tiny"));
  const at::Tensor heard = tiny.features().clips(golden()->load("1.waveform"));
  EXPECT_LT(max_abs(clap.embed_features(heard), tiny.embed_features(heard)), 1e-6);
  const auto renamed = weights::laion_clap(weights::open_safetensors(folder / "laion.pt").tensors);
  EXPECT_LT(max_abs(tiny_model(*renamed)->text(golden()->load("input_ids")),
                    tiny_model(*source.tensors)->text(golden()->load("input_ids"))),
            1e-6);
}

TEST(ClapConfigTest, NamesWhatIsWrong) {
  const auto with = [](const char* part, const char* key, const Json& value) {
    Json json = tiny_config();
    json[part][key] = value;
    return ClapConfig::from_json(json, "c");
  };
  EXPECT_RIFFLE_ERROR(with("audio_config", "enable_fusion", true), ErrorCode::Unsupported,
                      "fusion");
  EXPECT_RIFFLE_ERROR(with("audio_config", "spec_size", 100), ErrorCode::BadFile, "\"spec_size\"");
  EXPECT_RIFFLE_ERROR(with("audio_config", "patch_stride", Json::array({4, 2})),
                      ErrorCode::Unsupported, "\"patch_stride\"");
  EXPECT_RIFFLE_ERROR(with("audio_config", "num_attention_heads", Json::array({3, 2, 4, 8})),
                      ErrorCode::BadFile, "\"num_attention_heads\"");
  EXPECT_RIFFLE_ERROR(with("audio_config", "depths", Json::array({2, 2, 4, 2, 2, 2, 2})),
                      ErrorCode::BadFile, "\"depths\"");
  EXPECT_RIFFLE_ERROR(with("audio_config", "window_size", 7), ErrorCode::BadFile,
                      "\"window_size\"");
  EXPECT_RIFFLE_ERROR(with("audio_config", "hidden_size", 256), ErrorCode::BadFile,
                      "\"hidden_size\"");
  EXPECT_RIFFLE_ERROR(with("audio_config", "mlp_ratio", 1e9), ErrorCode::BadFile, "\"mlp_ratio\"");
  EXPECT_RIFFLE_ERROR(with("text_config", "num_attention_heads", 5), ErrorCode::BadFile,
                      "\"num_attention_heads\"");
  EXPECT_RIFFLE_ERROR(with("text_config", "max_position_embeddings", 3), ErrorCode::BadFile,
                      "\"max_position_embeddings\"");
  EXPECT_RIFFLE_ERROR(with("text_config", "vocab_size", -1), ErrorCode::BadFile, "\"vocab_size\"");
  EXPECT_EQ(
      ClapConfig::from_json(tiny_config(), "c").to_json(),
      ClapConfig::from_json(ClapConfig::from_json(tiny_config(), "c").to_json(), "c").to_json());
}

TEST_F(ClapTest, RefusesPartsOfAnotherModel) {
  const test::TemporaryFolder folder;
  fs::copy(test::golden_file("clap-tiny"), folder.path(), fs::copy_options::recursive);
  EXPECT_RIFFLE_ERROR(Clap::load(folder.path()).embed_text(std::vector<std::string>{"bass"}),
                      ErrorCode::NotFound, "vocab.json");
  Json features = read_json_file(folder / "preprocessor_config.json");
  features["feature_size"] = 32;
  write_text_file(folder / "preprocessor_config.json", features.dump());
  EXPECT_RIFFLE_ERROR(Clap::load(folder.path()), ErrorCode::BadFile, "32 mel bands");
  fs::remove(folder / "preprocessor_config.json");
  Json config = tiny_config();
  config["projection_dim"] = 65;
  write_text_file(folder / "config.json", config.dump());
  EXPECT_RIFFLE_ERROR(Clap::load(folder.path()), ErrorCode::BadFile, "of wrong shape");
  fs::remove(folder / "model.safetensors");
  EXPECT_RIFFLE_ERROR(Clap::load(folder.path()), ErrorCode::NotFound, "no weights");
  EXPECT_RIFFLE_ERROR(Clap::load(folder / "nothing"), ErrorCode::NotFound, "no such file");
}

// A model of our own: words instead of byte pairs, and the gap between sounds and texts.
TEST_F(ClapTest, KnowsWordVocabulariesAndTheModalityGap) {
  const test::TemporaryFolder folder;
  fs::copy(test::golden_file("clap-tiny"), folder.path(), fs::copy_options::recursive);
  const std::vector<std::string> captions = {"slap bass in e minor", "solo piano", "solo bass"};
  const auto words = text::WordVocabulary::build(captions, 1);
  words.save(folder.path());
  Json config = tiny_config();
  config["text_config"]["pad_token_id"] = 0;
  config["text_config"]["bos_token_id"] = 1;
  write_text_file(folder / "config.json", config.dump());
  const at::Tensor shift = tone(64, 700);
  weights::write_safetensors(folder / kModalityGapFile, {{kModalityGapName, shift}});
  Clap clap = Clap::load(folder.path());
  std::vector<std::string> notes;
  const std::vector<std::string> prompts = {"solo bass", "a solo bass", "bass solo", "piano"};
  const at::Tensor text = clap.embed_text(prompts, &notes);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("does not know the words: a"), std::string::npos) << notes[0];
  EXPECT_LT(max_abs(text[0], text[1]), 1e-5);
  EXPECT_GT(max_abs(text[0], text[2]), 1e-4);
  EXPECT_GT(max_abs(text[0], text[3]), 1e-4);
  const at::Tensor moved = clap.embed_text(prompts, nullptr, {}, /*shifted=*/true);
  const at::Tensor expected = text[3] + shift;
  EXPECT_LT(max_abs(moved[3], expected / expected.norm()), 1e-5);
}

}  // namespace
}  // namespace riffle::models
