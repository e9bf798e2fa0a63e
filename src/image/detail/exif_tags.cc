// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/detail/exif_tags.h"

#include <fmt/format.h>

#include <exiv2/exiv2.hpp>
#include <mutex>

#include "core/error.h"
#include "core/log.h"

namespace riffle::image::detail {
namespace {

constexpr size_t kMaxExifBytes = 1 << 20;
constexpr size_t kMaxTextCharacters = 60;

// exiv2 writes to stderr by default; what it says about a damaged block goes to our log instead.
void use_own_log() {
  static std::once_flag once;
  std::call_once(once, [] {
    Exiv2::LogMsg::setHandler([](int, const char* text) {
      std::string_view line(text);
      while (!line.empty() && line.back() == '\n') line.remove_suffix(1);
      log::debug("exiv2: {}", line);
    });
  });
}

// A block may hold an XMP packet, and exiv2's parser of those is documented as not made for
// threads.
Exiv2::ByteOrder decode(std::span<const uint8_t> exif, Exiv2::ExifData& data) {
  static std::mutex mutex;
  const std::scoped_lock lock(mutex);
  return Exiv2::ExifParser::decode(data, exif.data(), static_cast<uint32_t>(exif.size()));
}

// Exiv2::Value::toFloat would round a DOUBLE to single precision, so values are taken as stored.
template <class T>
std::optional<double> stored(const Exiv2::Value& value) {
  const auto* typed = dynamic_cast<const Exiv2::ValueType<T>*>(&value);
  if (typed == nullptr || typed->value_.size() != 1) return std::nullopt;
  if constexpr (requires { typed->value_[0].first; }) {
    return static_cast<double>(typed->value_[0].first) /
           typed->value_[0].second;  // x / 0: inf, NaN
  } else {
    return static_cast<double>(typed->value_[0]);
  }
}

std::optional<double> number_of(const Exiv2::Value& value) {
  switch (value.typeId()) {
    case Exiv2::unsignedByte:
    case Exiv2::signedByte:
      return value.count() == 1 ? std::optional<double>(value.toLong(0)) : std::nullopt;
    case Exiv2::unsignedShort:
      return stored<uint16_t>(value);
    case Exiv2::signedShort:
      return stored<int16_t>(value);
    case Exiv2::unsignedLong:
      return stored<uint32_t>(value);
    case Exiv2::signedLong:
      return stored<int32_t>(value);
    case Exiv2::unsignedRational:
      return stored<Exiv2::URational>(value);
    case Exiv2::signedRational:
      return stored<Exiv2::Rational>(value);
    case Exiv2::tiffFloat:
      return stored<float>(value);
    case Exiv2::tiffDouble:
      return stored<double>(value);
    default:
      return std::nullopt;
  }
}

// Long blocks of bytes are not spelled out number by number only to be cut.
std::string text_of(const Exiv2::Value& value) {
  if (value.size() > 4096) return fmt::format("({} bytes)", value.size());
  std::string text = value.toString();
  if (text.size() > kMaxTextCharacters) text = text.substr(0, kMaxTextCharacters - 3) + "...";
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text;
}

ExifTag tag_of(const Exiv2::Exifdatum& datum) {
  ExifTag tag;
  tag.tag = datum.tag();
  tag.main_directory = datum.groupName() == "Image";
  tag.name = datum.tagName();
  tag.type = datum.typeName() != nullptr ? datum.typeName() : "unknown type";
  tag.count = static_cast<size_t>(datum.count());
  if (datum.count() > 0) {
    tag.number = number_of(datum.value());
    tag.text = text_of(datum.value());
  }
  return tag;
}

}  // namespace

std::vector<ExifTag> read_exif_tags(std::span<const uint8_t> exif, std::string_view name) {
  const auto refuse = [&](std::string_view why) {
    return Error(ErrorCode::BadFile,
                 fmt::format("{}: EXIF block of {} bytes: {}", name, exif.size(), why),
                 "remove its metadata, or make the picture again");
  };
  if (exif.size() > kMaxExifBytes) throw refuse("expected at most 1048576 bytes");
  use_own_log();
  try {
    Exiv2::ExifData data;
    if (decode(exif, data) == Exiv2::invalidByteOrder) throw refuse("not a TIFF structure");
    std::vector<ExifTag> tags;
    tags.reserve(static_cast<size_t>(data.count()));
    for (const Exiv2::Exifdatum& datum : data) tags.push_back(tag_of(datum));
    return tags;
  } catch (const Error&) {
    throw;
  } catch (const std::exception& e) {  // its own, and those of containers it fills
    throw refuse(e.what());
  }
}

std::vector<uint8_t> write_exif_tags(std::span<const ExifNumber> numbers) {
  use_own_log();
  try {
    Exiv2::ExifData data;
    for (const ExifNumber& number : numbers) {
      const Exiv2::ExifKey key(number.tag, "Image");
      if (!number.integer) {
        Exiv2::DoubleValue value;
        value.value_.push_back(number.real);
        data.add(key, &value);
      } else if (*number.integer <= 0xFFFF) {
        Exiv2::UShortValue value;
        value.value_.push_back(static_cast<uint16_t>(*number.integer));
        data.add(key, &value);
      } else {
        Exiv2::ULongValue value;
        value.value_.push_back(*number.integer);
        data.add(key, &value);
      }
    }
    Exiv2::Blob block;
    Exiv2::ExifParser::encode(block, Exiv2::bigEndian, data);
    return block;
  } catch (const Exiv2::AnyError& e) {
    throw Error(ErrorCode::Internal, fmt::format("exiv2 cannot write EXIF: {}", e.what()));
  }
}

}  // namespace riffle::image::detail
