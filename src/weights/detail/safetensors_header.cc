// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/detail/safetensors_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "core/error.h"
#include "core/json.h"

namespace riffle::weights::detail {
namespace {

constexpr uint64_t kMostHeaderBytes = 100'000'000;  // the format's own limit
constexpr size_t kMostDimensions = 16;
constexpr std::string_view kMetadata = "__metadata__";

// Reads the header as a stream of events: no tree is built, so a hostile header of the largest
// allowed size costs no more memory than the tensors it lists.
class HeaderReader : public nlohmann::json_sax<Json> {
 public:
  SafetensorsHeader header;
  std::string problem;  // set when an event returned false
  bool unsupported = false;

  bool start_object(size_t) override {
    switch (place_) {
      case Place::Start:
        place_ = Place::Top;
        return true;
      case Place::Top:
        if (key_ == kMetadata) {
          place_ = Place::Metadata;
        } else {
          entry_ = {};
          entry_.name = key_;
          has_dtype_ = has_shape_ = false;
          offsets_.clear();
          place_ = Place::Tensor;
        }
        return true;
      default:
        return unexpected("an object");
    }
  }

  bool end_object() override {
    if (place_ == Place::Tensor) {
      if (!has_dtype_ || !has_shape_ || offsets_.size() != 2) {
        return fail(
            fmt::format("tensor \"{}\" needs dtype, shape and two data_offsets", entry_.name));
      }
      entry_.begin = offsets_[0];
      entry_.end = offsets_[1];
      header.entries.push_back(std::move(entry_));
    }
    place_ = place_ == Place::Top ? Place::End : Place::Top;
    return true;
  }

  bool key(std::string& name) override {
    if (place_ == Place::Top && !names_.insert(name).second) {
      return fail(fmt::format("\"{}\" is listed twice", name));
    }
    (place_ == Place::Top ? key_ : field_) = name;
    return true;
  }

  bool start_array(size_t) override {
    if (place_ == Place::Tensor && field_ == "shape" && !has_shape_) {
      has_shape_ = true;
      place_ = Place::Shape;
      return true;
    }
    if (place_ == Place::Tensor && field_ == "data_offsets" && offsets_.empty()) {
      place_ = Place::Offsets;
      return true;
    }
    return unexpected("a list");
  }

  bool end_array() override {
    place_ = Place::Tensor;
    return true;
  }

  bool number_unsigned(uint64_t value) override {
    if (place_ == Place::Shape) {
      if (value > static_cast<uint64_t>(INT64_MAX)) return unexpected("a number that large");
      if (entry_.shape.size() == kMostDimensions) {
        return fail(
            fmt::format("tensor \"{}\" has more than {} dimensions", entry_.name, kMostDimensions));
      }
      entry_.shape.push_back(static_cast<int64_t>(value));
      return true;
    }
    if (place_ == Place::Offsets && offsets_.size() < 2) {
      offsets_.push_back(value);
      return true;
    }
    return scalar("a number");
  }

  bool string(std::string& value) override {
    if (place_ == Place::Metadata) {
      header.metadata[field_] = value;
      return true;
    }
    if (place_ == Place::Tensor && field_ == "dtype" && !has_dtype_) {
      const auto dtype = dtype_from_name(value);
      if (!dtype) {
        unsupported = true;
        return fail(fmt::format("tensor \"{}\" has elements of type \"{}\"", entry_.name, value));
      }
      entry_.dtype = *dtype;
      has_dtype_ = true;
      return true;
    }
    return scalar("a string");
  }

  bool null() override { return scalar("null"); }
  bool boolean(bool) override { return scalar("true or false"); }
  bool number_integer(int64_t) override { return scalar("a negative number"); }
  bool number_float(double, const std::string&) override { return scalar("a fraction"); }
  bool binary(Json::binary_t&) override { return scalar("binary data"); }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception& e) override {
    return fail(fmt::format("its header is not valid JSON: {}", e.what()));
  }

 private:
  enum class Place { Start, Top, Metadata, Tensor, Shape, Offsets, End };

  bool fail(std::string text) {
    problem = std::move(text);
    return false;
  }
  bool unexpected(std::string_view what) {
    return fail(place_ == Place::Start
                    ? fmt::format("its header is {}, expected an object", what)
                    : fmt::format("\"{}\" in its header holds {}, which does not belong there",
                                  key_, what));
  }
  // Fields of a tensor that the format may gain are passed over; anything else is refused.
  bool scalar(std::string_view what) {
    const bool known = field_ == "dtype" || field_ == "shape" || field_ == "data_offsets";
    return place_ == Place::Tensor && !known ? true : unexpected(what);
  }

  Place place_ = Place::Start;
  std::unordered_set<std::string> names_;
  std::string key_;    // of the top object
  std::string field_;  // of the object inside
  SafetensorsEntry entry_;
  bool has_dtype_ = false;
  bool has_shape_ = false;
  std::vector<uint64_t> offsets_;
};

[[noreturn]] void refuse(std::string_view where, const std::string& problem) {
  throw Error(ErrorCode::BadFile,
              fmt::format("{}: not a usable safetensors file: {}", where, problem),
              "fetch the file again: it may be incomplete");
}

uint64_t header_length(std::span<const uint8_t> file, std::string_view where) {
  if (file.size() < 8) refuse(where, fmt::format("{} bytes are too few", file.size()));
  uint64_t length = 0;
  for (size_t i = 0; i < 8; ++i) length |= uint64_t{file[i]} << (8 * i);
  if (length > kMostHeaderBytes || length > file.size() - 8) {
    refuse(where, fmt::format("its header should have {} bytes, but {}", length,
                              length > kMostHeaderBytes
                                  ? fmt::format("at most {} are allowed", kMostHeaderBytes)
                                  : fmt::format("the file ends after {}", file.size() - 8)));
  }
  return length;
}

// Checks offsets (still relative to the data) against shapes, each other and the data's size.
void check_layout(std::vector<SafetensorsEntry>& entries, uint64_t data_bytes,
                  std::string_view where) {
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  uint64_t position = 0;
  for (const SafetensorsEntry& e : entries) {
    const auto needed = byte_count(e.shape, e.dtype);
    if (!needed) {
      refuse(where,
             fmt::format("tensor \"{}\" has an impossible shape {}", e.name, shape_text(e.shape)));
    }
    if (e.begin > e.end || e.end - e.begin != static_cast<uint64_t>(*needed)) {
      refuse(where,
             fmt::format("tensor \"{}\" {} of {} needs {} bytes, its offsets are {} to {}", e.name,
                         shape_text(e.shape), name_of(e.dtype), *needed, e.begin, e.end));
    }
    if (e.end > data_bytes) {
      refuse(where, fmt::format("tensor \"{}\" ends at byte {} of the data, which has only {}",
                                e.name, e.end, data_bytes));
    }
    if (e.begin != position) {
      refuse(where,
             fmt::format("tensor \"{}\" begins at byte {} of the data, expected {} ({})", e.name,
                         e.begin, position, e.begin < position ? "tensors overlap" : "a hole"));
    }
    position = e.end;
  }
  if (position != data_bytes) {
    refuse(where, fmt::format("{} bytes follow the last tensor", data_bytes - position));
  }
}

}  // namespace

SafetensorsHeader parse_safetensors_header(std::span<const uint8_t> file, std::string_view where) {
  const uint64_t length = header_length(file, where);
  const auto* text = reinterpret_cast<const char*>(file.data() + 8);
  HeaderReader reader;
  if (!Json::sax_parse(text, text + length, &reader)) {
    if (reader.unsupported) {
      throw Error(ErrorCode::Unsupported, fmt::format("{}: {}", where, reader.problem),
                  "convert the file to float16, bfloat16 or float32");
    }
    refuse(where, reader.problem);
  }
  const uint64_t data_start = 8 + length;
  check_layout(reader.header.entries, file.size() - data_start, where);
  for (SafetensorsEntry& e : reader.header.entries) {
    e.begin += data_start;
    e.end += data_start;
  }
  return std::move(reader.header);
}

}  // namespace riffle::weights::detail
