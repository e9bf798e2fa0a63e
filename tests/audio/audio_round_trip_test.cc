// SPDX-License-Identifier: GPL-3.0-or-later
// What AudioWriter writes, AudioReader reads back: samples, lengths, channels, tags.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "audio/audio_reader.h"
#include "audio/audio_writer.h"
#include "audio/read_audio.h"
#include "audio/resample.h"
#include "audio/test_signals.h"
#include "core/error.h"
#include "core/files.h"
#include "support/test_files.h"

namespace riffle::audio {
namespace {

using riffle::test::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Format {
  const char* ending;
  const char* codec;
  const char* container;
  bool lossless;
};

void PrintTo(const Format& format, std::ostream* out) { *out << format.ending; }

class EveryFormat : public ::testing::TestWithParam<Format> {
 protected:
  std::filesystem::path file() const { return folder_ / (std::string("a") + GetParam().ending); }
  // Opus always runs at 48 kHz.
  int rate() const { return std::string(GetParam().ending) == ".opus" ? 48000 : 44100; }

  TemporaryFolder folder_;
};

INSTANTIATE_TEST_SUITE_P(Formats, EveryFormat,
                         ::testing::Values(Format{".wav", "pcm_s24le", "wav", true},
                                           Format{".flac", "flac", "flac", true},
                                           Format{".mp3", "mp3", "mp3", false},
                                           Format{".ogg", "vorbis", "ogg", false},
                                           Format{".opus", "opus", "ogg", false},
                                           Format{".m4a", "aac", "mp4", false}),
                         [](const auto& test) { return std::string(test.param.ending + 1); });

TEST_P(EveryFormat, GivesBackTheSoundAtItsPlace) {
  for (const int64_t frames : {5001, 100001}) {
    const Waveform sound = test::tones(2, frames, rate());
    EXPECT_THAT(write_audio(file(), sound), IsEmpty());
    AudioReader reader(file());
    EXPECT_EQ(reader.info().codec, GetParam().codec);
    EXPECT_EQ(reader.info().container, GetParam().container);
    EXPECT_EQ(reader.info().sample_rate, rate());
    EXPECT_EQ(reader.info().channels, 2);
    const Waveform read = read_audio(reader);
    ASSERT_EQ(read.frames(), sound.frames());
    EXPECT_FALSE(reader.truncated());
    EXPECT_THAT(reader.notes(), IsEmpty());
    for (size_t c = 0; c < 2; ++c) {
      // An offset of one frame costs 0.002 of a 420 Hz sine and all of the noise (0.0015). Encoders
      // of blocks take a while to find into a sound that begins at once, so the short one has it
      // looser; so has AAC, which spends no bits on imitating noise.
      const double steady = std::string(GetParam().codec) == "aac" ? 0.997 : 0.9985;
      EXPECT_GT(test::correlation(read.samples[c], sound.samples[c]),
                frames > 50000 ? steady : 0.98)
          << c;
      EXPECT_LT(test::correlation(read.samples[c], sound.samples[1 - c]), 0.1) << c;
      if (GetParam().lossless) {
        EXPECT_LE(test::largest_difference(read.samples[c], sound.samples[c]),
                  std::ldexp(1.0, -24));
      }
    }
  }
}

// Lengths around the codecs' frames. (libavformat cannot cut both ends of one mp3 frame: below 47
// frames of sound 47 come back.)
TEST_P(EveryFormat, KeepsEveryLength) {
  const int64_t shortest = std::string(GetParam().ending) == ".mp3" ? 47 : 1;
  for (const int64_t frames :
       {shortest, shortest + 1, int64_t{959}, int64_t{960}, int64_t{1023}, int64_t{1024},
        int64_t{1025}, int64_t{1152}, int64_t{4608}, int64_t{44100}, int64_t{48001}}) {
    write_audio(file(), test::tones(1, frames, rate()));
    EXPECT_EQ(read_audio(file()).frames(), frames);
    EXPECT_EQ(count_frames(file()), frames);
  }
}

TEST_P(EveryFormat, KeepsOneToEightChannelsInOrder) {
  const bool stereo_at_most = std::string(GetParam().ending) == ".mp3";
  for (int channels = 1; channels <= (stereo_at_most ? 2 : 8); ++channels) {
    const Waveform sound = test::tones(channels, 30000, rate());
    EXPECT_THAT(write_audio(file(), sound), IsEmpty()) << channels;
    AudioReader reader(file());
    EXPECT_EQ(speakers_of(reader.info().layout, channels), speakers_of(kUnknownLayout, channels));
    const Waveform read = read_audio(reader);
    ASSERT_EQ(read.channels(), channels);
    for (int c = 0; c < channels; ++c) {
      const bool low_frequency = channels >= 6 && c == 3;  // lossy codecs filter the LFE
      if (low_frequency && !GetParam().lossless) continue;
      const auto& channel = read.samples[static_cast<size_t>(c)];
      EXPECT_GT(test::correlation(channel, sound.samples[static_cast<size_t>(c)]), 0.99)
          << channels << " channels, channel " << c;
    }
  }
}

TEST_P(EveryFormat, KeepsTags) {
  std::string json = R"({"prompt": "funky \"sax\" solo", "seed": 42, "list": [)";
  for (int i = 0; i < 20000; ++i) json += std::to_string(i) + ", ";
  json += "0]}";
  Tags tags = {{"title",
                "Gr\xC3\xBC\xC3\x9F"
                "e \xF0\x9F\x8E\xB7"},
               {"artist", "Riffle; and others"},
               {"album", "a = b"},
               {"comment", json},
               {"genre", "Funk"},
               {"date", "2024"},
               {"track", "3"},
               {"copyright", "  two\nlines  "}};
  AudioWriterOptions options;
  options.tags = tags;
  EXPECT_THAT(write_audio(file(), test::tones(1, 20000, rate()), options), IsEmpty());
  Tags read = AudioReader(file()).info().tags;
  EXPECT_THAT(read, ::testing::UnorderedElementsAreArray(tags));
}

TEST_P(EveryFormat, WritesTheSameBytesTwice) {
  AudioWriterOptions options;
  options.tags = {{"title", "x"}};
  const Waveform sound = test::tones(2, 50000, rate());
  write_audio(file(), sound, options);
  const auto again = folder_ / (std::string("b") + GetParam().ending);
  write_audio(again, sound, options);
  EXPECT_EQ(read_file(file(), 1 << 24), read_file(again, 1 << 24));
}

TEST_P(EveryFormat, LeavesNothingWithoutClose) {
  {
    AudioWriter writer(file(), rate(), 2);
    writer.write(test::tones(2, 50000, rate()));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_P(EveryFormat, BlocksOfAnySizeGiveTheSameFile) {
  const Waveform sound = test::tones(2, 60000, 32000);  // resampled for Opus
  AudioWriterOptions options;
  options.maybe_max_frames = sound.frames();
  write_audio(file(), sound, options);
  const auto blocks = folder_ / (std::string("b") + GetParam().ending);
  AudioWriter writer(blocks, 32000, 2, options);
  for (int64_t at = 0, size = 1; at < sound.frames(); at += size, size = size * 3 % 4999 + 1) {
    Waveform block{sound.sample_rate, {}};
    for (const auto& channel : sound.samples) {
      block.samples.emplace_back(channel.begin() + at,
                                 channel.begin() + std::min(at + size, sound.frames()));
    }
    writer.write(block);
  }
  writer.close();
  EXPECT_EQ(read_file(file(), 1 << 24), read_file(blocks, 1 << 24));
}

TEST(AudioWriter, SampleTypesOfWavAndFlac) {
  TemporaryFolder folder;
  const Waveform sound = test::tones(2, 30000, 44100);
  struct Case {
    const char* name;
    SampleType type;
    const char* codec;
    int bits;
    double step;
  };
  for (const Case& c : {Case{"a.wav", SampleType::Int16, "pcm_s16le", 16, std::ldexp(1.5, -15)},
                        Case{"b.wav", SampleType::Int24, "pcm_s24le", 24, std::ldexp(0.5, -23)},
                        Case{"c.wav", SampleType::Float32, "pcm_f32le", 32, 0.0},
                        Case{"d.flac", SampleType::Int16, "flac", 16, std::ldexp(1.5, -15)},
                        Case{"e.flac", SampleType::Int24, "flac", 24, std::ldexp(0.5, -23)}}) {
    AudioWriterOptions options;
    options.maybe_sample_type = c.type;
    write_audio(folder / c.name, sound, options);
    AudioReader reader(folder / c.name);
    EXPECT_EQ(reader.info().codec, c.codec);
    EXPECT_EQ(reader.info().bits_per_sample, c.bits) << c.name;
    EXPECT_EQ(reader.info().float_samples, c.type == SampleType::Float32);
    EXPECT_TRUE(reader.info().frames_exact);
    EXPECT_EQ(reader.info().frames, 30000);
    const Waveform read = read_audio(reader);
    EXPECT_LE(test::largest_difference(read.samples[1], sound.samples[1]), c.step) << c.name;
  }
}

TEST(AudioWriter, SixteenBitsStayTheSameBitsUnderDither) {
  TemporaryFolder folder;
  Waveform sound{44100, {{}}};
  for (int i = -32768; i < 32768; ++i) {
    sound.samples[0].push_back(static_cast<float>(i) / 32768.0F);
  }
  AudioWriterOptions options;
  options.maybe_sample_type = SampleType::Int16;
  EXPECT_THAT(write_audio(folder / "a.wav", sound, options), IsEmpty());
  EXPECT_EQ(read_audio(folder / "a.wav").samples, sound.samples);
}

// Below half a step, rounding alone gives silence; dither keeps the tone under the noise.
TEST(AudioWriter, DitherKeepsWhatRoundingLoses) {
  TemporaryFolder folder;
  const Waveform quiet{44100, {test::sine(44100, 1000, 44100, 0.4 / 32768)}};
  AudioWriterOptions options;
  options.maybe_sample_type = SampleType::Int16;
  options.dither = false;
  write_audio(folder / "a.wav", quiet, options);
  EXPECT_EQ(test::peak(read_audio(folder / "a.wav").samples[0]), 0.0F);
  options.dither = true;
  write_audio(folder / "b.wav", quiet, options);
  const Waveform read = read_audio(folder / "b.wav");
  // The tone's share: dot(read, tone) / dot(tone, tone) is 1 for an unbiased quantiser; the noise,
  // 0.29 to 0.5 steps rms, leaves a spread of 0.5 / (0.28 * sqrt(44100)) = 0.01.
  const double share =
      test::dot(read.samples[0], quiet.samples[0]) / test::dot(quiet.samples[0], quiet.samples[0]);
  EXPECT_NEAR(share, 1.0, 0.05);
}

TEST(AudioWriter, ClippingIsCountedAndSaturates) {
  TemporaryFolder folder;
  const Waveform sound{44100, {{0.5F, 1.5F, -2.0F, 1.0F, -1.0F}}};
  const auto notes = write_audio(folder / "a.wav", sound);
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_THAT(notes[0], HasSubstr("2 samples"));
  const Waveform read = read_audio(folder / "a.wav");
  EXPECT_FLOAT_EQ(read.samples[0][1], 1.0F);
  EXPECT_EQ(read.samples[0][2], -1.0F);
  AudioWriterOptions options;
  options.maybe_sample_type = SampleType::Float32;
  EXPECT_THAT(write_audio(folder / "b.wav", sound, options), IsEmpty());
  EXPECT_EQ(read_audio(folder / "b.wav").samples, sound.samples);
}

TEST(AudioWriter, ConvertsWhatTheFormatLacksAndSaysSo) {
  TemporaryFolder folder;
  const auto notes = write_audio(folder / "a.opus", test::tones(2, 44100, 44100));
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_THAT(notes[0], HasSubstr("48000"));
  EXPECT_EQ(read_audio(folder / "a.opus").frames(), 48000);

  struct Case {
    const char* name;
    int rate;
    int file_rate;
  };
  for (const Case& c :
       {Case{"b.mp3", 37800, 44100}, Case{"c.mp3", 192000, 48000}, Case{"d.m4a", 192000, 96000},
        Case{"e.m4a", 4000, 8000}, Case{"f.flac", 96001, 96010}, Case{"g.ogg", 384000, 192000},
        Case{"h.flac", 768000, 655340}}) {
    const Waveform sound = test::tones(1, 40000, c.rate);
    EXPECT_EQ(write_audio(folder / c.name, sound).size(), 1u) << c.name;
    const Waveform read = read_audio(folder / c.name);
    EXPECT_EQ(read.sample_rate, c.file_rate);
    EXPECT_EQ(read.frames(), resampled_frames(40000, c.rate, c.file_rate)) << c.name;
  }

  const auto mixed = write_audio(folder / "i.mp3", test::tones(6, 20000, 44100));
  ASSERT_EQ(mixed.size(), 1u);
  EXPECT_THAT(mixed[0], HasSubstr("mixed to stereo"));
  EXPECT_EQ(AudioReader(folder / "i.mp3").info().channels, 2);
}

TEST(AudioWriter, KeepsUnusualLayoutsWhereItCan) {
  TemporaryFolder folder;
  using namespace speaker;
  AudioWriterOptions options;
  options.layout = kFrontLeft | kFrontRight | kFrontCentre | kLowFrequency | kSideLeft | kSideRight;
  for (const char* name : {"a.wav", "a.flac"}) {
    EXPECT_THAT(write_audio(folder / name, test::tones(6, 20000, 48000), options), IsEmpty());
    EXPECT_EQ(AudioReader(folder / name).info().layout, options.layout) << name;
  }
  EXPECT_EQ(write_audio(folder / "a.opus", test::tones(6, 20000, 48000), options).size(), 1u);
  EXPECT_EQ(AudioReader(folder / "a.opus").info().layout, default_layout(6));
}

TEST(AudioWriter, WavTakesSixtyFourChannels) {
  TemporaryFolder folder;
  const Waveform sound = test::tones(64, 3000, 44100);
  EXPECT_THAT(write_audio(folder / "a.wav", sound), IsEmpty());
  const Waveform read = read_audio(folder / "a.wav");
  ASSERT_EQ(read.channels(), 64);
  EXPECT_LE(test::largest_difference(read.samples[63], sound.samples[63]), std::ldexp(0.5, -23));
  EXPECT_RIFFLE_ERROR(AudioWriter(folder / "b.wav", 44100, 65), ErrorCode::InvalidArgument,
                      "65 channels");
}

TEST(AudioWriter, TagsAFormatCannotKeepAreTold) {
  TemporaryFolder folder;
  AudioWriterOptions options;
  options.tags = {{"title", "t"}, {"x_mood", "m"}, {"track", "side B"}, {"encoder", "Lavf"}};
  const Waveform sound = test::tones(1, 10000, 44100);
  struct Case {
    const char* name;
    const char* lost;
    Tags kept;
  };
  for (const Case& c : {Case{"a.wav", "x_mood", {{"title", "t"}, {"track", "side B"}}},
                        Case{"a.m4a", "x_mood, track", {{"title", "t"}}}}) {
    const auto notes = write_audio(folder / c.name, sound, options);
    ASSERT_EQ(notes.size(), 1u);
    EXPECT_THAT(notes[0], HasSubstr(c.lost));
    EXPECT_THAT(AudioReader(folder / c.name).info().tags,
                ::testing::UnorderedElementsAreArray(c.kept));
  }
  for (const char* name : {"a.mp3", "a.ogg", "a.flac", "a.opus"}) {
    AudioWriter(folder / "x.wav", 44100, 1);
    write_audio(folder / name, {48000, sound.samples}, options);
    EXPECT_EQ(AudioReader(folder / name).info().tags.size(), 3u) << name;
  }
}

TEST(AudioWriter, BitRateAndQualityAreObeyed) {
  TemporaryFolder folder;
  const Waveform sound{48000, {test::noise(96000, 0.3F, 1), test::noise(96000, 0.3F, 2)}};
  const auto size_with = [&](const char* name, const AudioWriterOptions& options) {
    write_audio(folder / name, sound, options);
    return static_cast<double>(std::filesystem::file_size(folder / name));
  };
  for (const char* name : {"a.mp3", "a.ogg", "a.opus", "a.m4a"}) {
    AudioWriterOptions low;
    low.maybe_bitrate_kbps = 96;
    AudioWriterOptions high;
    high.maybe_bitrate_kbps = 256;
    // Two seconds: kbit/s * 250 bytes, give or take headers and the codec's freedom.
    EXPECT_NEAR(size_with(name, low), 96 * 250, 96 * 250 * 0.35) << name;
    EXPECT_NEAR(size_with(name, high), 256 * 250, 256 * 250 * 0.35) << name;
  }
  EXPECT_GT(size_with("a.mp3", {.maybe_quality = 0}),
            1.5 * size_with("a.mp3", {.maybe_quality = 7}));
  EXPECT_GT(size_with("a.ogg", {.maybe_quality = 9}),
            1.5 * size_with("a.ogg", {.maybe_quality = 1}));
}

TEST(AudioWriter, RefusesOptionsThatDoNotFit) {
  TemporaryFolder folder;
  const auto refused = [&](const char* name, const AudioWriterOptions& options, const char* part) {
    EXPECT_RIFFLE_ERROR(AudioWriter(folder / name, 44100, 2, options), ErrorCode::InvalidArgument,
                        part);
  };
  refused("a.mp3", {.maybe_sample_type = SampleType::Int16}, "no sample type");
  refused("a.flac", {.maybe_sample_type = SampleType::Float32}, "FLAC has no float");
  refused("a.wav", {.maybe_bitrate_kbps = 128}, "no bit rate");
  refused("a.mp3", {.maybe_bitrate_kbps = 321}, "321 kbit/s");
  refused("a.opus", {.maybe_quality = 3}, "no quality");
  refused("a.ogg", {.maybe_quality = 10.5}, "quality 10.5");
  refused("a.mp3", {.maybe_quality = std::nan("")}, "quality nan");
  refused("a.mp3", {.maybe_bitrate_kbps = 128, .maybe_quality = 3}, "both");
  refused("a.wav", {.tags = {{"Title", "x"}}}, "lower-case");
  refused("a.wav", {.layout = default_layout(6)}, "6 speakers for 2 channels");
  EXPECT_RIFFLE_ERROR(AudioWriter(folder / "a.xyz", 44100, 2), ErrorCode::Unsupported,
                      ".flac .mp3");
  EXPECT_RIFFLE_ERROR(AudioWriter(folder / "a.wav", 999, 2), ErrorCode::InvalidArgument, "999 Hz");
  EXPECT_RIFFLE_ERROR(AudioWriter(folder / "no/a.wav", 44100, 2), ErrorCode::Io, "no folder");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(AudioWriter, RefusesUnusableSound) {
  TemporaryFolder folder;
  AudioWriter writer(folder / "a.wav", 44100, 2, {.maybe_max_frames = 4});
  EXPECT_RIFFLE_ERROR(writer.close(), ErrorCode::InvalidArgument, "no sound to write");
  EXPECT_RIFFLE_ERROR(writer.write({44100, {{0, 0}}}), ErrorCode::InvalidArgument, "1 channels");
  EXPECT_RIFFLE_ERROR(writer.write({44100, {{0, 0}, {0}}}), ErrorCode::InvalidArgument,
                      "equal lengths");
  writer.write({44100, {{0, 0}, {0, 0}}});
  EXPECT_RIFFLE_ERROR(writer.write({44100, {{0, 0}, {0, std::nanf("")}}}),
                      ErrorCode::InvalidArgument, "frame 3 of channel 1");
  EXPECT_RIFFLE_ERROR(writer.write({44100, {{0, 0, 0}, {0, 0, 0}}}), ErrorCode::InvalidArgument,
                      "1 frames more than were promised");
}

}  // namespace
}  // namespace riffle::audio
