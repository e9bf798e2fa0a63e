// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes read as a picture: it is refused with a riffle::Error, or it is whole, and comes back
// through PNG as it was.
#include <zlib.h>

#include <span>

#include "core/error.h"
#include "fuzz_support.h"
#include "image/picture_file.h"
#include "image/spectrogram_picture.h"

namespace {

using riffle::fuzz::require;
using riffle::image::Picture;

constexpr size_t kPngSignatureBytes = 8;
constexpr size_t kChunkFrameBytes = 12;  // length, kind, CRC

uint32_t get_32(const uint8_t* p) {
  return static_cast<uint32_t>(p[0]) << 24 | static_cast<uint32_t>(p[1]) << 16 |
         static_cast<uint32_t>(p[2]) << 8 | p[3];
}

void put_32(uint8_t* p, uint32_t value) {
  for (int i = 0; i < 4; ++i) p[i] = static_cast<uint8_t>(value >> (24 - 8 * i));
}

// Makes the CRC of every PNG chunk right, or nothing behind them would ever be reached.
void mend_checksums(uint8_t* data, size_t size) {
  if (size < kPngSignatureBytes || data[0] != 0x89) return;
  for (size_t at = kPngSignatureBytes; size - at >= kChunkFrameBytes;) {
    const size_t length = get_32(data + at);
    if (length > size - at - kChunkFrameBytes) return;
    const auto crc = crc32(0, data + at + 4, static_cast<uInt>(length + 4));
    put_32(data + at + 8 + length, static_cast<uint32_t>(crc));
    at += kChunkFrameBytes + length;
  }
}

void check_decode(const Picture& picture) {
  riffle::audio::SpectrogramParams params;
  params.num_frequencies = picture.height;
  params.stereo = picture.width % 2 == 0;
  const auto mel = riffle::image::mel_from_picture(picture, params, {.max_value = 1});
  require(riffle::image::max_amplitude(mel) <= 1);
}

}  // namespace

int LLVMFuzzerInitialize(int*, char***) {
  riffle::fuzz::silence();
  return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  const size_t mutated = LLVMFuzzerMutate(data, size, max_size);
  if (seed % 8 != 0) mend_checksums(data, mutated);
  return mutated;
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr riffle::image::PictureLimits kLimits{
      .max_width = 4096, .max_height = 4096, .max_pixels = 1 << 18};
  try {
    const Picture picture = riffle::image::read_picture(std::span(data, size), "input", kLimits);
    require(picture.width >= 1 && picture.height >= 1);
    require(picture.rgb.size() == picture.row_bytes() * static_cast<size_t>(picture.height));
    Picture plain = picture;
    plain.exif.clear();  // a PNG that is read may carry EXIF that no PNG should
    const auto png = encode_picture(plain, riffle::image::PictureFormat::Png);
    require(riffle::image::read_picture(png, "own", kLimits).rgb == picture.rgb);
    check_decode(picture);
  } catch (const riffle::Error&) {
  }
  return 0;
}
