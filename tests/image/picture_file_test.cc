// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures as Pillow reads them, and what is written comes back.
#include "image/picture_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "core/error.h"
#include "core/files.h"
#include "core/json.h"
#include "image/file_builder.h"
#include "image/spectrogram_exif.h"
#include "support/test_files.h"

namespace riffle::image {
namespace {

using test::Bytes;

Picture noise(int width, int height, unsigned seed) {
  Picture picture(width, height);
  std::mt19937 random(seed);
  for (uint8_t& value : picture.rgb) value = static_cast<uint8_t>(random());
  return picture;
}

// Slow waves of colour: what JPEG keeps well.
Picture waves(int width, int height) {
  Picture picture(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const size_t at = size_t{3} * static_cast<size_t>(x);
      picture.row(y)[at] = static_cast<uint8_t>(128 + 100 * std::sin(0.11 * x));
      picture.row(y)[at + 1] = static_cast<uint8_t>(128 + 100 * std::sin(0.13 * y));
      picture.row(y)[at + 2] = static_cast<uint8_t>(128 + 100 * std::cos(0.07 * (x + y)));
    }
  }
  return picture;
}

int largest_difference(const Picture& a, const Picture& b) {
  int largest = 0;
  for (size_t i = 0; i < a.rgb.size(); ++i)
    largest = std::max(largest, std::abs(a.rgb[i] - b.rgb[i]));
  return largest;
}

Bytes from_hex(const std::string& hex) {
  Bytes out;
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    out.push_back(static_cast<uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return out;
}

// Exact for JPEG as well: the slow integer transform is defined bit by bit, and Pillow uses it too.
TEST(PictureFile, ReadsEveryKindAsPillowDoes) {
  const Json golden = read_json_file(test::golden_file("image/golden.json")).at("pictures");
  ASSERT_GE(golden.size(), 30U);
  for (const auto& [name, expected] : golden.items()) {
    SCOPED_TRACE(name);
    const Picture picture = read_picture(test::golden_file("image/pictures/" + name));
    EXPECT_EQ(picture.width, expected.at("width").get<int>());
    EXPECT_EQ(picture.height, expected.at("height").get<int>());
    EXPECT_EQ(picture.rgb, from_hex(expected.at("rgb").get<std::string>()));
  }
}

TEST(PictureFile, PngRoundTripIsExact) {
  Picture picture = noise(37, 21, 1);
  picture.exif = encode_spectrogram_exif({{}, 5.0});
  const test::TemporaryFolder folder;
  write_picture(folder / "a.png", picture);
  const Picture back = read_picture(folder / "a.png");
  EXPECT_EQ(back.width, 37);
  EXPECT_EQ(back.height, 21);
  EXPECT_EQ(back.rgb, picture.rgb);
  EXPECT_EQ(back.exif, picture.exif);
}

// The chunks of a PNG, in order: name and data.
std::vector<std::pair<std::string, Bytes>> chunks_of(const Bytes& png) {
  std::vector<std::pair<std::string, Bytes>> chunks;
  for (size_t at = 8; at + 12 <= png.size();) {
    const size_t size = static_cast<size_t>(png[at]) << 24 |
                        static_cast<size_t>(png[at + 1]) << 16 |
                        static_cast<size_t>(png[at + 2]) << 8 | png[at + 3];
    const auto data = png.begin() + static_cast<std::ptrdiff_t>(at + 8);
    chunks.emplace_back(std::string(data - 4, data),
                        Bytes(data, data + static_cast<std::ptrdiff_t>(size)));
    at += 12 + size;
  }
  return chunks;
}

TEST(PictureFile, PngHoldsRgb8OneExifChunkAndNothingElse) {
  Picture picture = noise(16, 16, 2);
  picture.exif = encode_spectrogram_exif({{}, 5.0});
  std::string names;
  for (const auto& [name, data] : chunks_of(encode_picture(picture, PictureFormat::Png))) {
    names += name + " ";
    if (name == "eXIf") {
      EXPECT_EQ(data, picture.exif);
    }
    if (name == "IHDR") {
      EXPECT_EQ(data, (Bytes{0, 0, 0, 16, 0, 0, 0, 16, 8, 2, 0, 0, 0}));
    }
  }
  EXPECT_EQ(names, "IHDR eXIf IDAT IEND ");
}

TEST(PictureFile, JpegCarriesExifAndStaysClose) {
  Picture picture = waves(64, 48);
  picture.exif = encode_spectrogram_exif({{}, 46801012.0});
  const test::TemporaryFolder folder;
  write_picture(folder / "a.JPG", picture);
  const Picture back = read_picture(folder / "a.JPG");
  EXPECT_EQ(back.exif, picture.exif);
  ASSERT_EQ(back.rgb.size(), picture.rgb.size());
  // Quality 95 quantises the lowest frequencies by 1 to 2 levels; conversion to YCbCr adds one.
  EXPECT_LE(largest_difference(back, picture), 6);
}

TEST(PictureFile, JpegDefaultsKeepStereoApart) {
  // Left and right that have nothing to do with each other, column by column.
  Picture picture(64, 64);
  for (int y = 0; y < 64; ++y) {
    for (size_t x = 0; x < 64; ++x) {
      picture.row(y)[3 * x + 1] = x % 2 == 0 ? 40 : 200;
      picture.row(y)[3 * x + 2] = x % 4 < 2 ? 30 : 220;
    }
  }
  const auto error_of = [&](const PictureWriteOptions& options) {
    return largest_difference(
        read_picture(encode_picture(picture, PictureFormat::Jpeg, options), "a.jpg"), picture);
  };
  EXPECT_LE(error_of({}), 25);
  EXPECT_GE(error_of({.jpeg_quality = 75, .jpeg_subsampling = ChromaSubsampling::Quarter}), 80);
}

TEST(PictureFile, JpegSizeFollowsQuality) {
  const Picture picture = noise(64, 64, 3);
  const auto bytes = [&](int quality) {
    return encode_picture(picture, PictureFormat::Jpeg, {.jpeg_quality = quality}).size();
  };
  EXPECT_LT(bytes(30), bytes(75));
  EXPECT_LT(bytes(75), bytes(95));
}

TEST(PictureFile, ForeignJpegKeepsItsExif) {
  const Picture picture = read_picture(test::golden_file("image/pictures/rgb_orientation.jpg"));
  const auto lines = list_exif(picture.exif, "a");
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].text(), "Make                 =        A camera");
  EXPECT_EQ(lines[1].text(), "Orientation          =               6");
}

TEST(PictureFile, KindIsToldFromContentNotName) {
  const test::TemporaryFolder folder;
  const auto bytes = encode_picture(waves(8, 8), PictureFormat::Jpeg);
  write_file(folder / "really_a_jpeg.png", bytes);
  EXPECT_EQ(read_picture(folder / "really_a_jpeg.png").width, 8);
}

TEST(PictureFile, RefusesWhatItCannotWrite) {
  const test::TemporaryFolder folder;
  EXPECT_RIFFLE_ERROR(write_picture(folder / "a.bmp", noise(4, 4, 1)), ErrorCode::InvalidArgument,
                      "expected .png");
  EXPECT_RIFFLE_ERROR(write_picture(folder / "a.png", Picture{}), ErrorCode::InvalidArgument,
                      "0 x 0");
  Picture torn = noise(4, 4, 1);
  torn.rgb.pop_back();
  EXPECT_RIFFLE_ERROR(write_picture(folder / "a.png", torn), ErrorCode::InvalidArgument,
                      "47 bytes of colour");
  EXPECT_RIFFLE_ERROR(write_picture(folder / "a.jpg", noise(4, 4, 1), {.jpeg_quality = 0}),
                      ErrorCode::InvalidArgument, "expected 1 to 100");
  EXPECT_RIFFLE_ERROR(write_picture(folder / "a.jpg", Picture(65501, 1)),
                      ErrorCode::InvalidArgument, "65501 x 1");
  Picture loaded = noise(4, 4, 1);
  loaded.exif.resize(65528);
  EXPECT_RIFFLE_ERROR(write_picture(folder / "a.jpg", loaded), ErrorCode::InvalidArgument,
                      "65528 bytes of EXIF");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(PictureFile, LargestJpegExifFits) {
  Picture picture = noise(4, 4, 1);
  picture.exif.assign(65527, 'M');
  EXPECT_EQ(read_picture(encode_picture(picture, PictureFormat::Jpeg), "a").exif, picture.exif);
}

TEST(PictureFile, OnePixelHighAndWide) {
  for (const auto& [width, height] : {std::pair{1, 1}, {100000, 1}, {1, 16384}}) {
    const Picture picture = noise(width, height, 5);
    const Picture back = read_picture(encode_picture(picture, PictureFormat::Png), "a");
    EXPECT_EQ(back.width, width);
    EXPECT_EQ(back.rgb, picture.rgb);
  }
}

TEST(PictureFile, ReadsTheReferencePictures) {
  RIFFLE_REFERENCE_OR_SKIP(palette, "spectrogram/og_beat.png");
  RIFFLE_REFERENCE_OR_SKIP(gray, "spectrogram/agile.png");
  const Picture beat = read_picture(palette);
  EXPECT_EQ(beat.width, 512);
  EXPECT_EQ(beat.height, 512);
  int coloured = 0;
  for (size_t i = 0; i < beat.rgb.size(); i += 3)
    coloured += beat.rgb[i] != beat.rgb[i + 1] || beat.rgb[i] != beat.rgb[i + 2] ? 1 : 0;
  EXPECT_EQ(coloured, 996);  // counted with Pillow
  const Picture agile = read_picture(gray);
  EXPECT_EQ(agile.width, 512);
  EXPECT_EQ(agile.rgb[0], agile.rgb[2]);
}

}  // namespace
}  // namespace riffle::image
