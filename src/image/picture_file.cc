// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/picture_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <new>
#include <string>

#include "core/error.h"
#include "core/files.h"
#include "image/detail/picture_codec.h"

namespace riffle::image {
namespace detail {

Error bad_picture(std::string_view name, std::string_view what) {
  return {ErrorCode::BadFile, fmt::format("picture {}: {}", name, what),
          "make the file again, or give another PNG or JPEG"};
}

Picture make_picture(int64_t width, int64_t height, std::string_view name,
                     const PictureLimits& limits) {
  if (width < 1 || height < 1 || width > limits.max_width || height > limits.max_height ||
      width * height > limits.max_pixels) {
    throw bad_picture(
        name, fmt::format("{} x {} pixels, expected 1 x 1 to {} x {} and at most {} "
                          "in all",
                          width, height, limits.max_width, limits.max_height, limits.max_pixels));
  }
  try {
    return {static_cast<int>(width), static_cast<int>(height)};
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::OutOfMemory,
                fmt::format("picture {}: no memory for {} x {} pixels", name, width, height));
  }
}

}  // namespace detail

namespace {

// More than any picture within the default limits needs: 400 M pixels of noise are 1.2 GB of PNG.
constexpr uint64_t kMaxFileBytes = uint64_t{3} << 29;

constexpr uint8_t kPngMagic[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
constexpr uint8_t kJpegMagic[] = {0xFF, 0xD8, 0xFF};

bool begins_with(std::span<const uint8_t> bytes, std::span<const uint8_t> magic) {
  return bytes.size() >= magic.size() && std::equal(magic.begin(), magic.end(), bytes.begin());
}

void require_whole(const Picture& picture) {
  if (picture.width < 1 || picture.height < 1 ||
      picture.rgb.size() != picture.row_bytes() * static_cast<size_t>(picture.height)) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("cannot write a picture of {} x {} pixels with {} bytes of colour, "
                            "expected width * height * 3",
                            picture.width, picture.height, picture.rgb.size()));
  }
}

}  // namespace

Picture read_picture(std::span<const uint8_t> bytes, std::string_view name,
                     const PictureLimits& limits) {
  if (begins_with(bytes, kPngMagic)) return detail::read_png(bytes, name, limits);
  if (begins_with(bytes, kJpegMagic)) return detail::read_jpeg(bytes, name, limits);
  throw detail::bad_picture(name, bytes.empty() ? "empty file, expected PNG or JPEG"
                                                : "neither PNG nor JPEG by its first bytes");
}

Picture read_picture(const std::filesystem::path& path, const PictureLimits& limits) {
  return read_picture(read_file(path, kMaxFileBytes), path.string(), limits);
}

std::vector<uint8_t> encode_picture(const Picture& picture, PictureFormat format,
                                    const PictureWriteOptions& options) {
  require_whole(picture);
  return format == PictureFormat::Png ? detail::write_png(picture)
                                      : detail::write_jpeg(picture, options);
}

PictureFormat picture_format_of(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (extension == ".png") return PictureFormat::Png;
  if (extension == ".jpg" || extension == ".jpeg") return PictureFormat::Jpeg;
  throw Error(ErrorCode::InvalidArgument,
              fmt::format("cannot write a picture to {}: its name ends in \"{}\", expected .png, "
                          ".jpg or .jpeg",
                          path.string(), extension),
              "give the file name one of these endings");
}

void write_picture(const std::filesystem::path& path, const Picture& picture,
                   const PictureWriteOptions& options) {
  write_file(path, encode_picture(picture, picture_format_of(path), options));
}

}  // namespace riffle::image
