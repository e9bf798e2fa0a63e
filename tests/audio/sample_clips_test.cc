// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/sample_clips.h"

#include <gtest/gtest.h>

#include <set>

#include "audio/audio_reader.h"
#include "audio/downmix.h"
#include "audio/read_audio.h"
#include "audio/test_signals.h"
#include "core/error.h"
#include "support/test_files.h"

namespace riffle::audio {
namespace {

using riffle::test::TemporaryFolder;

// The numbers are numpy 1.24's RandomState(seed).randint(0, high).
TEST(NumpyRandom, DrawsWhatNumpyDraws) {
  struct Case {
    uint32_t seed;
    int64_t high;
    std::vector<int64_t> draws;
  };
  for (const Case& c : {Case{42, 110000, {15795, 860, 103694, 76820, 54886}},
                        Case{0, 1000, {684, 559, 629, 192, 835, 763}},
                        Case{123456789, 65536, {48824, 11932, 11570, 6105, 4442}},
                        Case{4294967295, 7, {3, 2, 4, 4, 0, 6, 2, 1, 0, 3}},
                        Case{7, int64_t{1} << 31, {327741615, 976413892, 1202242073, 1369975286}},
                        Case{7, int64_t{1} << 32, {327741615, 976413892, 3349725721, 1369975286}},
                        Case{5, 1, {0, 0, 0}}}) {
    NumpyRandom random(c.seed);
    for (const int64_t draw : c.draws) EXPECT_EQ(random.below(c.high), draw) << c.seed;
  }
  NumpyRandom random(5);
  random.below(1);  // takes no word
  EXPECT_EQ(random.below(100), 99);
  EXPECT_RIFFLE_ERROR(random.below(0), ErrorCode::InvalidArgument, "below 0");
}

// The three clips Riffusion publishes, from a song of about 115 s: names, starts, lengths.
TEST(PlanClips, ReproducesThePublishedClips) {
  const auto plan =
      plan_clips(int64_t{44100} * 115, 44100, {.clips = 3, .duration_ms = 5678, .maybe_seed = 42});
  ASSERT_EQ(plan.size(), 3u);
  EXPECT_EQ(plan[0].file_name, "clip_0_start_15795_ms_duration_5678_ms.wav");
  EXPECT_EQ(plan[1].file_name, "clip_1_start_860_ms_duration_5678_ms.wav");
  EXPECT_EQ(plan[2].file_name, "clip_2_start_103694_ms_duration_5678_ms.wav");
  EXPECT_EQ(plan[0].start_ms, 15795);
  EXPECT_EQ(plan[0].start_frame, 696559);
  EXPECT_EQ(plan[0].frames, 250400);
  for (const ClipPlan& clip : plan) {
    EXPECT_TRUE(clip.frames == 250400 || clip.frames == 250399) << clip.frames;
  }
}

TEST(PlanClips, LengthsOfThePublishedFiles) {
  RIFFLE_REFERENCE_OR_SKIP(first, "spectrogram/clip_1.wav");
  RIFFLE_REFERENCE_OR_SKIP(second, "spectrogram/clip_2.wav");
  const auto plan =
      plan_clips(int64_t{44100} * 115, 44100, {.clips = 3, .duration_ms = 5678, .maybe_seed = 42});
  EXPECT_EQ(AudioReader(first).info().frames, plan[1].frames);
  EXPECT_EQ(AudioReader(second).info().frames, plan[2].frames);
}

TEST(PlanClips, BatchNamesAndOtherExtensions) {
  const auto plan = plan_clips(
      441000, 44100, {.duration_ms = 1000, .maybe_seed = 1, .extension = "mp3", .stem = "my song"});
  EXPECT_EQ(plan[0].file_name,
            "my song_0_start_" + std::to_string(plan[0].start_ms) + "_ms_dur_1000_ms.mp3");
}

TEST(PlanClips, BoundsAndFreshSeeds) {
  std::set<int64_t> starts;
  for (int i = 0; i < 20; ++i) {
    const auto plan = plan_clips(480000, 48000, {.clips = 50, .duration_ms = 9000});
    starts.insert(plan[0].start_ms);
    for (const ClipPlan& clip : plan) {
      EXPECT_GE(clip.start_ms, 0);
      EXPECT_LT(clip.start_ms, 1000);
      EXPECT_LE(clip.start_frame + clip.frames, 480000);
      EXPECT_EQ(clip.frames, 432000);
    }
  }
  EXPECT_GT(starts.size(), 5u);
  EXPECT_EQ(plan_clips(48000, 48000, {.duration_ms = 1000})[0].start_ms, 0);
  EXPECT_RIFFLE_ERROR(plan_clips(47975, 48000, {.duration_ms = 1000}), ErrorCode::InvalidArgument,
                      "999 ms long");
  EXPECT_RIFFLE_ERROR(plan_clips(48000, 48000, {.clips = 0}), ErrorCode::InvalidArgument,
                      "0 clips");
  EXPECT_RIFFLE_ERROR(plan_clips(48000, 48000, {.duration_ms = 0}), ErrorCode::InvalidArgument,
                      "of 0 ms");
}

// Overlapping clips, clips far apart, a clip that begins with the file and one that ends with it.
TEST(CutClips, EveryClipIsItsPartOfTheFile) {
  TemporaryFolder folder;
  for (const char* name : {"song.wav", "song.mp3"}) {
    write_audio(folder / name, test::tones(2, 900000, 44100));
    const Waveform whole = read_audio(folder / name);
    const std::vector<ClipPlan> plan = {{0, 700000, 100000, "late.wav"},
                                        {0, 0, 50000, "begin.wav"},
                                        {0, 40000, 90000, "overlap.wav"},
                                        {0, 40000, 10, "short.wav"},
                                        {0, 880000, 20000, "end.wav"}};
    CutClipsOptions options;
    options.writer.maybe_sample_type = SampleType::Float32;
    options.writer.tags = {{"title", "a clip"}};
    const auto paths = cut_clips(folder / name, folder.path(), plan, options);
    ASSERT_EQ(paths.size(), plan.size());
    for (size_t i = 0; i < plan.size(); ++i) {
      EXPECT_EQ(paths[i], folder / plan[i].file_name);
      AudioReader reader(paths[i]);
      EXPECT_EQ(reader.info().tags, (Tags{{"title", "a clip"}}));
      const Waveform clip = read_audio(reader);
      ASSERT_EQ(clip.channels(), 2);
      const auto begin = whole.samples[1].begin() + plan[i].start_frame;
      EXPECT_EQ(clip.samples[1], std::vector<float>(begin, begin + plan[i].frames))
          << name << ", " << plan[i].file_name;
    }
  }
}

TEST(CutClips, MonoAndSilenceBeyondTheEnd) {
  TemporaryFolder folder;
  write_audio(folder / "song.wav", test::tones(2, 100000, 44100));
  const Waveform whole = read_audio(folder / "song.wav");
  CutClipsOptions options;
  options.mono = true;
  options.writer.maybe_sample_type = SampleType::Float32;
  cut_clips(folder / "song.wav", folder.path(), {{0, 99000, 150000, "a.wav"}}, options);
  const Waveform clip = read_audio(folder / "a.wav");
  ASSERT_EQ(clip.channels(), 1);
  ASSERT_EQ(clip.frames(), 150000);
  const auto mono = mix_channels(whole, kUnknownLayout, 1).samples[0];
  EXPECT_TRUE(std::equal(mono.begin() + 99000, mono.end(), clip.samples[0].begin()));
  EXPECT_EQ(test::peak({clip.samples[0].begin() + 1000, clip.samples[0].end()}), 0.0F);
}

TEST(CutClips, CancellingLeavesWholeClipsOnly) {
  TemporaryFolder folder;
  write_audio(folder / "song.wav", test::tones(1, 400000, 44100));
  std::stop_source stop;
  const Job job{stop.get_token(), [&](const Progress& progress) {
                  EXPECT_EQ(progress.total, 2);
                  if (progress.done == 1) stop.request_stop();
                }};
  EXPECT_RIFFLE_ERROR(cut_clips(folder / "song.wav", folder.path(),
                                {{0, 0, 1000, "a.wav"}, {0, 0, 390000, "b.wav"}}, {}, job),
                      ErrorCode::Cancelled, "cancelled");
  EXPECT_EQ(AudioReader(folder / "a.wav").info().frames, 1000);
  EXPECT_FALSE(std::filesystem::exists(folder / "b.wav"));
}

}  // namespace
}  // namespace riffle::audio
