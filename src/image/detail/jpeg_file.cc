// SPDX-License-Identifier: GPL-3.0-or-later
// JPEG through libjpeg-turbo. Its errors leave by longjmp, so every frame between setjmp and a
// libjpeg call holds trivially destructible objects only; what owns memory lives outside.
#include <fmt/format.h>

#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <type_traits>

// jpeglib.h wants stdio.h before it and names no other order.
#include <jerror.h>
#include <jpeglib.h>

#include "core/log.h"
#include "image/detail/picture_codec.h"

namespace riffle::image::detail {
namespace {

constexpr int kExifMarker = JPEG_APP0 + 1;
constexpr uint8_t kExifPrefix[] = {'E', 'x', 'i', 'f', 0, 0};
constexpr size_t kMarkerBytes = 65533;  // what an APPn marker holds
// A progressive file may repeat tiny scans over a huge picture; encoders write about ten.
constexpr int kMaxScans = 100;

// jpeg_error_mgr first: libjpeg hands back a pointer to it.
struct JpegErrors {
  jpeg_error_mgr manager{};
  std::jmp_buf jump{};
  LibraryMessage message{};
};

[[noreturn]] void leave(JpegErrors& errors) { std::longjmp(errors.jump, 1); }

[[noreturn]] void on_error(j_common_ptr common) {
  auto* errors = reinterpret_cast<JpegErrors*>(common->err);
  char text[JMSG_LENGTH_MAX];
  common->err->format_message(common, text);
  std::strncpy(errors->message.data(), text, errors->message.size() - 1);
  leave(*errors);
}

// Damage that libjpeg would paint over in gray is an error here.
void on_message(j_common_ptr common, int level) {
  if (level >= 0) return;  // traces
  const int code = common->err->msg_code;
  if (code == JWRN_HIT_MARKER || code == JWRN_JPEG_EOF || code == JWRN_HUFF_BAD_CODE) {
    on_error(common);
  }
  char text[JMSG_LENGTH_MAX];
  common->err->format_message(common, text);
  log::debug("libjpeg: {}", text);
}

void on_output(j_common_ptr common) {
  char text[JMSG_LENGTH_MAX];
  common->err->format_message(common, text);
  log::debug("libjpeg: {}", text);
}

void prepare(JpegErrors& errors) {
  jpeg_std_error(&errors.manager);
  errors.manager.error_exit = on_error;
  errors.manager.emit_message = on_message;
  errors.manager.output_message = on_output;
}

[[noreturn]] void fail(JpegErrors& errors, const char* text) {
  std::strncpy(errors.message.data(), text, errors.message.size() - 1);
  leave(errors);
}

// Runs calls into libjpeg; false when it reported an error, which then stands in errors.message.
template <class Calls>
bool guarded(JpegErrors& errors, const Calls& calls) {
  static_assert(std::is_trivially_destructible_v<Calls>);
  if (setjmp(errors.jump) != 0) return false;
  calls();
  return true;
}

struct JpegReader {
  JpegErrors errors;
  jpeg_decompress_struct info{};
  jpeg_progress_mgr progress{};
  jpeg_source_mgr source{};

  JpegReader() {
    prepare(errors);
    info.err = &errors.manager;
    if (!guarded(errors, [this] { jpeg_create_decompress(&info); }))
      throw Error(ErrorCode::OutOfMemory, "libjpeg could not start");
  }
  ~JpegReader() { jpeg_destroy_decompress(&info); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;
};

struct JpegWriter {
  JpegErrors errors;
  jpeg_compress_struct info{};
  unsigned char* output = nullptr;
  unsigned long output_bytes = 0;

  JpegWriter() {
    prepare(errors);
    info.err = &errors.manager;
    if (!guarded(errors, [this] { jpeg_create_compress(&info); }))
      throw Error(ErrorCode::OutOfMemory, "libjpeg could not start");
  }
  ~JpegWriter() {
    jpeg_destroy_compress(&info);
    std::free(output);  // jpeg_mem_dest's buffer is malloc'ed
  }
  JpegWriter(const JpegWriter&) = delete;
  JpegWriter& operator=(const JpegWriter&) = delete;
};

// A source of bytes in memory that ends in an error, where libjpeg's own would invent an end
// marker.
void attach_source(JpegReader& reader, std::span<const uint8_t> bytes) {
  jpeg_source_mgr& source = reader.source;
  source.next_input_byte = bytes.data();
  source.bytes_in_buffer = bytes.size();
  source.init_source = [](j_decompress_ptr) {};
  source.fill_input_buffer = [](j_decompress_ptr info) -> boolean {
    fail(*reinterpret_cast<JpegErrors*>(info->err), "the file ends early");
  };
  source.skip_input_data = [](j_decompress_ptr info, long count) {
    if (count <= 0) return;
    if (static_cast<size_t>(count) > info->src->bytes_in_buffer)
      fail(*reinterpret_cast<JpegErrors*>(info->err), "the file ends early");
    info->src->next_input_byte += count;
    info->src->bytes_in_buffer -= static_cast<size_t>(count);
  };
  source.resync_to_restart = jpeg_resync_to_restart;
  source.term_source = [](j_decompress_ptr) {};
  reader.info.src = &source;
}

void attach_scan_limit(JpegReader& reader) {
  reader.progress.progress_monitor = [](j_common_ptr common) {
    if (reinterpret_cast<j_decompress_ptr>(common)->input_scan_number > kMaxScans)
      fail(*reinterpret_cast<JpegErrors*>(common->err), "more than 100 scans");
  };
  reader.info.progress = &reader.progress;
}

// a * b / 255, rounded.
int scale_255(int a, int b) {
  const int product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

// Adobe writes CMYK inverted, and so does everybody else.
void cmyk_to_rgb(const uint8_t* cmyk, uint8_t* rgb, int width) {
  for (int x = 0; x < width; ++x, cmyk += 4, rgb += 3) {
    const int not_black = cmyk[3];
    for (int c = 0; c < 3; ++c)
      rgb[c] = static_cast<uint8_t>(not_black - scale_255(255 - cmyk[c], not_black));
  }
}

void read_rows(JpegReader& reader, Picture& picture, uint8_t* cmyk_row) {
  jpeg_start_decompress(&reader.info);
  while (reader.info.output_scanline < reader.info.output_height) {
    const auto y = static_cast<size_t>(reader.info.output_scanline);
    uint8_t* const rgb = picture.rgb.data() + y * picture.row_bytes();
    JSAMPROW row = cmyk_row != nullptr ? cmyk_row : rgb;
    jpeg_read_scanlines(&reader.info, &row, 1);
    if (cmyk_row != nullptr) cmyk_to_rgb(cmyk_row, rgb, picture.width);
  }
  jpeg_finish_decompress(&reader.info);
}

std::vector<uint8_t> exif_of(const jpeg_decompress_struct& info) {
  for (const jpeg_marker_struct* marker = info.marker_list; marker != nullptr;
       marker = marker->next) {
    if (marker->marker == kExifMarker && marker->data_length > sizeof kExifPrefix &&
        std::memcmp(marker->data, kExifPrefix, sizeof kExifPrefix) == 0)
      return {marker->data + sizeof kExifPrefix, marker->data + marker->data_length};
  }
  return {};
}

void require_writable(const Picture& picture, const PictureWriteOptions& options) {
  if (options.jpeg_quality < 1 || options.jpeg_quality > 100) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("JPEG quality is {}, expected 1 to 100", options.jpeg_quality));
  }
  if (picture.width > JPEG_MAX_DIMENSION || picture.height > JPEG_MAX_DIMENSION) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("JPEG cannot hold {} x {} pixels, expected at most {} a side",
                            picture.width, picture.height, JPEG_MAX_DIMENSION),
                "write a PNG, or several shorter pictures");
  }
  if (picture.exif.size() > kMarkerBytes - sizeof kExifPrefix) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("JPEG cannot hold {} bytes of EXIF, expected at most {}",
                            picture.exif.size(), kMarkerBytes - sizeof kExifPrefix));
  }
}

std::vector<uint8_t> exif_marker(const Picture& picture) {
  if (picture.exif.empty()) return {};
  std::vector<uint8_t> marker(sizeof kExifPrefix + picture.exif.size());
  std::memcpy(marker.data(), kExifPrefix, sizeof kExifPrefix);
  std::memcpy(marker.data() + sizeof kExifPrefix, picture.exif.data(), picture.exif.size());
  return marker;
}

}  // namespace

Picture read_jpeg(std::span<const uint8_t> bytes, std::string_view name,
                  const PictureLimits& limits) {
  JpegReader reader;
  jpeg_decompress_struct& info = reader.info;
  attach_source(reader, bytes);
  attach_scan_limit(reader);
  const auto failure = [&] {
    return bad_picture(name, fmt::format("JPEG: {}", reader.errors.message.data()));
  };
  if (!guarded(reader.errors, [&] {
        jpeg_save_markers(&info, kExifMarker, 0xFFFF);
        jpeg_read_header(&info, TRUE);
      }))
    throw failure();

  const int components = info.num_components;
  if (components != 1 && components != 3 && components != 4) {
    throw Error(
        ErrorCode::Unsupported,
        fmt::format("picture {}: JPEG of {} components, expected 1, 3 or 4", name, components),
        "convert it to RGB or gray first");
  }
  // A Huffman code takes at least one bit, and every block of 64 pixels at least one code.
  const auto pixels = static_cast<uint64_t>(info.image_width) * info.image_height;
  if (info.arith_code == FALSE && pixels / 512 > bytes.size()) {
    throw bad_picture(name, fmt::format("JPEG: {} bytes cannot hold {} x {} pixels", bytes.size(),
                                        info.image_width, info.image_height));
  }
  Picture picture = make_picture(info.image_width, info.image_height, name, limits);
  picture.exif = exif_of(info);
  std::vector<uint8_t> cmyk_row(components == 4 ? static_cast<size_t>(picture.width) * 4 : 0);
  info.out_color_space = components == 4 ? JCS_CMYK : JCS_RGB;
  if (!guarded(reader.errors,
               [&] { read_rows(reader, picture, cmyk_row.empty() ? nullptr : cmyk_row.data()); }))
    throw failure();
  return picture;
}

std::vector<uint8_t> write_jpeg(const Picture& picture, const PictureWriteOptions& options) {
  require_writable(picture, options);
  const std::vector<uint8_t> marker = exif_marker(picture);
  JpegWriter writer;
  jpeg_compress_struct& info = writer.info;
  const bool written = guarded(writer.errors, [&] {
    jpeg_mem_dest(&info, &writer.output, &writer.output_bytes);
    info.image_width = static_cast<JDIMENSION>(picture.width);
    info.image_height = static_cast<JDIMENSION>(picture.height);
    info.input_components = 3;
    info.in_color_space = JCS_RGB;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, options.jpeg_quality, TRUE);
    const int factor = options.jpeg_subsampling == ChromaSubsampling::Quarter ? 2 : 1;
    info.comp_info[0].h_samp_factor = factor;
    info.comp_info[0].v_samp_factor = factor;
    jpeg_start_compress(&info, TRUE);
    if (!marker.empty())
      jpeg_write_marker(&info, kExifMarker, marker.data(), static_cast<unsigned>(marker.size()));
    while (info.next_scanline < info.image_height) {
      auto* row = const_cast<JSAMPROW>(picture.row(static_cast<int>(info.next_scanline)).data());
      jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
  });
  if (!written) {
    throw Error(ErrorCode::Internal,
                fmt::format("libjpeg cannot write a picture of {} x {}: {}", picture.width,
                            picture.height, writer.errors.message.data()));
  }
  return {writer.output, writer.output + writer.output_bytes};
}

}  // namespace riffle::image::detail
