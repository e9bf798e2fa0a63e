// SPDX-License-Identifier: GPL-3.0-or-later
// PNG through libpng. Its errors leave by longjmp, so every frame between setjmp and a libpng call
// holds trivially destructible objects only; what owns memory lives outside (PngHandle, Picture).
#include <fmt/format.h>
#include <png.h>

#include <csetjmp>
#include <cstring>
#include <new>
#include <type_traits>

#include "core/log.h"
#include "image/detail/picture_codec.h"

namespace riffle::image::detail {
namespace {

struct PngHandle {
  std::span<const uint8_t> input;
  size_t offset = 0;
  std::vector<uint8_t> output;
  LibraryMessage message{};
  bool writing = false;
  png_structp png = nullptr;
  png_infop info = nullptr;

  explicit PngHandle(bool for_writing);
  ~PngHandle();
  PngHandle(const PngHandle&) = delete;
  PngHandle& operator=(const PngHandle&) = delete;
};

[[noreturn]] void on_error(png_structp png, png_const_charp text) {
  auto* handle = static_cast<PngHandle*>(png_get_error_ptr(png));
  std::strncpy(handle->message.data(), text, handle->message.size() - 1);
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp text) { log::debug("libpng: {}", text); }

void on_read(png_structp png, png_bytep data, size_t size) {
  auto* handle = static_cast<PngHandle*>(png_get_io_ptr(png));
  if (size > handle->input.size() - handle->offset) png_error(png, "the file ends early");
  std::memcpy(data, handle->input.data() + handle->offset, size);
  handle->offset += size;
}

void on_write(png_structp png, png_bytep data, size_t size) {
  auto* handle = static_cast<PngHandle*>(png_get_io_ptr(png));
  bool stored = true;
  try {
    handle->output.insert(handle->output.end(), data, data + size);
  } catch (const std::bad_alloc&) {
    stored = false;  // a longjmp out of the handler would leak the exception
  }
  if (!stored) png_error(png, "no memory for the file");
}

void on_flush(png_structp) {}

PngHandle::PngHandle(bool for_writing) : writing(for_writing) {
  png = writing ? png_create_write_struct(PNG_LIBPNG_VER_STRING, this, on_error, on_warning)
                : png_create_read_struct(PNG_LIBPNG_VER_STRING, this, on_error, on_warning);
  info = png != nullptr ? png_create_info_struct(png) : nullptr;
  if (info != nullptr) return;
  if (writing) {
    png_destroy_write_struct(&png, nullptr);
  } else {
    png_destroy_read_struct(&png, nullptr, nullptr);
  }
  throw Error(ErrorCode::OutOfMemory, "libpng could not start");
}

PngHandle::~PngHandle() {
  if (writing) {
    png_destroy_write_struct(&png, &info);
  } else {
    png_destroy_read_struct(&png, &info, nullptr);
  }
}

// Runs calls into libpng; false when it reported an error, which then stands in handle.message.
template <class Calls>
bool guarded(PngHandle& handle, const Calls& calls) {
  static_assert(std::is_trivially_destructible_v<Calls>);
  if (setjmp(png_jmpbuf(handle.png)) != 0) return false;
  calls();
  return true;
}

uint32_t big_endian_32(std::span<const uint8_t> bytes, size_t at) {
  return static_cast<uint32_t>(bytes[at]) << 24 | static_cast<uint32_t>(bytes[at + 1]) << 16 |
         static_cast<uint32_t>(bytes[at + 2]) << 8 | bytes[at + 3];
}

// The size from IHDR, which must come first, as an empty picture. Also refuses a size that the
// bytes at hand cannot hold: deflate reaches at most 1032 to 1 (zlib, "Maximum Compression
// Factor").
Picture picture_of_header(std::span<const uint8_t> bytes, std::string_view name,
                          const PictureLimits& limits) {
  constexpr size_t kHeaderBytes = 8 + 8 + 13 + 4;
  if (bytes.size() < kHeaderBytes) throw bad_picture(name, "PNG: the file ends early");
  if (big_endian_32(bytes, 8) != 13 || std::memcmp(bytes.data() + 12, "IHDR", 4) != 0) {
    throw bad_picture(name, "PNG: no header chunk (IHDR) of 13 bytes at its beginning");
  }
  const auto width = static_cast<int64_t>(big_endian_32(bytes, 16));
  const auto height = static_cast<int64_t>(big_endian_32(bytes, 20));
  // At least one bit a pixel; wider pixels only make the bound looser.
  if (width <= limits.max_width && height <= limits.max_height &&
      (width + 7) / 8 * height > 1032 * static_cast<int64_t>(bytes.size())) {
    throw bad_picture(
        name, fmt::format("PNG: {} bytes cannot hold {} x {} pixels", bytes.size(), width, height));
  }
  return make_picture(width, height, name, limits);
}

// Ancillary chunks are skipped without being unpacked (a zTXt or iCCP can be a bomb), but for the
// two that matter: tRNS, so that it can be stripped, and eXIf.
void skip_other_metadata(png_structp png) {
  static constexpr char kSkipped[] =
      "bKGD\0cHRM\0gAMA\0hIST\0iCCP\0iTXt\0oFFs\0pCAL\0pHYs\0sBIT\0sCAL\0sPLT\0sRGB\0sTER\0tEXt\0"
      "tIME\0zTXt";
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER,
                              reinterpret_cast<png_const_bytep>(kSkipped), sizeof kSkipped / 5);
}

// From file header to the first row. Rows come as 8-bit RGB, of palette pictures as one index a
// pixel (libpng would paint an index beyond the palette black).
void begin_reading(PngHandle& handle, const PictureLimits& limits) {
  png_structp png = handle.png;
  png_set_read_fn(png, &handle, on_read);
  png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  png_set_user_limits(png, static_cast<png_uint_32>(limits.max_width),
                      static_cast<png_uint_32>(limits.max_height));
  skip_other_metadata(png);
  png_read_info(png, handle.info);
  if (png_get_color_type(png, handle.info) == PNG_COLOR_TYPE_PALETTE) {
    png_set_packing(png);
    return;
  }
  png_set_expand(png);    // gray of 1, 2 and 4 bits to 8, tRNS to alpha
  png_set_strip_16(png);  // the high byte
  png_set_strip_alpha(png);
  png_set_gray_to_rgb(png);
}

// What libpng keeps for the caller; all of it lives as long as the handle.
struct PngExtras {
  png_colorp palette = nullptr;  // null: the rows are RGB
  int palette_size = 0;
  png_bytep exif = nullptr;
  png_uint_32 exif_bytes = 0;
};

void read_pixels(PngHandle& handle, Picture& picture, PngExtras& extras) {
  const bool indexed = png_get_color_type(handle.png, handle.info) == PNG_COLOR_TYPE_PALETTE;
  const int passes = png_set_interlace_handling(handle.png);
  png_read_update_info(handle.png, handle.info);
  const size_t expected = indexed ? static_cast<size_t>(picture.width) : picture.row_bytes();
  if (png_get_rowbytes(handle.png, handle.info) != expected)
    png_error(handle.png, "unexpected row size");
  for (int pass = 0; pass < passes; ++pass) {
    for (int y = 0; y < picture.height; ++y)
      png_read_row(handle.png, picture.row(y).data(), nullptr);
  }
  png_read_end(handle.png, handle.info);
  if (indexed) png_get_PLTE(handle.png, handle.info, &extras.palette, &extras.palette_size);
  png_get_eXIf_1(handle.png, handle.info, &extras.exif_bytes, &extras.exif);
}

// Rows that hold an index a pixel in their first third become RGB in place, from their ends.
void look_up_palette(Picture& picture, const PngExtras& extras, std::string_view name) {
  for (int y = 0; y < picture.height; ++y) {
    const auto row = picture.row(y);
    for (auto x = static_cast<size_t>(picture.width); x-- > 0;) {
      const int index = row[x];
      if (index >= extras.palette_size) {
        throw bad_picture(name, fmt::format("PNG: palette index {}, but the palette has {} colours",
                                            index, extras.palette_size));
      }
      const png_color& colour = extras.palette[index];
      row[3 * x] = colour.red;
      row[3 * x + 1] = colour.green;
      row[3 * x + 2] = colour.blue;
    }
  }
}

}  // namespace

Picture read_png(std::span<const uint8_t> bytes, std::string_view name,
                 const PictureLimits& limits) {
  Picture picture = picture_of_header(bytes, name, limits);
  PngHandle handle(false);
  handle.input = bytes;
  PngExtras extras;
  const bool read = guarded(handle, [&] {
    begin_reading(handle, limits);
    read_pixels(handle, picture, extras);
  });
  if (!read) throw bad_picture(name, fmt::format("PNG: {}", handle.message.data()));
  if (extras.palette != nullptr) look_up_palette(picture, extras, name);
  if (extras.exif != nullptr) picture.exif.assign(extras.exif, extras.exif + extras.exif_bytes);
  return picture;
}

std::vector<uint8_t> write_png(const Picture& picture) {
  PngHandle handle(true);
  const bool written = guarded(handle, [&] {
    png_structp png = handle.png;
    png_set_write_fn(png, &handle, on_write, on_flush);
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_IHDR(png, handle.info, static_cast<png_uint_32>(picture.width),
                 static_cast<png_uint_32>(picture.height), 8, PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    // On spectrograms level 3 with Paeth alone takes a third of the time of libpng's defaults, for
    // files 4 % smaller (mono) or 5 % larger (stereo).
    png_set_compression_level(png, 3);
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_PAETH);
    if (!picture.exif.empty()) {
      png_set_eXIf_1(png, handle.info, static_cast<png_uint_32>(picture.exif.size()),
                     const_cast<png_bytep>(picture.exif.data()));  // read only, libpng copies it
    }
    png_write_info(png, handle.info);
    for (int y = 0; y < picture.height; ++y) png_write_row(png, picture.row(y).data());
    png_write_end(png, nullptr);
  });
  if (!written) {
    throw Error(ErrorCode::Internal,
                fmt::format("libpng cannot write a picture of {} x {}: {}", picture.width,
                            picture.height, handle.message.data()));
  }
  return std::move(handle.output);
}

}  // namespace riffle::image::detail
