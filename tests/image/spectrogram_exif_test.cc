// SPDX-License-Identifier: GPL-3.0-or-later
// The ten tags byte for byte as Pillow writes them, and leniency and limits in reading them.
#include "image/spectrogram_exif.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "core/error.h"
#include "core/files.h"
#include "core/json.h"
#include "image/file_builder.h"
#include "image/picture_file.h"
#include "support/test_files.h"

namespace riffle::image {
namespace {

using test::bits_of;
using test::Bytes;
using test::TiffBuilder;
using test::TiffType;
using testing::HasSubstr;

std::string hex(const Bytes& bytes) {
  std::string text;
  for (const uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

SpectrogramExif exif_of(const Json& golden) {
  SpectrogramExif exif;
  exif.params.sample_rate = golden.at("sample_rate").get<int>();
  exif.params.stereo = golden.at("stereo").get<int>() == 1;
  exif.params.step_size_ms = golden.at("step_size_ms").get<int>();
  exif.params.window_duration_ms = golden.at("window_duration_ms").get<int>();
  exif.params.padded_duration_ms = golden.at("padded_duration_ms").get<int>();
  exif.params.num_frequencies = golden.at("num_frequencies").get<int>();
  exif.params.min_frequency = golden.at("min_frequency").get<int>();
  exif.params.max_frequency = golden.at("max_frequency").get<int>();
  exif.params.power_for_image = golden.at("power_for_image").get<float>();
  exif.max_value = golden.at("max_value").get<double>();
  return exif;
}

TEST(SpectrogramExif, BytesAndValuesAreThoseOfPillow) {
  const Json blocks = read_json_file(test::golden_file("image/golden.json")).at("exif");
  ASSERT_EQ(blocks.size(), 4U);
  for (const Json& golden : blocks) {
    const SpectrogramExif exif = exif_of(golden);
    const Bytes bytes = encode_spectrogram_exif(exif);
    EXPECT_EQ(bytes.size(), 150U);
    EXPECT_EQ(hex(bytes), golden.at("exif").get<std::string>());
    const SpectrogramExifReading reading = decode_spectrogram_exif(bytes, "a");
    ASSERT_TRUE(reading.found) << reading.reason;
    EXPECT_EQ(reading.found->params, exif.params);
    EXPECT_EQ(reading.found->max_value, exif.max_value);
  }
}

TEST(SpectrogramExif, BytesAreThoseOfTheReferencePictures) {
  for (const char* name : {"spectrogram/clip_2.png", "spectrogram/clip_2_stereo.png"}) {
    RIFFLE_REFERENCE_OR_SKIP(path, name);
    const Picture picture = read_picture(path);
    SpectrogramExif exif;
    exif.params.stereo = std::string(name).find("stereo") != std::string::npos;
    exif.max_value = 46801012.0;
    EXPECT_EQ(hex(encode_spectrogram_exif(exif)), hex(picture.exif));
    const SpectrogramExifReading reading = decode_spectrogram_exif(picture.exif, name);
    ASSERT_TRUE(reading.found) << reading.reason;
    EXPECT_EQ(reading.found->params, exif.params);
    EXPECT_EQ(reading.found->max_value, exif.max_value);
  }
}

// Any parameters that validate() accepts come back as they were.
TEST(SpectrogramExif, RoundTripOfAnyParameters) {
  std::mt19937 random(3);
  const auto between = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  for (int i = 0; i < 200; ++i) {
    SpectrogramExif exif;
    audio::SpectrogramParams& params = exif.params;
    params.stereo = between(0, 1) == 1;
    params.sample_rate = between(4000, 384000);
    params.step_size_ms = between(1, 50);
    params.window_duration_ms = between(params.step_size_ms, 200);
    params.padded_duration_ms = between(params.window_duration_ms, 400);
    params.num_frequencies = between(1, 8192);
    params.min_frequency = between(0, 1000);
    params.max_frequency = between(params.min_frequency + 1, params.sample_rate / 2);
    params.power_for_image = static_cast<float>(between(1, 4000)) / 1000;
    if (i % 2 == 0) exif.max_value = std::ldexp(between(0, 1 << 30), between(-40, 10));
    const SpectrogramExifReading reading =
        decode_spectrogram_exif(encode_spectrogram_exif(exif), "a");
    ASSERT_TRUE(reading.found) << reading.reason;
    EXPECT_EQ(reading.found->params, params);
    EXPECT_EQ(reading.found->max_value, exif.max_value);
  }
}

TEST(SpectrogramExif, RefusesToWriteNonsense) {
  SpectrogramExif exif;
  exif.params.num_frequencies = 0;
  EXPECT_RIFFLE_ERROR(encode_spectrogram_exif(exif), ErrorCode::InvalidArgument, "num_frequencies");
  for (const double maximum :
       {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    EXPECT_RIFFLE_ERROR(encode_spectrogram_exif({{}, maximum}), ErrorCode::InvalidArgument,
                        "maximum");
  }
}

// The default parameters in the types given; each tag can be left out or added by the caller.
struct TagTypes {
  bool little_endian = false;
  TiffType integer = TiffType::Short;
  TiffType real = TiffType::Double;
};

std::vector<uint64_t> items_of(double value, TiffType type) {
  if (type == TiffType::Double) return {bits_of(value)};
  if (type == TiffType::Float) return {bits_of(static_cast<float>(value))};
  if (type == TiffType::Rational) return {static_cast<uint64_t>(value * 100), 100};
  return {static_cast<uint64_t>(value)};
}

TiffBuilder tags_without(int left_out, const TagTypes& types = {}) {
  TiffBuilder builder(types.little_endian);
  const std::pair<uint16_t, double> kDefaults[] = {{11000, 44100}, {11005, 0},     {11010, 10},
                                                   {11020, 100},   {11030, 400},   {11040, 512},
                                                   {11050, 0},     {11060, 10000}, {11070, 0.25}};
  for (const auto& [tag, value] : kDefaults) {
    if (tag == left_out) continue;
    const TiffType type = tag == 11070 ? types.real : types.integer;
    builder.add(tag, type, items_of(value, type));
  }
  return builder;
}

TEST(SpectrogramExif, ReadsEitherByteOrderAndAnyNumericType) {
  const TiffType kReals[] = {TiffType::Double, TiffType::Float, TiffType::Rational};
  const TiffType kIntegers[] = {TiffType::Short, TiffType::Long,   TiffType::SignedLong,
                                TiffType::Float, TiffType::Double, TiffType::Rational};
  for (const bool little_endian : {false, true}) {
    for (const TiffType integer : kIntegers) {
      for (const TiffType real : kReals) {
        auto builder = tags_without(0, {little_endian, integer, real});
        builder.add(11080, real, items_of(12345.5, real));
        const SpectrogramExifReading reading = decode_spectrogram_exif(builder.build(), "a");
        ASSERT_TRUE(reading.found) << reading.reason;
        EXPECT_EQ(reading.found->params, audio::SpectrogramParams{});
        EXPECT_EQ(reading.found->max_value, 12345.5);
      }
    }
  }
}

TEST(SpectrogramExif, PassesOverForeignTags) {
  auto builder = TiffBuilder();
  builder.add(0x010F, TiffType::Ascii, {'C', 'a', 'm', 0}).add(0x0112, TiffType::Short, {6});
  EXPECT_THAT(decode_spectrogram_exif(builder.build(), "a").reason,
              HasSubstr("no spectrogram parameters"));
  auto mixed = tags_without(0);
  mixed.add(0x9999, TiffType::Undefined, {1, 2, 3, 4, 5, 6, 7, 8});
  mixed.add(0xFFFE, TiffType::Ascii, {'x', 0});
  EXPECT_TRUE(decode_spectrogram_exif(mixed.build(), "a").found);
}

TEST(SpectrogramExif, MissingTagIsNamed) {
  const std::pair<int, const char*> kRequired[] = {
      {11000, "SAMPLE_RATE"},        {11005, "STEREO"},
      {11010, "STEP_SIZE_MS"},       {11020, "WINDOW_DURATION_MS"},
      {11030, "PADDED_DURATION_MS"}, {11040, "NUM_FREQUENCIES"},
      {11050, "MIN_FREQUENCY"},      {11060, "MAX_FREQUENCY"},
      {11070, "POWER_FOR_IMAGE"}};
  for (const auto& [tag, name] : kRequired) {
    const SpectrogramExifReading reading = decode_spectrogram_exif(tags_without(tag).build(), "a");
    EXPECT_FALSE(reading.found);
    EXPECT_EQ(reading.reason, fmt::format("its EXIF lacks {} (tag {})", name, tag));
  }
  const SpectrogramExifReading complete = decode_spectrogram_exif(tags_without(11080).build(), "a");
  ASSERT_TRUE(complete.found);
  EXPECT_FALSE(complete.found->max_value);
}

TEST(SpectrogramExif, NothingThereIsNoError) {
  EXPECT_THAT(decode_spectrogram_exif({}, "a").reason, HasSubstr("no EXIF"));
  const Bytes text = {'n', 'o', ' ', 't', 'i', 'f', 'f', '!', '!', '!'};
  EXPECT_THAT(decode_spectrogram_exif(text, "a").reason, HasSubstr("EXIF block of 10 bytes"));
}

TEST(SpectrogramExif, ValuesWithoutSenseAreErrors) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  struct Case {
    uint16_t tag;
    TiffType type;
    std::vector<uint64_t> items;
    const char* message;
  };
  const Case kCases[] = {
      {11000, TiffType::Short, {0}, "sample_rate is 0"},
      {11000, TiffType::Long, {4'000'000'000U}, "SAMPLE_RATE (11000) is 4000000000"},
      {11000, TiffType::Ascii, {'4', '4', '1', '0', '0', 0}, "of type Ascii"},
      {11000, TiffType::Short, {44100, 44100}, "with 2 values"},
      {11000, TiffType::Double, {bits_of(44100.5)}, "44100.5, expected a whole number"},
      {11000, TiffType::Double, {bits_of(nan)}, "SAMPLE_RATE (11000) is nan"},
      {11005, TiffType::Short, {2}, "STEREO (11005) is 2, expected 0 or 1"},
      {11010, TiffType::SignedLong, {0xFFFFFFF6U}, "STEP_SIZE_MS (11010) is -10"},
      {11010, TiffType::Short, {0}, "step_size_ms is 0"},
      {11020, TiffType::Short, {5}, "window_duration_ms is 5"},
      {11030, TiffType::Short, {50}, "padded_duration_ms is 50"},
      {11040, TiffType::Rational, {512, 0}, "NUM_FREQUENCIES (11040) is inf"},
      {11040, TiffType::Rational, {0, 0}, "NUM_FREQUENCIES (11040) is"},
      {11040, TiffType::Undefined, {0, 0, 2, 0}, "of type Undefined"},
      {11040, TiffType::Short, {8193}, "num_frequencies is 8193"},
      {11060, TiffType::Short, {0}, "max_frequency is 0"},
      {11060, TiffType::Short, {22051}, "max_frequency is 22051"},
      {11070, TiffType::Double, {bits_of(0.0)}, "power_for_image is 0"},
      {11070, TiffType::Double, {bits_of(-0.25)}, "power_for_image is -0.25"},
      {11070, TiffType::Double, {bits_of(nan)}, "power_for_image is nan"},
      {11070, TiffType::Double, {bits_of(1e300)}, "power_for_image is"},
      {11080, TiffType::Double, {bits_of(-1.0)}, "MAX_VALUE (11080) is -1"},
      {11080, TiffType::Double, {bits_of(infinity)}, "MAX_VALUE (11080) is inf"},
      {11080, TiffType::Double, {bits_of(nan)}, "MAX_VALUE (11080) is nan"},
      {11080, TiffType::Ascii, {'1', 0}, "MAX_VALUE (11080) is of type Ascii"},
  };
  for (const Case& c : kCases) {
    auto builder = tags_without(c.tag);
    builder.add(c.tag, c.type, c.items);
    EXPECT_RIFFLE_ERROR(decode_spectrogram_exif(builder.build(), "evil"), ErrorCode::BadFile,
                        c.message);
  }
}

// Why the parameters cannot be had, whether told as a reason or thrown; empty when they can.
std::string refusal_of(std::span<const uint8_t> exif) {
  try {
    const SpectrogramExifReading reading = decode_spectrogram_exif(exif, "evil");
    if (!reading.found) return reading.reason;
    EXPECT_EQ(reading.found->params, audio::SpectrogramParams{});
    return {};
  } catch (const Error& e) {
    EXPECT_EQ(name_of(e.code()), name_of(ErrorCode::BadFile));
    return e.what();
  }
}

TEST(SpectrogramExif, TruncatedAnywhere) {
  const Bytes good = tags_without(0).build();  // the last 8 bytes are the power
  EXPECT_EQ(refusal_of(good), "");
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_NE(refusal_of(std::span(good).first(size)), "") << size;
}

// Structures that lead a reader in circles or out of the block: what is good in them is read.
TEST(SpectrogramExif, BrokenForeignPartsAreNotFollowed) {
  const std::pair<const char*, Bytes> kBroken[] = {
      {"a directory that follows itself", tags_without(0).next_directory(8).build()},
      {"next directory outside", tags_without(0).next_directory(0xFFFFFFF0U).build()},
      {"next directory inside an entry", tags_without(0).next_directory(12).build()},
      {"Exif directory that is the first again",
       tags_without(0).add(0x8769, TiffType::Long, {8}).build()},
      {"foreign value outside",
       tags_without(0).add_offset(0x010F, TiffType::Ascii, 100, 0xFFFFFF00U).build()},
      {"foreign value of 4 G items",
       tags_without(0).add_offset(0x010F, TiffType::Double, 0xFFFFFFFFU, 8).build()},
      {"foreign value of an unknown type",
       tags_without(0).add_raw(0x010F, 77, 1, {1, 2, 3, 4}).build()},
  };
  for (const auto& [what, bytes] : kBroken) EXPECT_EQ(refusal_of(bytes), "") << what;
}

TEST(SpectrogramExif, BrokenOwnTagsAreRefused) {
  const auto power = [](uint32_t count, uint32_t offset) {
    return tags_without(11070).add_offset(11070, TiffType::Double, count, offset).build();
  };
  EXPECT_NE(refusal_of(power(1, 0xFFFFFF00U)), "");
  EXPECT_NE(refusal_of(power(0xFFFFFFFFU, 8)), "");
  EXPECT_NE(refusal_of(power(0, 8)), "");
  EXPECT_NE(refusal_of(tags_without(11000).add_raw(11000, 77, 1, {1, 2}).build()), "");
}

// What libFuzzer found on its way (scripts/fuzz --keep), in every build.
TEST(SpectrogramExif, FuzzCorpus) {
  int files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(test::golden_file("../fuzz/corpus/exif"))) {
    SCOPED_TRACE(entry.path());
    ++files;
    try {
      const auto reading = decode_spectrogram_exif(read_file(entry.path(), 1 << 20), "evil");
      EXPECT_NE(reading.found.has_value(), !reading.reason.empty());
    } catch (const Error& e) {
      EXPECT_EQ(name_of(e.code()), name_of(ErrorCode::BadFile)) << e.what();
    }
  }
  EXPECT_GT(files, 10);
}

TEST(SpectrogramExif, TooLargeABlockIsRefused) {
  Bytes block = tags_without(0).build();
  block.resize((1 << 20) + 1);
  EXPECT_THAT(decode_spectrogram_exif(block, "a").reason, HasSubstr("at most 1048576 bytes"));
}

TEST(ListExif, LinesAreThoseOfTheOriginal) {
  SpectrogramExif exif;
  exif.max_value = 46801012.0;
  std::vector<std::string> lines;
  for (const ExifLine& line : list_exif(encode_spectrogram_exif(exif), "a"))
    lines.push_back(line.text());
  EXPECT_THAT(
      lines, testing::ElementsAre(
                 "SAMPLE_RATE          =           44100",  //
                 "STEREO               =               0", "STEP_SIZE_MS         =              10",
                 "WINDOW_DURATION_MS   =             100", "PADDED_DURATION_MS   =             400",
                 "NUM_FREQUENCIES      =             512", "MIN_FREQUENCY        =               0",
                 "MAX_FREQUENCY        =           10000", "POWER_FOR_IMAGE      =            0.25",
                 "MAX_VALUE            =      46801012.0"));
}

TEST(ListExif, ForeignTagsByNameOrNumber) {
  auto builder = TiffBuilder();
  builder.add(0x0112, TiffType::Short, {6})
      .add(0x011A, TiffType::Rational, {72, 1})
      .add(0x9FFF, TiffType::Ascii, {'h', 'i', '\n', 0x1B, 0})
      .add(0xA000, TiffType::Byte, std::vector<uint64_t>(200, 7));
  const auto lines = list_exif(builder.build(), "a");
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0].text(), "Orientation          =               6");
  EXPECT_EQ(lines[1].text(), "XResolution          =            72.0");
  EXPECT_EQ(lines[2].text(), "0x9fff               =            hi??");
  EXPECT_EQ(lines[3].value.size(), 60U);
  EXPECT_EQ(lines[3].tag, 0xA000);
}

TEST(ListExif, NothingAndNonsense) {
  EXPECT_TRUE(list_exif({}, "a").empty());
  EXPECT_RIFFLE_ERROR(list_exif(Bytes(20, 'x'), "photo.jpg"), ErrorCode::BadFile, "photo.jpg");
}

}  // namespace
}  // namespace riffle::image
