// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/audio_info.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audio/audio_writer.h"
#include "audio/test_signals.h"
#include "core/error.h"
#include "core/files.h"
#include "support/test_files.h"

namespace riffle::audio {
namespace {

using riffle::test::TemporaryFolder;

TEST(InspectAudio, SaysWhatIsInTheFile) {
  TemporaryFolder folder;
  const auto channel = test::sine(300000, 1000, 48000, 0.0707946);  // -23 dBFS
  write_audio(folder / "a.flac", {48000, {channel, channel}},
              {.maybe_sample_type = SampleType::Int16, .tags = {{"artist", "x"}}});
  const AudioInfo info = inspect_audio(folder / "a.flac");
  EXPECT_EQ(info.file.sample_rate, 48000);
  EXPECT_EQ(info.file.channels, 2);
  EXPECT_EQ(info.file.frames, 300000);
  EXPECT_EQ(info.duration_s, 6.25);
  EXPECT_EQ(info.file.codec, "flac");
  EXPECT_EQ(info.file.bits_per_sample, 16);
  EXPECT_EQ(info.file.tags, (Tags{{"artist", "x"}}));
  EXPECT_NEAR(info.loudness.integrated_lufs, -23, 0.1);
  EXPECT_NEAR(info.loudness.sample_peak_dbfs, -23, 0.05);
  EXPECT_FALSE(info.truncated);
  EXPECT_THAT(info.notes, ::testing::IsEmpty());
}

TEST(InspectAudio, CountsWhatTheFileOnlyEstimates) {
  TemporaryFolder folder;
  write_audio(folder / "a.mp3", test::tones(1, 123456, 44100));
  const AudioInfo info = inspect_audio(folder / "a.mp3");
  EXPECT_EQ(info.file.frames, 123456);
  EXPECT_EQ(info.file.bits_per_sample, 0);
}

TEST(InspectAudio, TellsOfDamageAndCanBeStopped) {
  TemporaryFolder folder;
  write_audio(folder / "a.wav", test::tones(1, 300000, 44100));
  const std::string whole = read_text_file(folder / "a.wav", 1 << 24);
  write_text_file(folder / "b.wav", whole.substr(0, whole.size() / 2));
  const AudioInfo info = inspect_audio(folder / "b.wav");
  EXPECT_TRUE(info.truncated);
  EXPECT_FALSE(info.notes.empty());

  std::stop_source stop;
  const Job job{stop.get_token(), [&](const Progress&) { stop.request_stop(); }};
  EXPECT_RIFFLE_ERROR(inspect_audio(folder / "a.wav", job), ErrorCode::Cancelled, "cancelled");
}

}  // namespace
}  // namespace riffle::audio
