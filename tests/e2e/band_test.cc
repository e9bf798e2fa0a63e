// SPDX-License-Identifier: GPL-3.0-or-later
// The commands that play along, with a model of noise: what comes out is right in all but sound.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audio/read_audio.h"
#include "core/files.h"
#include "core/json.h"
#include "e2e/process.h"
#include "pipelines/tiny_band.h"
#include "support/tiny_bundle.h"

namespace riffle::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class Band : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { band_ = std::make_unique<pipelines::test::TinyBand>(); }
  static void TearDownTestSuite() { band_.reset(); }
  void SetUp() override { write_sound(folder_ / "song.wav", make_sound(1.7, 2)); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  static Finished run(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--model", band_->path().string()});
    return riffle(arguments);
  }
  static Json document(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--json", "--quiet"});
    const Finished done = run(arguments);
    EXPECT_EQ(done.status, 0) << done.err;
    return parse_json(done.out, "stdout");
  }

  TemporaryFolder folder_;
  static inline std::unique_ptr<pipelines::test::TinyBand> band_;
};

TEST_F(Band, AccompanyWritesStemsAndMixes) {
  const Json done =
      document({"accompany", path("song.wav"), "--prompt", "slap bass", "--count", "2", "--seed",
                "3", "--mix", "--stereo", "0", "-o", path("bass.wav")});
  const auto song = audio::read_audio(path("song.wav"));
  ASSERT_EQ(done.at("clips").size(), 2U);
  EXPECT_TRUE(done.contains("context_heard"));
  const Json& clip = done.at("clips").at(1);
  EXPECT_EQ(clip.at("frames"), song.frames());
  EXPECT_EQ(clip.at("sample_rate"), song.sample_rate);
  EXPECT_EQ(clip.at("request").at("seed"), 4);
  EXPECT_TRUE(clip.contains("heard"));
  const std::string mix = clip.at("parts").at(0).at("audio");
  EXPECT_THAT(mix, HasSubstr("-mix.wav"));
  EXPECT_EQ(audio::read_audio(mix).frames(), song.frames());
  // The request in the file makes the file again.
  write_text_file(folder_ / "request.json", clip.at("request").dump());
  document({"accompany", "--request", path("request.json"), "-o", path("again.wav")});
  EXPECT_EQ(audio::read_audio(path("again.wav")).samples,
            audio::read_audio(clip.at("audio").get<std::string>()).samples);
}

TEST_F(Band, ComposeKeepsItsStems) {
  write_text_file(folder_ / "plan.json",
                  R"({"tracks": [{"prompt": "drums"}, {"prompt": "soft pad", "gain_db": -3}]})");
  const Json done = document({"compose", "--plan", path("plan.json"), "--seconds", "0.6",
                              "--stereo", "0", "--bits", "32f", "-o", path("mix.wav")});
  const Json& parts = done.at("clips").at(0).at("parts");
  ASSERT_EQ(parts.size(), 2U);
  const auto mix = audio::read_audio(path("mix.wav"));
  const auto drums = audio::read_audio(path("mix-1-drums.wav"));
  const auto pad = audio::read_audio(path("mix-2-soft-pad.wav"));
  for (size_t i = 0; i < mix.samples[0].size(); i += 31) {
    EXPECT_NEAR(mix.samples[0][i], drums.samples[0][i] + pad.samples[0][i], 1e-5);
  }
}

TEST_F(Band, InterpolationNumbersItsClips) {
  document({"interpolate", path("song.wav"), "--prompt", "drums", "--steps", "2", "--seconds",
            "0.5", "-o", path("way.wav")});
  EXPECT_TRUE(std::filesystem::exists(path("way-0001.wav")));
  EXPECT_TRUE(std::filesystem::exists(path("way-0002.wav")));
}

TEST_F(Band, EachKindOfModelHasItsCommands) {
  const Finished wrong = run({"generate", "funky bass", "-o", path("x.wav")});
  EXPECT_EQ(wrong.status, 2);
  EXPECT_THAT(wrong.err, HasSubstr("generate needs a riff model, and band is a band model"));
  make_tiny_bundle(folder_ / "tiny", R"({"num_frequencies": 64})");
  const Finished other = riffle({"accompany", path("song.wav"), "--model", path("tiny")});
  EXPECT_EQ(other.status, 2);
  EXPECT_THAT(other.err, HasSubstr("accompany needs a band model, and tiny is a riff model"));
  EXPECT_FALSE(std::filesystem::exists(path("x.wav")));
}

TEST_F(Band, ModelsInspectAndVerifyKnowIt) {
  const auto models = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "models");
    arguments.insert(arguments.end(), {"--json", "--quiet"});
    const Finished done = riffle(arguments);
    EXPECT_EQ(done.status, 0) << done.err;
    return parse_json(done.out, "stdout");
  };
  const Json inspected = models({"inspect", band_->path().string(), "--load"});
  EXPECT_THAT(inspected.at("pipelines").get<std::vector<std::string>>(), Contains("accompany"));
  EXPECT_THAT(inspected.at("pipelines").get<std::vector<std::string>>(), Not(Contains("generate")));
  EXPECT_EQ(inspected.at("load").at("networks").size(), 3U);
  const Json verified = models({"verify", band_->path().string()});
  ASSERT_EQ(verified.at("networks").size(), 4U);
  for (const Json& check : verified.at("networks")) EXPECT_TRUE(check.at("passed").get<bool>());
}

TEST_F(Band, BenchTellsTheShares) {
  const Json done = document({"bench", "accompany", "--repeats", "1"});
  ASSERT_EQ(done.at("parts").size(), 2U);
  for (const Json& part : done.at("parts")) {
    double sum = 0;
    for (const auto& [stage, seconds] : part.at("stages").items()) sum += seconds.get<double>();
    EXPECT_NEAR(sum, part.at("seconds").get<double>(), 1e-9);
  }
}

}  // namespace
}  // namespace riffle::test
