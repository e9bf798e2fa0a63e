// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/generate.h"

#include <gtest/gtest.h>

#include "audio/test_signals.h"
#include "core/error.h"
#include "pipelines/registry.h"
#include "support.h"

namespace riffle::pipelines {
namespace {

using test::quick;

class GenerateTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { model_ = std::make_unique<test::TinyModel>(); }
  static void TearDownTestSuite() { model_.reset(); }
  static Clip one(const GenerateRequest& request, const RunContext& context = {}) {
    std::vector<Clip> clips = generate(**model_, request, context);
    EXPECT_EQ(clips.size(), 1U);
    return std::move(clips.at(0));
  }
  static const Geometry& geometry() { return (*model_)->geometry(); }
  static inline std::unique_ptr<test::TinyModel> model_;
};

TEST_F(GenerateTest, IsExactlyAsLongAsAskedFor) {
  const int rate = geometry().codec.sample_rate;
  for (const bool loop : {false, true}) {
    for (const double seconds : {0.1, 0.37, 1.0, 2.5399, 3.3333, 6.01}) {
      const Clip clip = one(
          {.prompt = "p", .length = {.seconds = seconds}, .loop = loop, .sampling = quick(1, 1)});
      EXPECT_EQ(clip.sound.frames(), nearest(seconds * rate)) << seconds << " s, loop " << loop;
      EXPECT_EQ(clip.sound.sample_rate, rate);
      EXPECT_EQ(clip.loop, loop);
    }
    const Clip bars = one({.prompt = "p",
                           .length = {.bars = 2, .bpm = 173.4, .beats_per_bar = 3},
                           .loop = loop,
                           .sampling = quick(1, 1)});
    EXPECT_EQ(bars.sound.frames(), nearest(2 * 3 * 60 * 22050 / 173.4));
    EXPECT_EQ(bars.beats, 6);
    EXPECT_EQ(bars.maybe_bpm, 173.4);
  }
}

TEST_F(GenerateTest, IsOneWindowWhenNothingIsSaid) {
  const Clip clip = one({.prompt = "p", .sampling = quick(1, 1)});
  EXPECT_EQ(clip.sound.frames(), geometry().window_samples());
  EXPECT_EQ(clip.latents.size(-1), geometry().window);
  EXPECT_EQ(clip.picture.width, geometry().window * geometry().factor);
  EXPECT_EQ(clip.picture.height, geometry().codec.num_frequencies);
  EXPECT_FALSE(clip.maybe_bpm.has_value());
  const Clip loop = one({.prompt = "p", .loop = true, .sampling = quick(1, 1)});
  EXPECT_EQ(loop.sound.frames(), geometry().window * geometry().samples_per_column());
}

TEST_F(GenerateTest, ClipsOfOneRequestAreThoseOfTheirSeeds) {
  for (const double seconds : {1.5, 4.0}) {  // one window, several
    const GenerateRequest request{
        .prompt = "p", .length = {.seconds = seconds}, .count = 4, .sampling = quick(10)};
    for (const int64_t batch : {1, 3}) {
      GenerateRequest several = request;
      several.batch = batch;
      const std::vector<Clip> clips = generate(**model_, several);
      ASSERT_EQ(clips.size(), 4U);
      for (int64_t i = 0; i < 4; ++i) {
        GenerateRequest single = request;
        single.count = 1;
        single.sampling.seed = 10 + i;
        const Clip alone = one(single);
        const Clip& clip = clips[static_cast<size_t>(i)];
        EXPECT_LT(test::relative_error(clip.latents, alone.latents), 1e-5) << batch << ", " << i;
        if (batch == 1) {
          EXPECT_EQ(clip.sound.samples, alone.sound.samples);
        }
        EXPECT_EQ(clip.request.at("seed"), 10 + i);
      }
      EXPECT_GT(test::relative_error(clips[1].latents, clips[0].latents), 0.01);
    }
  }
}

TEST_F(GenerateTest, TheRecordInTheClipMakesItAgain) {
  const GenerateRequest request{.prompt = "0s: a piano; 2s: drums",
                                .length = {.bars = 2, .bpm = 110},
                                .count = 2,
                                .batch = 2,
                                .variation = 0.3,
                                .sampling = {.negative_prompt = "hiss",
                                             .seed = 4294967295,
                                             .scheduler = "euler_ancestral",
                                             .steps = 2,
                                             .guidance = 3,
                                             .decode_iterations = 4}};
  for (const Clip& clip : generate(**model_, request)) {
    Json record(clip.request);
    EXPECT_EQ(record.at("pipeline"), "generate");
    EXPECT_EQ(record.at("model"), (*model_)->name());
    record.erase("pipeline");
    record.erase("model");
    const std::vector<Clip> again = pipeline_entry("generate").run(**model_, record, {});
    ASSERT_EQ(again.size(), 1U);
    EXPECT_LT(test::relative_error(again[0].latents, clip.latents), 1e-5);
    EXPECT_EQ(again[0].request, clip.request);
  }
}

TEST_F(GenerateTest, AnOpenSeedIsChosenAndTold) {
  const Clip clip = one({.prompt = "p", .length = {.seconds = 0.5}, .sampling = quick(-1, 1)});
  const Clip other = one({.prompt = "p", .length = {.seconds = 0.5}, .sampling = quick(-1, 1)});
  EXPECT_GE(clip.request.at("seed"), 0);
  EXPECT_NE(clip.request.at("seed"), other.request.at("seed"));
}

TEST_F(GenerateTest, IsAsLoudAsAskedFor) {
  for (const double lufs : {-30.0, -20.0}) {
    const Clip clip =
        one({.prompt = "p", .length = {.seconds = 2}, .loudness = lufs, .sampling = quick(3)});
    EXPECT_NEAR(audio::measure_loudness(clip.sound).integrated_lufs, lufs, 0.5);
  }
}

TEST_F(GenerateTest, SaysWhatWasDoneForIt) {
  const auto notes = [](GenerateRequest request) { return one(request).notes; };
  EXPECT_TRUE(notes({.prompt = "p", .sampling = quick(1, 1)}).empty());
  EXPECT_TRUE(test::has_note(
      notes({.prompt = "p", .length = {.seconds = 4}, .sampling = quick(1, 1)}), "windows"));
  Sampling cached = quick(1, 4);
  cached.cache_interval = 2;
  EXPECT_TRUE(test::has_note(notes({.prompt = "p", .length = {.seconds = 1}, .sampling = cached}),
                             "every 2 steps"));
}

TEST_F(GenerateTest, PreviewsOnTheWay) {
  std::vector<int64_t> steps;
  RunContext context;
  context.preview_interval = 2;
  context.on_preview = [&](const Preview& preview) {
    steps.push_back(preview.step);
    EXPECT_EQ(preview.steps, 6);
    EXPECT_EQ(preview.picture.width, geometry().window * geometry().factor);
  };
  one({.prompt = "p", .sampling = quick(1, 6)}, context);
  EXPECT_EQ(steps, (std::vector<int64_t>{2, 4}));
  // As often as there are steps when the interval makes no sense.
  steps.clear();
  context.preview_interval = 0;
  one({.prompt = "p", .sampling = quick(1, 6)}, context);
  EXPECT_EQ(steps.size(), 5U);
}

TEST_F(GenerateTest, StopsWhereverItIs) {
  const GenerateRequest request{
      .prompt = "p", .length = {.seconds = 4}, .count = 2, .sampling = quick(1)};
  int64_t reports = 0;
  one({.prompt = "p", .length = {.seconds = 4}, .sampling = quick(1)},
      {.job = {{}, [&](const Progress&) { ++reports; }}});
  ASSERT_GT(reports, 6);
  for (int64_t at = 1; at <= reports; at += 3) {
    std::stop_source source;
    int64_t seen = 0;
    const Job job{source.get_token(), [&](const Progress&) {
                    if (++seen == at) source.request_stop();
                  }};
    EXPECT_RIFFLE_ERROR(generate(**model_, request, {.job = job}), ErrorCode::Cancelled, "");
  }
}

TEST_F(GenerateTest, RefusesWhatMakesNoSense) {
  Sampling unknown = quick(1);
  unknown.scheduler = "eulre";
  EXPECT_RIFFLE_ERROR(one({.prompt = "p", .sampling = unknown}), ErrorCode::NotFound, "eulre");
  EXPECT_RIFFLE_ERROR(one({.prompt = "p", .length = {.bars = 2}, .sampling = quick(1)}),
                      ErrorCode::InvalidArgument, "without a tempo");
  EXPECT_RIFFLE_ERROR(
      one({.prompt = "0s: a; 5s: b; 2s: c", .length = {.seconds = 1}, .sampling = quick(1)}),
      ErrorCode::InvalidArgument, "2s");
}

// The largest step from one sample to the next inside a loop's own run, at that share of the steps.
double step_quantile(const std::vector<float>& samples, double share) {
  std::vector<float> steps;
  for (size_t i = 1; i < samples.size(); ++i) {
    steps.push_back(std::abs(samples[i] - samples[i - 1]));
  }
  std::ranges::sort(steps);
  return steps[static_cast<size_t>(share * static_cast<double>(steps.size() - 1))];
}

TEST_F(GenerateTest, TwoChannelsAddUpToTheOne) {
  for (const bool loop : {false, true}) {
    GenerateRequest request{.prompt = "p", .loop = loop, .sampling = quick(1, 1)};
    const Clip mono = one(request);
    request.stereo = 0.6;
    const Clip wide = one(request);
    ASSERT_EQ(mono.sound.channels(), 1);
    ASSERT_EQ(wide.sound.channels(), 2);
    ASSERT_EQ(wide.sound.frames(), mono.sound.frames());
    std::vector<float> sum = wide.sound.samples[0];
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += wide.sound.samples[1][i];
    EXPECT_GT(audio::test::correlation(sum, mono.sound.samples[0]), 0.9999);
    EXPECT_LT(audio::test::correlation(wide.sound.samples[0], wide.sound.samples[1]), 0.7);
    EXPECT_FALSE(wide.latents.defined());
    EXPECT_EQ(wide.picture.rgb, mono.picture.rgb);
    EXPECT_EQ(wide.request.at("stereo"), 0.6);
  }
}

TEST_F(GenerateTest, LoopsCloseWithoutAClick) {
  for (const double seconds : {0.7, 2.5, 5.3}) {
    for (const double lufs : {-23.0, -8.0}) {  // untouched and pressed by the limiter
      const Clip clip = one({.prompt = "p",
                             .length = {.seconds = seconds},
                             .loop = true,
                             .loudness = lufs,
                             .sampling = quick(5)});
      const std::vector<float>& samples = clip.sound.samples.at(0);
      const double jump = std::abs(samples.front() - samples.back());
      EXPECT_LE(jump, step_quantile(samples, 0.999)) << seconds << " s at " << lufs;
      // The second difference sees a kink, too.
      const double kink = std::abs(samples[0] - 2 * samples.back() + samples[samples.size() - 2]);
      EXPECT_LE(kink, 2 * step_quantile(samples, 0.999)) << seconds << " s at " << lufs;
    }
  }
}

// A loop longer than a window knows no place where it begins: its latents are made of windows that
// go around, so columns next to each other across the end are as alike as those inside.
TEST_F(GenerateTest, LoopsAreAsSmoothAcrossTheEndAsInside) {
  for (const double seconds : {2.5, 6.0}) {
    const Clip clip =
        one({.prompt = "p", .length = {.seconds = seconds}, .loop = true, .sampling = quick(5, 4)});
    const at::Tensor next = clip.latents.roll(-1, -1);
    const at::Tensor steps = (next - clip.latents).square().sum(at::IntArrayRef{0, 1, 2});
    const double inside = steps.narrow(0, 0, steps.size(0) - 1).max().item<double>();
    EXPECT_LE(steps[-1].item<double>(), inside);
  }
}

}  // namespace
}  // namespace riffle::pipelines
