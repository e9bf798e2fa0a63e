// SPDX-License-Identifier: GPL-3.0-or-later
// riffle bench as a user runs it, on the smallest model at hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/json.h"
#include "e2e/process.h"
#include "support/test_files.h"
#include "support/tiny_bundle.h"

namespace riffle::test {
namespace {

using ::testing::HasSubstr;

std::string model() { return golden_file("riff-tiny").string(); }

TEST(Bench, MeasuresTheCodec) {
  const Finished done = riffle({"bench", "codec", "--repeats", "1", "--json", "--quiet"});
  ASSERT_EQ(done.status, 0) << done.err;
  const Json codec = parse_json(done.out, "stdout").at("parts").at(0);
  EXPECT_EQ(codec.at("sound_s"), 10);
  EXPECT_GT(codec.at("encode_s"), 0);
  EXPECT_GT(codec.at("iterate_s"), codec.at("fft_s"));
  EXPECT_GT(codec.at("decode_s"), codec.at("iterate_s"));
}

TEST(Bench, MeasuresAWholeGenerationByItsStages) {
  TemporaryFolder folder;
  make_tiny_bundle(folder / "tiny", R"({"num_frequencies": 64})");
  const Finished done = riffle({"bench", "e2e", "--model", (folder / "tiny").string(), "--preset",
                                "fast", "--repeats", "1", "--json", "--quiet"});
  ASSERT_EQ(done.status, 0) << done.err;
  const Json run = parse_json(done.out, "stdout").at("parts").at(0);
  double sum = 0;
  for (const Json& seconds : run.at("stages")) sum += seconds.get<double>();
  EXPECT_NEAR(sum, run.at("seconds").get<double>(), 0.05 * run.at("seconds").get<double>());
  EXPECT_TRUE(run.at("stages").contains("diffuse"));
  EXPECT_TRUE(run.at("stages").contains("phase"));
}

TEST(Bench, MeasuresEveryPartBesideTheMachine) {
  for (const char* way : {"", "--exact", "--low-memory"}) {
    std::vector<std::string> arguments = {"bench",   "vae",   "text",      "unet",
                                          "--model", model(), "--repeats", "1",
                                          "--size",  "8",     "--json",    "--quiet"};
    if (*way != '\0') arguments.emplace_back(way);
    const Finished done = riffle(arguments);
    ASSERT_EQ(done.status, 0) << way << done.err;
    const Json json = parse_json(done.out, "stdout");
    ASSERT_EQ(json.at("parts").size(), 3U) << way;
    for (const Json& part : json.at("parts")) {
      EXPECT_GT(part.at("seconds"), 0);
      EXPECT_GT(part.at("gflop"), 0);
      EXPECT_NEAR(part.at("ratio").get<double>(),
                  part.at("gflops").get<double>() / part.at("peak_gflops").get<double>(), 1e-6);
      double share = 0;
      for (const auto& kernel : part.at("kernels")) share += kernel.at("share").get<double>();
      EXPECT_GT(share, 0.05) << part;
      EXPECT_LE(share, 1.001) << part;
    }
    EXPECT_EQ(json.at("parts")[1].at("part"), "unet") << "as a generation runs them";
    EXPECT_EQ(json.at("parts")[1].at("cached_steps").size(), 3U);
    EXPECT_GT(json.at("peak_memory_gb"), 0.01);
  }
}

TEST(Bench, PrintsTheRatioForPeople) {
  const Finished done =
      riffle({"bench", "unet", "--model", model(), "--repeats", "1", "--size", "8"});
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("% of the matrix product"));
  EXPECT_THAT(done.out, HasSubstr("3x3 convolution"));
  EXPECT_THAT(done.out, HasSubstr("step with cached coarse levels"));
}

TEST(Bench, SaysWhatIsMissing) {
  const Finished neither = riffle({"bench", "unet"});
  EXPECT_EQ(neither.status, 2);
  EXPECT_THAT(neither.err, HasSubstr("--random-weights"));
  EXPECT_EQ(riffle({"bench", "flute", "--random-weights", "sd15"}).status, 2);
  EXPECT_EQ(riffle({"bench", "unet", "--model", "no/such/model"}).status, 3);
}

}  // namespace
}  // namespace riffle::test
