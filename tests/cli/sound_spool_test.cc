// SPDX-License-Identifier: GPL-3.0-or-later
// The spool, and the writing of what is in it.
#include "cli/sound_spool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "audio/format_limits.h"
#include "audio/read_audio.h"
#include "cli/write_sound.h"
#include "core/error.h"
#include "support/test_files.h"

namespace riffle::cli {
namespace {

using ::testing::HasSubstr;

// A tone that grows louder, left and an octave higher right.
audio::Waveform make_sound(int64_t frames) {
  audio::Waveform sound{44100, std::vector<std::vector<float>>(2)};
  for (int64_t i = 0; i < frames; ++i) {
    const double loud = 0.1 + 0.4 * static_cast<double>(i) / static_cast<double>(frames);
    const double phase = 2 * std::numbers::pi * 220 * static_cast<double>(i) / 44100;
    sound.samples[0].push_back(static_cast<float>(loud * std::sin(phase)));
    sound.samples[1].push_back(static_cast<float>(loud * std::sin(2 * phase)));
  }
  return sound;
}

audio::Waveform part(const audio::Waveform& sound, int64_t from, int64_t to) {
  audio::Waveform out{sound.sample_rate, {}};
  for (const auto& channel : sound.samples) {
    out.samples.emplace_back(channel.begin() + from, channel.begin() + to);
  }
  return out;
}

SoundSpool spool_of(const audio::Waveform& sound, const std::filesystem::path& folder,
                    int64_t max_samples) {
  SoundSpool spool(sound.channels(), sound.sample_rate, folder, max_samples);
  for (int64_t at = 0; at < sound.frames(); at += 30000) {
    spool.add(part(sound, at, std::min(at + 30000, sound.frames())));
  }
  return spool;
}

TEST(SoundSpool, GivesBackWhatItWasGivenFromMemoryAndFromAFile) {
  test::TemporaryFolder folder;
  const audio::Waveform sound = make_sound(200000);
  for (const int64_t max_samples : {1000000, 250000, 0}) {
    const SoundSpool spool = spool_of(sound, folder.path(), max_samples);
    EXPECT_EQ(spool.in_memory(), max_samples == 1000000);
    EXPECT_EQ(spool.frames(), 200000);
    for (int round = 0; round < 2; ++round) {
      std::vector<std::vector<float>> heard(2);
      spool.replay([&](const audio::Waveform& block) {
        if (!spool.in_memory()) {
          EXPECT_LE(block.frames(), audio::kBlockFrames);
        }
        for (size_t c = 0; c < 2; ++c) {
          heard[c].insert(heard[c].end(), block.samples[c].begin(), block.samples[c].end());
        }
      });
      EXPECT_TRUE(heard == sound.samples);
    }
    EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "the file has no name";
  }
}

TEST(SoundSpool, FolderThatIsNotThereIsAnError) {
  EXPECT_RIFFLE_ERROR(spool_of(make_sound(100), "/no/folder", 0), ErrorCode::Io, "/no/folder");
}

TEST(WriteSound, StreamAgreesWithTheWhole) {
  test::TemporaryFolder folder;
  const audio::Waveform sound = make_sound(200000);
  WriteSoundOptions options;
  options.maybe_target_lufs = -30;
  options.writer.maybe_sample_type = audio::SampleType::Float32;
  SoundSpool in_memory = spool_of(sound, folder.path(), 1000000);
  SoundSpool in_file = spool_of(sound, folder.path(), 0);
  const WrittenSound whole = write_sound(folder / "whole.wav", in_memory, options, {});
  const WrittenSound stream = write_sound(folder / "stream.wav", in_file, options, {});
  EXPECT_EQ(stream.frames, 200000);
  EXPECT_EQ(whole.frames, 200000);
  EXPECT_NEAR(stream.loudness.integrated_lufs, -30, 0.1);
  EXPECT_NEAR(stream.gain_db, whole.gain_db, 1e-6);
  EXPECT_FALSE(stream.limited);
  // The same gain on the same samples, in single precision.
  const auto a = audio::read_audio(folder / "whole.wav");
  const auto b = audio::read_audio(folder / "stream.wav");
  for (size_t c = 0; c < 2; ++c) {
    ASSERT_EQ(a.samples[c].size(), b.samples[c].size());
    for (size_t i = 0; i < a.samples[c].size(); ++i) {
      ASSERT_NEAR(a.samples[c][i], b.samples[c][i], 1e-6);
    }
  }
}

TEST(WriteSound, PeaksAreHeldNotClipped) {
  test::TemporaryFolder folder;
  audio::Waveform loud = make_sound(100000);
  for (auto& channel : loud.samples) {
    for (float& x : channel) x *= 4;
  }
  for (const int64_t max_samples : {1000000, 0}) {
    SoundSpool spool = spool_of(loud, folder.path(), max_samples);
    const WrittenSound written = write_sound(folder / "a.wav", spool, {}, {});
    EXPECT_TRUE(written.limited);
    EXPECT_LE(written.loudness.true_peak_dbtp, 0.1);  // what the limiter promises
    EXPECT_GE(written.loudness.true_peak_dbtp, -3);
  }
}

TEST(WriteSound, WhatCannotBeWrittenIsToldBeforehand) {
  test::TemporaryFolder folder;
  EXPECT_NO_THROW(require_writable_sound(folder / "A.FLAC"));
  EXPECT_RIFFLE_ERROR(require_writable_sound(folder / "a.png"), ErrorCode::Unsupported, "a.png");
  EXPECT_RIFFLE_ERROR(require_writable_sound(folder / "no/a.wav"), ErrorCode::Io, "no folder");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace riffle::cli
