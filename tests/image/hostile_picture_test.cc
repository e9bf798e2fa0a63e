// SPDX-License-Identifier: GPL-3.0-or-later
// Picture files that are broken or were made to break readers: each gives a clear error.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "core/error.h"
#include "core/files.h"
#include "image/file_builder.h"
#include "image/picture_file.h"
#include "support/test_files.h"

namespace riffle::image {
namespace {

using test::Bytes;
using test::PngParts;

Bytes golden(const std::string& name) {
  return read_file(test::golden_file("image/pictures/" + name), 1 << 20);
}

// A PNG with this header alone, its CRC right.
Bytes png_header_only(uint32_t width, uint32_t height, uint8_t depth, uint8_t colour_type) {
  PngParts parts;
  parts.width = width;
  parts.height = height;
  parts.depth = depth;
  parts.colour_type = colour_type;
  parts.raw = {0, 1, 2, 3};
  return test::png_of(parts);
}

// A good 1 x 1 PNG with chunks of its own before the pixels.
Bytes png_with(const Bytes& chunks) {
  PngParts parts;
  parts.before_pixels = chunks;
  parts.raw = {0, 1, 2, 3};
  return test::png_of(parts);
}

Bytes with_byte(Bytes bytes, size_t at, uint8_t value) {
  bytes.at(at) = value;
  return bytes;
}

Bytes palette_without_colour() {
  PngParts parts;
  parts.colour_type = 3;
  parts.before_pixels = test::png_chunk("PLTE", {1, 2, 3, 4, 5, 6});
  parts.raw = {0, 200};
  return test::png_of(parts);
}

// Where the frame header of a JPEG begins: its height is 5 bytes further, its width 7, its
// component count 9.
size_t frame_header_of(const Bytes& jpeg) {
  for (size_t i = 2; i + 1 < jpeg.size();
       i += 2 + static_cast<size_t>(jpeg[i + 2] << 8 | jpeg[i + 3])) {
    if (jpeg[i + 1] == 0xC0 || jpeg[i + 1] == 0xC2) return i;
  }
  throw std::runtime_error("no frame header");
}

Bytes jpeg_of_size(int width, int height) {
  Bytes jpeg = golden("rgb_444.jpg");
  const size_t at = frame_header_of(jpeg);
  jpeg[at + 5] = static_cast<uint8_t>(height >> 8);
  jpeg[at + 6] = static_cast<uint8_t>(height);
  jpeg[at + 7] = static_cast<uint8_t>(width >> 8);
  jpeg[at + 8] = static_cast<uint8_t>(width);
  return jpeg;
}

struct HostileFile {
  const char* what;
  Bytes bytes;
  const char* message;
};

std::vector<HostileFile> hostile_files() {
  const Bytes good = png_with({});
  return {
      {"empty file", {}, "empty file"},
      {"text", {'h', 'e', 'l', 'l', 'o', '!', '!', '!', '!'}, "neither PNG nor JPEG"},
      {"PNG signature alone", test::png_signature(), "ends early"},
      {"PNG without IHDR", with_byte(good, 12, 'J'), "no header chunk"},
      {"PNG header of another length", with_byte(good, 11, 12), "no header chunk"},
      {"2^31 x 2^31", png_header_only(0x80000000U, 0x80000000U, 8, 2), "2147483648 x 2147483648"},
      {"2^32-1 wide", png_header_only(0xFFFFFFFFU, 1, 16, 6), "4294967295 x 1"},
      {"zero wide", png_header_only(0, 5, 8, 2), "0 x 5 pixels"},
      {"zero high", png_header_only(5, 0, 8, 2), "5 x 0 pixels"},
      {"too wide", png_header_only(1'000'001, 1, 8, 2), "1000001 x 1 pixels"},
      {"too high", png_header_only(1, 16'385, 8, 2), "1 x 16385 pixels"},
      {"too many pixels", png_header_only(1'000'000, 401, 1, 0), "bytes cannot hold"},
      {"more pixels than its bytes can hold", png_header_only(20'000, 16'000, 8, 2),
       "bytes cannot hold 20000 x 16000"},
      {"odd bit depth", png_header_only(1, 1, 7, 2), "PNG: "},
      {"unknown colour type", png_header_only(1, 1, 8, 5), "PNG: "},
      {"palette picture without a palette", png_header_only(1, 1, 8, 3), "PNG: "},
      {"palette index without colour", palette_without_colour(), "palette index 200"},
      {"wrong CRC of the header", with_byte(good, 29, static_cast<uint8_t>(good[29] ^ 1)), "CRC"},
      {"wrong CRC of the pixels",
       with_byte(good, good.size() - 13, static_cast<uint8_t>(good[good.size() - 13] ^ 1)), "CRC"},
      {"too few rows", png_header_only(1, 2, 8, 2), "PNG: "},
      {"unknown critical chunk", png_with(test::png_chunk("BoMB", {1, 2, 3})), "PNG: "},
      {"JPEG signature alone", {0xFF, 0xD8, 0xFF}, "ends early"},
      {"JPEG without a frame", {0xFF, 0xD8, 0xFF, 0xD9}, "JPEG: "},
      {"JPEG of zero width", jpeg_of_size(0, 19), "JPEG: "},
      {"JPEG of zero height", jpeg_of_size(21, 0), "JPEG: "},
      {"JPEG of 65535 x 65535", jpeg_of_size(65535, 65535), "JPEG: "},
      {"JPEG of 65500 x 65500", jpeg_of_size(65500, 65500), "cannot hold 65500 x 65500"},
      {"JPEG of more blocks than bits", jpeg_of_size(16000, 16000), "cannot hold 16000 x 16000"},
  };
}

TEST(HostilePicture, EachGivesAClearError) {
  for (const HostileFile& file : hostile_files()) {
    SCOPED_TRACE(file.what);
    EXPECT_RIFFLE_ERROR(read_picture(file.bytes, "evil"), ErrorCode::BadFile, file.message);
  }
}

TEST(HostilePicture, ErrorsNameTheFile) {
  const test::TemporaryFolder folder;
  write_text_file(folder / "evil.png", "not a picture");
  EXPECT_RIFFLE_ERROR(read_picture(folder / "evil.png"), ErrorCode::BadFile, "evil.png");
  EXPECT_RIFFLE_ERROR(read_picture(folder / "absent.png"), ErrorCode::NotFound, "absent.png");
  EXPECT_RIFFLE_ERROR(read_picture(folder.path()), ErrorCode::BadFile, "folder");
}

// The frame header of a three-component JPEG cut down to two, and its scan header with it.
Bytes jpeg_of_two_components() {
  Bytes jpeg = golden("rgb_444.jpg");
  const auto erase = [&](size_t at, size_t count) {
    const auto first = jpeg.begin() + static_cast<std::ptrdiff_t>(at);
    jpeg.erase(first, first + static_cast<std::ptrdiff_t>(count));
  };
  const size_t frame = frame_header_of(jpeg);
  jpeg[frame + 3] = 8 + 3 * 2;
  jpeg[frame + 9] = 2;
  erase(frame + 16, 3);
  constexpr uint8_t kScan[] = {0xFF, 0xDA};
  const auto scan = static_cast<size_t>(
      std::search(jpeg.begin(), jpeg.end(), std::begin(kScan), std::end(kScan)) - jpeg.begin());
  jpeg[scan + 3] = 6 + 2 * 2;
  jpeg[scan + 4] = 2;
  erase(scan + 9, 2);
  return jpeg;
}

TEST(HostilePicture, TwoComponentJpegIsUnsupported) {
  EXPECT_RIFFLE_ERROR(read_picture(jpeg_of_two_components(), "evil"), ErrorCode::Unsupported,
                      "JPEG of 2 components");
}

TEST(HostilePicture, TruncatedAnywhere) {
  for (const char* name :
       {"rgb_8.png", "palette_4_trns.png", "rgba_16_interlaced.png", "rgb_8_text.png",
        "rgb_444.jpg", "progressive.jpg", "gray.jpg", "cmyk.jpg", "rgb_orientation.jpg"}) {
    SCOPED_TRACE(name);
    const Bytes whole = golden(name);
    ASSERT_NO_THROW(read_picture(whole, name));
    for (size_t size = 0; size < whole.size(); ++size) {
      SCOPED_TRACE(size);
      EXPECT_RIFFLE_ERROR(read_picture(std::span(whole).first(size), name), ErrorCode::BadFile, "");
    }
  }
}

// Whatever a byte becomes, the answer is a picture or a riffle::Error, and within limits.
TEST(HostilePicture, EveryByteChanged) {
  const PictureLimits limits{.max_width = 4096, .max_height = 4096, .max_pixels = 1 << 20};
  std::mt19937 random(7);
  int refused = 0;
  for (const char* name : {"rgb_8.png", "palette_4_trns.png", "rgba_16_interlaced.png",
                           "progressive.jpg", "cmyk.jpg", "rgb_orientation.jpg"}) {
    SCOPED_TRACE(name);
    const Bytes whole = golden(name);
    for (size_t at = 0; at < whole.size(); ++at) {
      const Bytes damaged =
          with_byte(whole, at, static_cast<uint8_t>(whole[at] ^ (1 + random() % 255)));
      try {
        const Picture picture = read_picture(damaged, name, limits);
        EXPECT_EQ(picture.rgb.size(), picture.row_bytes() * static_cast<size_t>(picture.height));
      } catch (const Error&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 100);
}

// What libFuzzer found on its way (scripts/fuzz --keep), in every build.
TEST(HostilePicture, FuzzCorpus) {
  int files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(test::golden_file("../fuzz/corpus/picture"))) {
    SCOPED_TRACE(entry.path());
    ++files;
    try {
      const Picture picture = read_picture(entry.path());
      EXPECT_EQ(picture.rgb.size(), picture.row_bytes() * static_cast<size_t>(picture.height));
    } catch (const Error& e) {
      EXPECT_TRUE(e.code() == ErrorCode::BadFile || e.code() == ErrorCode::Unsupported) << e.what();
    }
  }
  EXPECT_GT(files, 10);
}

// Chunks nobody asked for are never unpacked, however large they would become.
TEST(HostilePicture, CompressedMetadataStaysPacked) {
  const Bytes packed = test::deflated(Bytes(100'000'000, 0));
  Bytes text = {'b', 'o', 'm', 'b', 0, 0};
  test::append(text, packed);
  Bytes profile = {'i', 'c', 'c', 0, 0};
  test::append(profile, packed);
  Bytes international = {'b', 'o', 'm', 'b', 0, 1, 0, 0, 0};
  test::append(international, packed);
  for (const auto& [kind, data] :
       {std::pair{"zTXt", text}, {"iCCP", profile}, {"iTXt", international}}) {
    SCOPED_TRACE(kind);
    const Picture picture = read_picture(png_with(test::png_chunk(kind, data)), "bomb");
    EXPECT_EQ(picture.rgb, (Bytes{1, 2, 3}));
    EXPECT_TRUE(picture.exif.empty());
  }
}

TEST(HostilePicture, LimitsHoldBeforeMemoryIsTaken) {
  PngParts parts;
  parts.width = 1000;
  parts.height = 1000;
  parts.raw = test::flat_rows(1000, 1000, 9);
  const Bytes bytes = test::png_of(parts);
  EXPECT_EQ(read_picture(bytes, "a").height, 1000);
  EXPECT_RIFFLE_ERROR(read_picture(bytes, "a", {.max_pixels = 999'999}), ErrorCode::BadFile,
                      "at most 999999 in all");
  EXPECT_RIFFLE_ERROR(read_picture(bytes, "a", {.max_width = 999}), ErrorCode::BadFile,
                      "1000 x 1000");
  EXPECT_RIFFLE_ERROR(read_picture(bytes, "a", {.max_height = 999}), ErrorCode::BadFile,
                      "1000 x 1000");
}

}  // namespace
}  // namespace riffle::image
