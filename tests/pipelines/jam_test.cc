// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/jam.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "pipelines/length.h"
#include "pipelines/seed_loop.h"
#include "pipelines/support.h"

namespace riffle::pipelines {
namespace {

using test::quick;
using test::rms;
using test::TinyModel;

JamSegmentOptions between(const Ground& ground, int64_t index, const JamTail* before) {
  JamSegmentOptions options;
  options.step.from = {"a", 1, 0.8};
  options.step.to = {"b", 1, 0.8};
  options.step.alpha = 0.25 * static_cast<double>(index);
  options.step.sampling = quick(1);
  options.step.steps_seed = static_cast<uint64_t>(index);
  options.begin = nearest(static_cast<double>(index) * ground.period);
  options.end = nearest(static_cast<double>(index + 1) * ground.period);
  options.before = before;
  return options;
}

TEST(Jam, SegmentsFollowEachOtherWithoutGapOrClick) {
  TinyModel model;
  const JamGround ground = jam_ground(*model, {.loop = "og_beat", .bpm = 180}, {});
  EXPECT_EQ(ground.bpm, 180);
  EXPECT_EQ(ground.beats % 4, 0);
  EXPECT_LE(ground.ground.period, model->geometry().window_samples());
  std::vector<float> all;
  JamTail tail;
  int64_t at = 0;
  std::vector<size_t> joints;
  for (int64_t i = 0; i < 4; ++i) {
    JamSegmentOptions options = between(ground.ground, i, i == 0 ? nullptr : &tail);
    options.last = i == 3;
    JamSegment made = make_jam_segment(*model, ground, options, {});
    EXPECT_EQ(made.start, at);
    at += made.sound.frames();
    joints.push_back(all.size());
    all.insert(all.end(), made.sound.samples[0].begin(), made.sound.samples[0].end());
    tail = std::move(made.tail);
  }
  EXPECT_EQ(at, nearest(4 * ground.ground.period));
  double largest = 0;
  for (size_t i = 1; i < all.size(); ++i) {
    largest = std::max(largest, std::abs(double{all[i]} - double{all[i - 1]}));
  }
  const auto fade = static_cast<int64_t>(jam_fade(model->geometry()));
  for (size_t i = 1; i < joints.size(); ++i) {
    const size_t joint = joints[i];
    EXPECT_LT(std::abs(double{all[joint]} - double{all[joint - 1]}), largest);
    // The power across the fade is that of what lies around it, within 6 dB.
    const auto from = static_cast<int64_t>(joint);
    const double across = rms(all, from, from + fade);
    const double around = rms(all, from - 4 * fade, from + 5 * fade);
    EXPECT_NEAR(test::decibels(across / around), 0, 6) << i;
  }
}

TEST(Jam, TheSameTailAndStepGiveTheSameSegment) {
  TinyModel model;
  const JamGround ground = jam_ground(*model, {.bpm = 120}, {});
  const JamSegment first = make_jam_segment(*model, ground, between(ground.ground, 0, nullptr), {});
  const JamSegmentOptions options = between(ground.ground, 1, &first.tail);
  const JamSegment once = make_jam_segment(*model, ground, options, {});
  const JamSegment again = make_jam_segment(*model, ground, options, {});
  EXPECT_EQ(once.sound.samples, again.sound.samples);
}

TEST(Jam, ARecordingOfKnownTempoIsBroughtToTheWantedOne) {
  TinyModel model;
  const int rate = model->geometry().codec.sample_rate;
  const std::string file = model.sound_file("loop.wav", test::melody(rate * 2, rate));
  const JamGround own = jam_ground(*model, {.file = file, .file_bpm = 240, .beats_per_bar = 2}, {});
  EXPECT_EQ(own.bpm, 240);
  EXPECT_NEAR(own.ground.period, static_cast<double>(own.beats) * 60 * rate / 240, 1);
  const JamGround slow =
      jam_ground(*model, {.file = file, .file_bpm = 240, .bpm = 200, .beats_per_bar = 2}, {});
  EXPECT_NEAR(slow.ground.period, static_cast<double>(slow.beats) * 60 * rate / 200, 1);
  EXPECT_EQ(slow.ground.latents.size(-1), slow.ground.columns);
  const JamGround unknown = jam_ground(*model, {.file = file, .bpm = 200}, {});
  EXPECT_TRUE(test::has_note(unknown.notes, "not known"));
}

TEST(Jam, StopsWithinAStep) {
  TinyModel model;
  const JamGround ground = jam_ground(*model, {.bpm = 120}, {});
  std::stop_source stop;
  stop.request_stop();
  RunContext context;
  context.job.stop = stop.get_token();
  EXPECT_RIFFLE_ERROR(make_jam_segment(*model, ground, between(ground.ground, 0, nullptr), context),
                      ErrorCode::Cancelled, "");
}

TEST(SeedLoop, IsAsLongAsItsBeatsAndTheSameEveryTime) {
  for (const SeedLoop& loop : seed_loops()) {
    const audio::Waveform once = play_seed_loop(loop, 8, 50'001, 22050);
    EXPECT_EQ(once.frames(), 50'001) << loop.id;
    EXPECT_EQ(once.samples, play_seed_loop(loop, 8, 50'001, 22050).samples) << loop.id;
    EXPECT_GT(rms(once.samples[0]), 0.02) << loop.id;
  }
  EXPECT_EQ(loop_beats(120, 4, 5), 8);
  EXPECT_EQ(loop_beats(120, 4, 1), 4);
  EXPECT_EQ(loop_beats(60, 3, 12), 12);
  EXPECT_RIFFLE_ERROR(seed_loop("nothing"), ErrorCode::NotFound, "nothing");
  try {
    seed_loop("nothing");
  } catch (const Error& e) {
    EXPECT_NE(e.hint().find("og_beat"), std::string::npos) << e.hint();
  }
}

}  // namespace
}  // namespace riffle::pipelines
