// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/prompt_schedule.h"

#include <ATen/Functions.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "pipelines/sampling.h"
#include "support.h"

namespace riffle::pipelines {
namespace {

std::vector<TimedPrompt> parse(std::string_view text) {
  return parse_prompt_schedule(text, {.bpm = 120}, 1000);
}

void expect_plain(const char* text) {
  const auto prompts = parse(text);
  ASSERT_EQ(prompts.size(), 1U) << text;
  EXPECT_EQ(prompts[0].start, 0);
  EXPECT_EQ(prompts[0].text, text);
}

TEST(PromptSchedule, ReadsPromptsOverTime) {
  const auto prompts = parse(" 0s: lo-fi piano ; 20s: add drums; 1m30s: a (solo:1.3) : loud;; ");
  ASSERT_EQ(prompts.size(), 3U);
  EXPECT_EQ(prompts[0].start, 0);
  EXPECT_EQ(prompts[0].text, "lo-fi piano");
  EXPECT_EQ(prompts[1].start, 20'000);
  EXPECT_EQ(prompts[1].text, "add drums");
  EXPECT_EQ(prompts[2].start, 90'000);
  EXPECT_EQ(prompts[2].text, "a (solo:1.3) : loud");
}

TEST(PromptSchedule, ReadsBarsAndBareZero) {
  const auto prompts = parse("0: piano; 8 bars: drums; 20: bass");
  ASSERT_EQ(prompts.size(), 3U);
  EXPECT_EQ(prompts[1].start, 16'000);
  EXPECT_EQ(prompts[2].start, 20'000);
}

TEST(PromptSchedule, TheFirstPromptHoldsFromTheBeginning) {
  const auto prompts = parse("5s: piano; 10s: drums");
  ASSERT_EQ(prompts.size(), 2U);
  EXPECT_EQ(prompts[0].start, 0);
  EXPECT_EQ(prompts[0].text, "piano");
}

TEST(PromptSchedule, LeavesPlainPromptsAlone) {
  for (const char* text :
       {"piano: slow; drums: fast", "a (loud:1.5) band", "808 drums: deep", "12 bar blues",
        "4/4 beat: steady", "7 mm film: score", "", "jazz; soul", "3 guitars; 2 basses: funk"}) {
    expect_plain(text);
  }
}

// What begins like a time is none of a schedule unless the piece begins there or more times follow.
TEST(PromptSchedule, TakesDecadesAndNumbersForWords) {
  for (const char* text : {"80s: synth pop", "70s: disco; strings and bass", "808: kick drums",
                           "4:4 beat", "120: techno"}) {
    expect_plain(text);
  }
}

TEST(PromptSchedule, RefusesWhatIsOutOfOrderOrHasNoTime) {
  EXPECT_RIFFLE_ERROR(parse("0s: piano; drums"), ErrorCode::InvalidArgument,
                      "\"drums\" does not begin with a time");
  EXPECT_RIFFLE_ERROR(parse("0s: piano; 20s: drums; 20s: bass"), ErrorCode::InvalidArgument,
                      "20s does not come after");
  EXPECT_RIFFLE_ERROR(parse("0s: piano; 20s: drums; 10s: bass"), ErrorCode::InvalidArgument,
                      "10s does not come after");
  EXPECT_RIFFLE_ERROR(parse_prompt_schedule("0s: a; 8 bars: b", {}, 1000),
                      ErrorCode::InvalidArgument, "without a tempo");
}

class SteerTest : public testing::Test {
 protected:
  SteeredWindows steered(const std::string& text, int64_t columns) {
    const Geometry& g = (*model_).geometry();
    const auto prompts = parse_prompt_schedule(text, {}, g.codec.sample_rate);
    return steer(*model_, prompts, "", plan(columns), {}, {});
  }
  diffusion::WindowPlan plan(int64_t columns) {
    return {columns, sample_options({}, (*model_).geometry(), false).windows};
  }
  at::Tensor tokens(const std::string& text) {
    const std::vector<std::string> texts = {text, ""};
    return (*model_).conditioner().condition(texts).conditioning.tokens.narrow(0, 0, 1);
  }
  test::TinyModel model_;
};

TEST_F(SteerTest, GoesFromOnePromptToTheNextAroundItsTime) {
  const Geometry& g = (*model_).geometry();
  const int64_t columns = 8 * g.window;
  const diffusion::WindowPlan windows = plan(columns);
  const double half_s = static_cast<double>(columns * g.samples_per_column()) / 2 /
                        static_cast<double>(g.codec.sample_rate);
  const SteeredWindows steered_windows =
      steered(fmt::format("0s: piano; {:.6f}s: drums", half_s), columns);
  ASSERT_EQ(static_cast<int64_t>(steered_windows.prompts.size()), windows.count());
  const at::Tensor piano = tokens("piano");
  const at::Tensor drums = tokens("drums");
  const at::Tensor way = drums - piano;
  double before = 0;
  for (const auto& prompt : steered_windows.prompts) {
    const at::Tensor gone = prompt.positive.tokens - piano;
    const double share = (gone * way).sum().item<double>() / way.square().sum().item<double>();
    EXPECT_LT((gone - share * way).abs().max().item<double>(), 1e-4);  // on the straight line
    EXPECT_GE(share, before - 1e-5);
    before = share;
  }
  EXPECT_TRUE(at::allclose(steered_windows.prompts.front().positive.tokens, piano, 1e-5, 1e-5));
  EXPECT_TRUE(at::allclose(steered_windows.prompts.back().positive.tokens, drums, 1e-5, 1e-5));
}

TEST_F(SteerTest, SaysWhenAPromptIsNotHeard) {
  const int64_t window = (*model_).geometry().window;
  const SteeredWindows one = steered("0s: piano; 1s: drums", window);
  EXPECT_EQ(one.prompts.size(), 1U);
  ASSERT_EQ(one.notes.size(), 1U);
  EXPECT_NE(one.notes[0].find("only the first prompt"), std::string::npos);
  const SteeredWindows beyond = steered("0s: piano; 600s: drums", 3 * window);
  ASSERT_EQ(beyond.notes.size(), 1U);
  EXPECT_NE(beyond.notes[0].find("\"drums\""), std::string::npos);
  EXPECT_TRUE(steered("0s: piano; 1s: drums", 3 * window).notes.empty());
}

}  // namespace
}  // namespace riffle::pipelines
