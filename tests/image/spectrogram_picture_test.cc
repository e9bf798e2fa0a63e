// SPDX-License-Identifier: GPL-3.0-or-later
// Levels and amplitudes as the original computes them, and the laws of the round trip.
#include "image/spectrogram_picture.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "core/error.h"
#include "image/picture_file.h"
#include "image/spectrogram_exif.h"
#include "support/safetensors_lite.h"
#include "support/test_files.h"

namespace riffle::image {
namespace {

using audio::MelSpectrogram;
using audio::SpectrogramParams;

// values: [channels, rows, frames], as numpy holds them.
MelSpectrogram mel_of(const std::vector<int64_t>& shape, const std::vector<float>& values) {
  MelSpectrogram mel(static_cast<int>(shape[0]), shape[2], static_cast<int>(shape[1]));
  size_t i = 0;
  for (int channel = 0; channel < mel.channels; ++channel) {
    for (int row = 0; row < mel.rows; ++row) {
      for (int64_t t = 0; t < mel.frames; ++t)
        mel.frame(channel, t)[static_cast<size_t>(row)] = values[i++];
    }
  }
  return mel;
}

MelSpectrogram mel_of(const test::SafetensorsLite& file, const std::string& name) {
  return mel_of(file.shape(name), file.values<float>(name));
}

// Amplitudes over the range of real music: a few decades, and some silence.
MelSpectrogram random_mel(int channels, int64_t frames, int rows, unsigned seed) {
  MelSpectrogram mel(channels, frames, rows);
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(0, 1);
  for (float& value : mel.values) value = 4e7F * std::pow(uniform(random), 8.0F);
  mel.values[mel.values.size() / 2] = 0;
  return mel;
}

SpectrogramParams params_of(const MelSpectrogram& mel, float power = 0.25F) {
  SpectrogramParams params;
  params.stereo = mel.channels == 2;
  params.num_frequencies = mel.rows;
  params.power_for_image = power;
  return params;
}

struct Difference {
  int largest = 0;
  double share = 0;  // of bytes that differ
};

Difference difference_of(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b) {
  EXPECT_EQ(a.size(), b.size());
  Difference difference;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const int apart = std::abs(a[i] - b[i]);
    difference.largest = std::max(difference.largest, apart);
    difference.share += apart > 0 ? 1.0 / static_cast<double>(a.size()) : 0;
  }
  return difference;
}

// numpy's float32 power may differ from the C library's in the last bit, which moves a level only
// where it lies on a boundary.
void expect_parity(const Difference& difference) {
  EXPECT_LE(difference.largest, 1);
  EXPECT_LE(difference.share, 1e-3);
}

TEST(SpectrogramPicture, LevelsAreThoseOfNumpy) {
  const test::SafetensorsLite golden(test::golden_file("image/codec.safetensors"));
  for (const auto& [name, power] :
       {std::pair{"mono", 0.25F}, {"stereo", 0.25F}, {"power_04", 0.4F}}) {
    SCOPED_TRACE(name);
    const std::string prefix = std::string(name) + ".";
    const MelSpectrogram mel = mel_of(golden, prefix + "mel");
    const SpectrogramParams params = params_of(mel, power);
    const Picture picture = picture_from_mel(mel, params);
    EXPECT_EQ(picture.width, 40);
    EXPECT_EQ(picture.height, 24);
    expect_parity(difference_of(picture.rgb, golden.values<uint8_t>(prefix + "picture")));

    Picture given = picture;
    given.rgb = golden.values<uint8_t>(prefix + "picture");
    const MelSpectrogram decoded = mel_from_picture(given, params);
    const MelSpectrogram expected = mel_of(golden, prefix + "decoded");
    for (size_t i = 0; i < expected.values.size(); ++i)
      ASSERT_NEAR(decoded.values[i], expected.values[i], 3e-7F * expected.values[i]) << i;
  }
}

// The reference converter's own amplitudes and pictures of two recordings; the amplitudes at hand
// are the first 128 frames, their maximum is that of the whole clip.
TEST(SpectrogramPicture, PicturesAreThoseOfTheReference) {
  for (const char* name : {"clip_1_mono", "clip_1_stereo", "clip_2_mono", "clip_2_stereo"}) {
    SCOPED_TRACE(name);
    RIFFLE_REFERENCE_OR_SKIP(path, std::string("spectrogram/") + name + ".safetensors");
    const test::SafetensorsLite reference(path);
    const MelSpectrogram mel = mel_of(reference, "mel_amplitude");
    const float maximum = reference.values<float>("mel_max").at(0);
    const Picture picture = picture_from_mel(mel, params_of(mel), maximum);

    const auto shape = reference.shape("image");
    const auto whole = reference.values<uint8_t>("image");
    std::vector<uint8_t> expected;
    for (int64_t y = 0; y < shape[0]; ++y) {
      const auto row = whole.begin() + y * shape[1] * 3;
      expected.insert(expected.end(), row, row + mel.frames * 3);
    }
    const Difference difference = difference_of(picture.rgb, expected);
    RecordProperty(std::string(name) + "_differing_share", std::to_string(difference.share));
    expect_parity(difference);
  }
}

TEST(SpectrogramPicture, PlanesAndDirections) {
  MelSpectrogram mel(2, 3, 4);
  mel.frame(0, 1)[0] = 16;  // left: lowest row, second column, the loudest
  mel.frame(1, 2)[3] = 1;   // right: highest row, last column, 1/16 -> half the level
  const Picture picture = picture_from_mel(mel, params_of(mel));
  for (int y = 0; y < 4; ++y) {
    for (size_t x = 0; x < 3; ++x) {
      SCOPED_TRACE(testing::Message() << x << ' ' << y);
      const auto pixel = picture.row(y).subspan(3 * x, 3);
      EXPECT_EQ(pixel[0], 0);
      EXPECT_EQ(pixel[1], x == 1 && y == 3 ? 0 : 255);
      EXPECT_EQ(pixel[2], x == 2 && y == 0 ? 127 : 255);
    }
  }
}

TEST(SpectrogramPicture, MonoIsGrayAndOnlyRedIsRead) {
  const MelSpectrogram mel = random_mel(1, 30, 20, 1);
  Picture picture = picture_from_mel(mel, params_of(mel));
  for (size_t i = 0; i < picture.rgb.size(); i += 3) {
    EXPECT_EQ(picture.rgb[i], picture.rgb[i + 1]);
    EXPECT_EQ(picture.rgb[i], picture.rgb[i + 2]);
  }
  const auto before = mel_from_picture(picture, params_of(mel)).values;
  for (size_t i = 0; i < picture.rgb.size(); i += 3) picture.rgb[i + 1] = picture.rgb[i + 2] = 77;
  EXPECT_EQ(mel_from_picture(picture, params_of(mel)).values, before);
}

TEST(SpectrogramPicture, ExifTellsParametersAndMaximum) {
  const MelSpectrogram mel = random_mel(2, 30, 20, 2);
  const Picture picture = picture_from_mel(mel, params_of(mel));
  const auto reading = decode_spectrogram_exif(picture.exif, "a");
  ASSERT_TRUE(reading.found);
  EXPECT_EQ(reading.found->params, params_of(mel));
  EXPECT_EQ(reading.found->max_value, max_amplitude(mel));
}

// The encoder truncates 255 - root, so a decoded level n stands for roots in (n - 1, n]: the louder
// end. Holds for every value; with n >= 29 it implies the original's rtol of 0.15.
TEST(SpectrogramPicture, RoundTripLaw) {
  const MelSpectrogram mel = random_mel(2, 200, 64, 3);
  const SpectrogramParams params = params_of(mel);
  const float maximum = max_amplitude(mel);
  const Picture picture = picture_from_mel(mel, params);
  const MelSpectrogram back = mel_from_picture(picture, params, {.max_value = maximum});
  ASSERT_EQ(back.values.size(), mel.values.size());
  EXPECT_EQ(max_amplitude(back), maximum);
  for (size_t i = 0; i < mel.values.size(); ++i) {
    const double root = 255 * std::pow(static_cast<double>(mel.values[i]) / maximum, 0.25);
    const double decoded = 255 * std::pow(static_cast<double>(back.values[i]) / maximum, 0.25);
    ASSERT_GE(decoded, root - 1e-4) << i;
    ASSERT_LT(decoded, root + 1 + 1e-4) << i;
    if (root >= 29) {
      ASSERT_NEAR(back.values[i], mel.values[i], 0.15F * mel.values[i]) << i;
    }
  }
  const Picture again = picture_from_mel(back, params);
  EXPECT_LE(difference_of(again.rgb, picture.rgb).largest, 1);
}

// Least expected error: the centred amplitudes of many roots spread evenly have no bias, and a
// smaller squared error than the exact levels.
TEST(SpectrogramPicture, CentredLevelsHaveNoBias) {
  for (const float power : {0.25F, 0.5F, 1.0F}) {
    MelSpectrogram mel(1, 1000, 100);
    std::mt19937 random(4);
    std::uniform_real_distribution<double> root(0, 1);
    for (float& value : mel.values) value = static_cast<float>(std::pow(root(random), 1 / power));
    const SpectrogramParams params = params_of(mel, power);
    const Picture picture = picture_from_mel(mel, params, 1.0F);
    const auto errors = [&](Dequantize dequantize) {
      const auto back =
          mel_from_picture(picture, params, {.max_value = 1, .dequantize = dequantize});
      double bias = 0;
      double squared = 0;
      for (size_t i = 0; i < mel.values.size(); ++i) {
        const double error = back.values[i] - mel.values[i];
        bias += error / static_cast<double>(mel.values.size());
        squared += error * error;
      }
      return std::pair{bias, squared};
    };
    const auto [exact_bias, exact_squared] = errors(Dequantize::Exact);
    const auto [centred_bias, centred_squared] = errors(Dequantize::Centered);
    EXPECT_GT(exact_bias, 1.5e-3);  // half a level, or 1/510, whatever the power
    EXPECT_NEAR(centred_bias, 0, 2e-5);
    EXPECT_LT(centred_squared, 0.3 * exact_squared);  // 1/12 against 1/3 of a level squared
  }
}

TEST(SpectrogramPicture, CentredLevelsAreOrderedAndEndAtSilence) {
  Picture picture(2, 256);
  for (int y = 0; y < 256; ++y) picture.row(y)[0] = static_cast<uint8_t>(255 - y);
  SpectrogramParams params;
  params.num_frequencies = 256;
  const auto exact = mel_from_picture(picture, params, {.max_value = 1});
  const auto centred =
      mel_from_picture(picture, params, {.max_value = 1, .dequantize = Dequantize::Centered});
  const auto levels = centred.frame(0, 0);  // row r: level r, loud first
  EXPECT_EQ(levels[255], 0);
  EXPECT_EQ(exact.frame(0, 0)[255], 0);
  EXPECT_EQ(exact.frame(0, 0)[0], 1);
  for (size_t r = 0; r < 255; ++r) {
    EXPECT_GT(levels[r], levels[r + 1]);
    EXPECT_LT(levels[r], exact.frame(0, 0)[r]);
    EXPECT_GT(levels[r], exact.frame(0, 0)[r + 1]);
  }
}

TEST(SpectrogramPicture, SilenceIsWhiteAndComesBackSilent) {
  for (const int channels : {1, 2}) {
    const MelSpectrogram mel(channels, 10, 16);
    const Picture picture = picture_from_mel(mel, params_of(mel));
    for (size_t i = 0; i < picture.rgb.size(); ++i)
      EXPECT_EQ(picture.rgb[i], channels == 2 && i % 3 == 0 ? 0 : 255);
    const auto reading = decode_spectrogram_exif(picture.exif, "a");
    ASSERT_TRUE(reading.found);
    EXPECT_EQ(reading.found->max_value, 0.0);
    for (const float maximum : {0.0F, kDefaultMaxValue}) {
      const auto back = mel_from_picture(picture, params_of(mel), {.max_value = maximum});
      EXPECT_EQ(max_amplitude(back), 0);
    }
  }
}

TEST(SpectrogramPicture, TilesOfOneMaximumJoinToTheWhole) {
  const MelSpectrogram mel = random_mel(1, 150, 32, 5);
  const SpectrogramParams params = params_of(mel);
  const Picture whole = picture_from_mel(mel, params);
  for (int64_t begin = 0; begin < mel.frames; begin += 50) {
    MelSpectrogram tile(1, 50, mel.rows);
    for (int64_t t = 0; t < 50; ++t)
      std::copy_n(mel.frame(0, begin + t).begin(), mel.rows, tile.frame(0, t).begin());
    const Picture part = picture_from_mel(tile, params, max_amplitude(mel));
    for (int y = 0; y < part.height; ++y) {
      const auto expected = whole.row(y).subspan(static_cast<size_t>(3 * begin), part.row_bytes());
      EXPECT_THAT(part.row(y), testing::ElementsAreArray(expected.begin(), expected.end()));
    }
  }
}

TEST(SpectrogramPicture, LouderThanTheGivenMaximumIsBlack) {
  MelSpectrogram mel(1, 2, 16);
  mel.frame(0, 0)[0] = 10;
  mel.frame(0, 1)[0] = 3;
  const Picture picture = picture_from_mel(mel, params_of(mel), 3.0F);
  EXPECT_EQ(picture.row(15)[0], 0);
  EXPECT_EQ(picture.row(15)[3], 0);
}

TEST(SpectrogramPicture, RefusesAmplitudesWithoutSense) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), -1.0F, std::numeric_limits<float>::infinity()}) {
    MelSpectrogram mel(2, 10, 16);
    mel.frame(1, 7)[5] = bad;
    EXPECT_RIFFLE_ERROR(picture_from_mel(mel, params_of(mel)), ErrorCode::InvalidArgument,
                        "channel 1, frame 7, row 5");
  }
  const MelSpectrogram good = random_mel(1, 4, 16, 6);
  for (const float maximum : {-1.0F, std::numeric_limits<float>::quiet_NaN(),
                              std::numeric_limits<float>::infinity(), 0.0F}) {
    EXPECT_RIFFLE_ERROR(picture_from_mel(good, params_of(good), maximum),
                        ErrorCode::InvalidArgument, "maximum is");
  }
  EXPECT_RIFFLE_ERROR(picture_from_mel(MelSpectrogram(1, 0, 16), params_of(good)),
                      ErrorCode::InvalidArgument, "no values");
}

TEST(SpectrogramPicture, RefusesWhatDoesNotFit) {
  const MelSpectrogram mel = random_mel(1, 4, 16, 6);
  SpectrogramParams params = params_of(mel);
  params.stereo = true;
  EXPECT_RIFFLE_ERROR(picture_from_mel(mel, params), ErrorCode::InvalidArgument, "2 channels");
  params = params_of(mel);
  params.num_frequencies = 17;
  EXPECT_RIFFLE_ERROR(picture_from_mel(mel, params), ErrorCode::InvalidArgument, "17 rows");
  EXPECT_RIFFLE_ERROR(mel_from_picture(Picture(4, 16), params), ErrorCode::InvalidArgument,
                      "17 rows");
  EXPECT_RIFFLE_ERROR(mel_from_picture(Picture(4, 17), params, {.max_value = -1}),
                      ErrorCode::InvalidArgument, "maximum is");
}

TEST(SpectrogramPicture, CanBeStopped) {
  std::stop_source source;
  source.request_stop();
  const MelSpectrogram mel = random_mel(1, 200, 16, 7);
  const Job job{.stop = source.get_token(), .on_progress = {}};
  EXPECT_RIFFLE_ERROR(picture_from_mel(mel, params_of(mel), {}, job), ErrorCode::Cancelled, "");
  const Picture picture = picture_from_mel(mel, params_of(mel));
  EXPECT_RIFFLE_ERROR(mel_from_picture(picture, params_of(mel), {}, job), ErrorCode::Cancelled, "");
}

TEST(FitToPicture, RowsFollowThePicture) {
  const FittedParams same = fit_to_picture({}, Picture(512, 512), "a");
  EXPECT_TRUE(same.notes.empty());
  EXPECT_EQ(same.params, SpectrogramParams{});
  const FittedParams fitted = fit_to_picture({}, Picture(100, 256), "a");
  EXPECT_EQ(fitted.params.num_frequencies, 256);
  ASSERT_EQ(fitted.notes.size(), 1U);
  EXPECT_THAT(fitted.notes[0], testing::HasSubstr("256 rows"));
}

TEST(FitToPicture, AbsurdSizesAreErrors) {
  for (const auto& [width, height] :
       {std::pair{1, 1}, {100000, 1}, {1, 512}, {512, 15}, {2, 8193}}) {
    EXPECT_RIFFLE_ERROR(fit_to_picture({}, Picture(width, height), "evil.png"), ErrorCode::BadFile,
                        fmt::format("evil.png: {} x {} pixels", width, height));
  }
}

}  // namespace
}  // namespace riffle::image
