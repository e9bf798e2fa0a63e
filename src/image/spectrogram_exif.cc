// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/spectrogram_exif.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>

#include "core/error.h"
#include "image/detail/exif_tags.h"

namespace riffle::image {
namespace {

using audio::SpectrogramParams;
using detail::ExifTag;

struct IntegerField {
  uint16_t tag;
  const char* name;
  int SpectrogramParams::*field;
};

constexpr IntegerField kIntegers[] = {
    {11000, "SAMPLE_RATE", &SpectrogramParams::sample_rate},
    {11010, "STEP_SIZE_MS", &SpectrogramParams::step_size_ms},
    {11020, "WINDOW_DURATION_MS", &SpectrogramParams::window_duration_ms},
    {11030, "PADDED_DURATION_MS", &SpectrogramParams::padded_duration_ms},
    {11040, "NUM_FREQUENCIES", &SpectrogramParams::num_frequencies},
    {11050, "MIN_FREQUENCY", &SpectrogramParams::min_frequency},
    {11060, "MAX_FREQUENCY", &SpectrogramParams::max_frequency},
};
constexpr uint16_t kStereoTag = 11005;
constexpr uint16_t kPowerTag = 11070;
constexpr uint16_t kMaxValueTag = 11080;

const char* riffusion_name(uint16_t tag) {
  for (const IntegerField& field : kIntegers) {
    if (field.tag == tag) return field.name;
  }
  if (tag == kStereoTag) return "STEREO";
  if (tag == kPowerTag) return "POWER_FOR_IMAGE";
  if (tag == kMaxValueTag) return "MAX_VALUE";
  return nullptr;
}

// The double whose decimal form is the float's shortest one.
double decimal_of(float value) {
  std::array<char, 32> text{};
  const char* const end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  double decimal = value;
  std::from_chars(text.data(), end, decimal);
  return decimal;
}

bool usable_maximum(double value) { return std::isfinite(value) && value >= 0; }

// Looks tags up and turns what makes no sense into errors that name the file and the tag.
class TagReader {
 public:
  TagReader(const std::vector<ExifTag>& tags, std::string_view name) : tags_(tags), name_(name) {}

  const ExifTag* find(uint16_t tag) const {
    const auto found = std::find_if(tags_.begin(), tags_.end(), [&](const ExifTag& entry) {
      return entry.main_directory && entry.tag == tag;
    });
    return found == tags_.end() ? nullptr : &*found;
  }

  double number(const ExifTag& entry) const {
    if (!entry.number) {
      throw bad(entry.tag, fmt::format("of type {} with {} values, expected one number", entry.type,
                                       entry.count));
    }
    return *entry.number;
  }

  int integer(const ExifTag& entry) const {
    const double value = number(entry);
    if (!(value >= 0 && value <= std::numeric_limits<int>::max()) || value != std::floor(value))
      throw bad(entry.tag, fmt::format("{}, expected a whole number from 0", value));
    return static_cast<int>(value);
  }

  Error bad(uint16_t tag, std::string_view what) const {
    return bad(fmt::format("EXIF tag {} ({}) is {}", riffusion_name(tag), tag, what));
  }
  Error bad(std::string_view what) const {
    return {ErrorCode::BadFile, fmt::format("{}: {}", name_, what),
            "remove its metadata to decode it with default parameters"};
  }

 private:
  const std::vector<ExifTag>& tags_;
  std::string_view name_;
};

// The first required tag that is missing; 0: none.
uint16_t missing_tag(const TagReader& reader) {
  for (const IntegerField& field : kIntegers) {
    if (reader.find(field.tag) == nullptr) return field.tag;
  }
  for (const uint16_t tag : {kStereoTag, kPowerTag}) {
    if (reader.find(tag) == nullptr) return tag;
  }
  return 0;
}

bool stereo_of(const TagReader& reader) {
  const int stereo = reader.integer(*reader.find(kStereoTag));
  if (stereo > 1) throw reader.bad(kStereoTag, fmt::format("{}, expected 0 or 1", stereo));
  return stereo == 1;
}

SpectrogramExif convert(const TagReader& reader) {
  SpectrogramExif exif;
  for (const IntegerField& field : kIntegers)
    exif.params.*field.field = reader.integer(*reader.find(field.tag));
  exif.params.stereo = stereo_of(reader);
  exif.params.power_for_image = static_cast<float>(reader.number(*reader.find(kPowerTag)));
  try {
    exif.params.validate();
  } catch (const Error& e) {
    throw reader.bad(fmt::format("EXIF: {}", e.message()));
  }
  if (const ExifTag* maximum = reader.find(kMaxValueTag)) {
    exif.max_value = reader.number(*maximum);
    if (!usable_maximum(*exif.max_value)) {
      throw reader.bad(kMaxValueTag,
                       fmt::format("{}, expected a finite number from 0", *exif.max_value));
    }
  }
  return exif;
}

// As Python's str(): the shortest form that reads back the same, with a point in whole floats.
std::string python_number(double value, bool whole_type) {
  if (whole_type) return fmt::format("{:.0f}", value);
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

bool is_whole_type(const ExifTag& entry) {
  return entry.type != "Float" && entry.type != "Double" && entry.type != "Rational" &&
         entry.type != "SRational";
}

}  // namespace

std::vector<uint8_t> encode_spectrogram_exif(const SpectrogramExif& exif) {
  exif.params.validate();
  std::vector<detail::ExifNumber> numbers;
  for (const IntegerField& field : kIntegers)
    numbers.push_back({field.tag, static_cast<uint32_t>(exif.params.*field.field), 0});
  numbers.push_back({kStereoTag, exif.params.stereo ? 1U : 0U, 0});
  numbers.push_back({kPowerTag, std::nullopt, decimal_of(exif.params.power_for_image)});
  if (exif.max_value) {
    if (!usable_maximum(*exif.max_value)) {
      throw Error(ErrorCode::InvalidArgument,
                  fmt::format("spectrogram maximum is {}, expected a finite number from 0",
                              *exif.max_value));
    }
    numbers.push_back({kMaxValueTag, std::nullopt, *exif.max_value});
  }
  return detail::write_exif_tags(numbers);
}

SpectrogramExifReading decode_spectrogram_exif(std::span<const uint8_t> exif,
                                               std::string_view name) {
  if (exif.empty()) return {std::nullopt, "it carries no EXIF"};
  std::vector<ExifTag> tags;
  try {
    tags = detail::read_exif_tags(exif, name);
  } catch (const Error& e) {
    if (e.code() != ErrorCode::BadFile) throw;
    return {std::nullopt, e.message()};
  }
  const TagReader reader(tags, name);
  const uint16_t missing = missing_tag(reader);
  if (missing == 0) return {convert(reader), {}};
  const bool foreign = std::none_of(tags.begin(), tags.end(), [](const ExifTag& entry) {
    return entry.main_directory && riffusion_name(entry.tag) != nullptr;
  });
  if (foreign) return {std::nullopt, "its EXIF holds no spectrogram parameters"};
  return {std::nullopt,
          fmt::format("its EXIF lacks {} (tag {})", riffusion_name(missing), missing)};
}

std::string ExifLine::text() const { return fmt::format("{:<20} = {:>15}", name, value); }

std::vector<ExifLine> list_exif(std::span<const uint8_t> exif, std::string_view name) {
  std::vector<ExifLine> lines;
  if (exif.empty()) return lines;
  for (ExifTag& entry : detail::read_exif_tags(exif, name)) {
    const char* own = entry.main_directory ? riffusion_name(entry.tag) : nullptr;
    lines.push_back({entry.tag, own != nullptr ? own : std::move(entry.name),
                     entry.number ? python_number(*entry.number, is_whole_type(entry))
                                  : std::move(entry.text)});
  }
  return lines;
}

}  // namespace riffle::image
