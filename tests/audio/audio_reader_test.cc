// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/audio_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "audio/audio_writer.h"
#include "audio/downmix.h"
#include "audio/read_audio.h"
#include "audio/resample.h"
#include "audio/test_signals.h"
#include "audio/wav_bytes.h"
#include "core/error.h"
#include "core/files.h"
#include "support/test_files.h"

namespace riffle::audio {
namespace {

using riffle::test::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<float> part(const std::vector<float>& samples, int64_t begin, int64_t frames) {
  return {samples.begin() + begin, samples.begin() + begin + frames};
}

// The published recordings decode to 441 * (512 - 1) frames each, as the ffmpeg program does.
TEST(AudioReader, PublishedMp3FilesHaveTheirExactLength) {
  for (const char* name : {"spectrogram/funky_sax.mp3", "spectrogram/hand_drawn.mp3"}) {
    RIFFLE_REFERENCE_OR_SKIP(path, name);
    AudioReader reader(path);
    EXPECT_EQ(read_audio(reader).frames(), 225351) << name;
    EXPECT_THAT(reader.notes(), IsEmpty());
    EXPECT_EQ(reader.info().sample_rate, 44100);
  }
}

TEST(AudioReader, ReferenceWavFiles) {
  RIFFLE_REFERENCE_OR_SKIP(path, "spectrogram/clip_2.wav");
  AudioReader reader(path);
  EXPECT_EQ(reader.info().codec, "pcm_s16le");
  EXPECT_EQ(reader.info().channels, 2);
  EXPECT_TRUE(reader.info().frames_exact);
  EXPECT_EQ(reader.info().frames, read_audio(reader).frames());
}

TEST(AudioReader, BlocksAreTheWhole) {
  TemporaryFolder folder;
  for (const char* name : {"a.wav", "a.mp3", "a.m4a"}) {
    write_audio(folder / name, test::tones(2, 70000, 44100));
    const Waveform whole = read_audio(folder / name);
    AudioReader reader(folder / name);
    int64_t at = 0;
    for (int64_t size = 1;; size = size * 5 % 7919 + 1) {
      const Waveform block = reader.read(size);
      if (block.frames() < size) {
        EXPECT_EQ(at + block.frames(), 70000) << name;
        EXPECT_EQ(reader.read(size).frames(), 0);
        break;
      }
      ASSERT_EQ(block.samples[1], part(whole.samples[1], at, size)) << name << " at " << at;
      at += size;
      EXPECT_EQ(reader.position(), at);
    }
  }
}

// Skipping must land on the very frame, searched for (wav, flac) or decoded up to (the rest).
TEST(AudioReader, SkippingEqualsReading) {
  TemporaryFolder folder;
  for (const char* name : {"a.wav", "b.wav", "a.flac", "a.mp3", "a.ogg", "a.m4a"}) {
    AudioWriterOptions options;
    if (name[0] == 'b') options.maybe_sample_type = SampleType::Float32;
    write_audio(folder / name, test::tones(2, 700000, 44100), options);
    const Waveform whole = read_audio(folder / name);
    AudioReader reader(folder / name);
    int64_t at = 0;
    for (const int64_t skip :
         {int64_t{0}, int64_t{7}, int64_t{200003}, int64_t{1}, int64_t{300000}}) {
      EXPECT_EQ(reader.skip(skip), skip);
      at += skip;
      ASSERT_EQ(reader.position(), at);
      ASSERT_EQ(reader.read(1001).samples[1], part(whole.samples[1], at, 1001))
          << name << " at " << at;
      at += 1001;
    }
    EXPECT_EQ(reader.skip(1 << 30), 700000 - at) << name;
    EXPECT_EQ(reader.read(1).frames(), 0);
    EXPECT_THAT(reader.notes(), IsEmpty());
  }
}

TEST(AudioReader, MemoryEqualsFile) {
  TemporaryFolder folder;
  for (const char* name : {"a.wav", "a.mp3", "a.opus", "a.m4a"}) {
    write_audio(folder / name, {48000, test::tones(2, 30000, 48000).samples});
    AudioReader memory(riffle::read_file(folder / name, 1 << 24), "upload");
    EXPECT_EQ(read_audio(memory).samples, read_audio(folder / name).samples) << name;
  }
  EXPECT_RIFFLE_ERROR(AudioReader({1, 2, 3}, "upload"), ErrorCode::BadFile, "upload");
}

TEST(AudioReader, SampleFormatsOfWav) {
  struct Case {
    uint16_t format;
    uint16_t bits;
    std::string data;
    std::vector<float> expected;
  };
  const std::vector<float> floats = {0.25F, -1.0F, 3.5F};
  for (const Case& c :
       {Case{1, 8, std::string("\x00\x80\xC0", 3), {-1.0F, 0.0F, 0.5F}},
        Case{1, 16, test::bytes_of<int16_t>({-32768, 1, 16384}), {-1.0F, 1 / 32768.0F, 0.5F}},
        Case{1,
             24,
             std::string("\x00\x00\x80\x01\x00\x00\x00\x00\x40", 9),
             {-1.0F, 1 / 8388608.0F, 0.5F}},
        Case{1, 32, test::bytes_of<int32_t>({INT32_MIN, 1 << 30, 0}), {-1.0F, 0.5F, 0.0F}},
        Case{3, 32, test::bytes_of(floats), floats},
        Case{3, 64, test::bytes_of<double>({0.25, -1.0, 3.5}), floats}}) {
    const std::string wav = test::wav_bytes({.format = c.format, .bits = c.bits}, c.data);
    AudioReader reader({wav.begin(), wav.end()}, "x.wav");
    EXPECT_EQ(reader.info().bits_per_sample, c.bits);
    EXPECT_EQ(reader.read(10).samples[0], c.expected) << c.bits;
  }
}

TEST(AudioReader, UnusableNumbersBecomeZeroAndAreCounted) {
  const float nan = std::nanf("");
  const float infinity = std::numeric_limits<float>::infinity();
  const std::string wav = test::wav_bytes(
      {.format = 3, .bits = 32}, test::bytes_of<float>({0.5F, nan, -infinity, 2e9F, 9e8F}));
  AudioReader reader({wav.begin(), wav.end()}, "x.wav");
  EXPECT_EQ(read_audio(reader).samples[0], (std::vector<float>{0.5F, 0, 0, 0, 9e8F}));
  EXPECT_EQ(reader.unusable_samples(), 3);
  ASSERT_EQ(reader.notes().size(), 1u);
  EXPECT_THAT(reader.notes()[0], HasSubstr("3 samples"));
}

// Two mp3 streams in one file: what follows is converted to the first one's rate and channels.
TEST(AudioReader, FormatChangesOnTheWay) {
  TemporaryFolder folder;
  for (const char* ending : {".mp3", ".ogg"}) {
    const std::string first = std::string("a") + ending;
    const std::string second = std::string("b") + ending;
    write_audio(folder / first, test::tones(2, 88200, 44100));
    write_audio(folder / second, test::tones(1, 96000, 48000));
    write_text_file(
        folder / (std::string("c") + ending),
        read_text_file(folder / first, 1 << 24) + read_text_file(folder / second, 1 << 24));
    AudioReader reader(folder / (std::string("c") + ending));
    const Waveform read = read_audio(reader);
    EXPECT_EQ(read.channels(), 2);
    EXPECT_EQ(read.sample_rate, 44100);
    // Two seconds and two seconds; the joint may cost or gain a few codec frames.
    EXPECT_NEAR(static_cast<double>(read.frames()), 4 * 44100, 5000) << ending;
    ASSERT_FALSE(reader.notes().empty());
    EXPECT_THAT(reader.notes()[0], HasSubstr("1 channels at 48000 Hz")) << ending;
    // The mono part is 300 Hz, in both channels.
    const auto left = part(read.samples[0], 140000, 20000);
    EXPECT_EQ(left, part(read.samples[1], 140000, 20000));
    double best = 0;
    for (const double phase : {0.0, 0.5, 1.0, 1.5}) {
      auto reference = test::sine(30000, 300, 44100);
      const auto shift = static_cast<int64_t>(phase * 44100 / 300 / 2);
      best = std::max(best, std::abs(test::correlation(left, part(reference, shift, 20000))));
    }
    EXPECT_GT(best, 0.7) << ending;  // at most an eighth of a period off: cos(pi / 4)
  }
}

TEST(AudioReader, CoverPicturesAreNoSound) {
  TemporaryFolder folder;
  write_audio(folder / "a.mp3", test::tones(1, 44100, 44100));
  // An 1 x 1 PNG picture in an APIC frame of an ID3v2.3 tag.
  const std::array<unsigned char, 67> png = {
      0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0x00, 0x00, 0x00, 0x0D, 0x49, 0x48,
      0x44, 0x52, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x00, 0x00,
      0x00, 0x3A, 0x7E, 0x9B, 0x55, 0x00, 0x00, 0x00, 0x0A, 0x49, 0x44, 0x41, 0x54, 0x78,
      0x9C, 0x63, 0x60, 0x00, 0x00, 0x00, 0x02, 0x00, 0x01, 0x48, 0xAF, 0xA4, 0x71, 0x00,
      0x00, 0x00, 0x00, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82};
  std::string body = std::string("\0image/png\0\3\0", 13) + std::string(png.begin(), png.end());
  const auto size = static_cast<char>(body.size());
  std::string tag = std::string("ID3\3\0\0\0\0\0", 9) + static_cast<char>(size + 10) + "APIC" +
                    std::string("\0\0\0", 3) + size + std::string("\0\0", 2) + body;
  write_text_file(folder / "b.mp3", tag + read_text_file(folder / "a.mp3", 1 << 24));
  AudioReader reader(folder / "b.mp3");
  EXPECT_EQ(read_audio(reader).samples, read_audio(folder / "a.mp3").samples);
  EXPECT_THAT(reader.notes(), IsEmpty());
}

TEST(AudioReader, TagsOfOthersAreMadeUtf8) {
  std::string wav = test::wav_bytes({}, test::bytes_of<int16_t>({1, 2, 3, 4}));
  wav += std::string("LIST\x12\0\0\0INFOINAM\x06\0\0\0M\xFCller", 26);
  AudioReader reader({wav.begin(), wav.end()}, "x.wav");
  EXPECT_EQ(reader.info().tags, (Tags{{"title", "M\xC3\xBCller"}}));
}

TEST(ReadAudio, PartsRatesAndChannels) {
  TemporaryFolder folder;
  const Waveform sound = test::tones(2, 100000, 48000);
  write_audio(folder / "a.wav", sound);
  const Waveform whole = read_audio(folder / "a.wav");
  const Waveform cut = read_audio(
      folder / "a.wav", {.maybe_channels = 1, .start_frame = 777, .maybe_max_frames = 5000});
  EXPECT_EQ(
      cut.samples,
      mix_channels({48000, {part(whole.samples[0], 777, 5000), part(whole.samples[1], 777, 5000)}},
                   kUnknownLayout, 1)
          .samples);
  const Waveform resampled = read_audio(folder / "a.wav", {.maybe_sample_rate = 44100});
  EXPECT_EQ(resampled.sample_rate, 44100);
  EXPECT_EQ(resampled.frames(), resampled_frames(100000, 48000, 44100));
  EXPECT_EQ(read_audio(folder / "a.wav", {.start_frame = 100000}).frames(), 0);
  EXPECT_EQ(read_audio(folder / "a.wav", {.start_frame = 99990, .maybe_max_frames = 50}).frames(),
            10);
  EXPECT_EQ(read_audio(folder / "a.wav", {.maybe_max_frames = 0}).frames(), 0);
}

TEST(ReadAudio, RefusesOptionsOutOfRange) {
  TemporaryFolder folder;
  write_audio(folder / "a.wav", test::tones(2, 100000, 48000));
  const auto read = [&](const ReadAudioOptions& options) {
    return read_audio(folder / "a.wav", options);
  };
  EXPECT_RIFFLE_ERROR(read({.maybe_channels = 0}), ErrorCode::InvalidArgument, "0 channels");
  EXPECT_RIFFLE_ERROR(read({.maybe_sample_rate = 12}), ErrorCode::InvalidArgument, "12 Hz");
  EXPECT_RIFFLE_ERROR(read({.start_frame = -1}), ErrorCode::InvalidArgument, "start frame -1");
  EXPECT_RIFFLE_ERROR(read({.max_bytes = 700000}), ErrorCode::OutOfMemory, "allowed after");
}

TEST(ReadAudio, StopsWhenAsked) {
  TemporaryFolder folder;
  write_audio(folder / "a.wav", test::tones(2, 300000, 48000));
  std::stop_source stop;
  int64_t last = 0;
  const Job job{stop.get_token(), [&](const Progress& progress) {
                  EXPECT_EQ(progress.total, 300000);
                  last = progress.done;
                  if (progress.done > 100000) stop.request_stop();
                }};
  EXPECT_RIFFLE_ERROR(read_audio(folder / "a.wav", {}, job), ErrorCode::Cancelled, "cancelled");
  EXPECT_LT(last, 300000);
}

}  // namespace
}  // namespace riffle::audio
