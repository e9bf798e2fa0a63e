// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/detail/ffmpeg.h"

extern "C" {
#include <libavutil/log.h>
}

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <cstdarg>
#include <mutex>

#include "core/error.h"
#include "core/log.h"

namespace riffle::audio::detail {
namespace {

// Written by muxers about themselves, not by people about the music.
constexpr std::array<std::string_view, 8> kBookKeeping = {
    "major_brand", "minor_version", "compatible_brands", "handler_name",
    "vendor_id",   "language",      "creation_time",     "duration",
};

void log_line(void* source, int level, const char* format, va_list arguments)
    __attribute__((format(printf, 3, 0)));
void log_line(void* source, int level, const char* format, va_list arguments) {
  if (level > AV_LOG_WARNING || log::level() > log::Level::Debug) return;
  std::array<char, 512> line{};
  int print_prefix = 1;
  av_log_format_line2(source, level, format, arguments, line.data(), line.size(), &print_prefix);
  std::string text(line.data());
  while (!text.empty() && text.back() == '\n') text.pop_back();
  if (!text.empty()) log::debug("ffmpeg: {}", text);
}

}  // namespace

void Dictionary::set(const char* key, const std::string& value) {
  if (av_dict_set(&dictionary_, key, value.c_str(), 0) < 0) throw_out_of_memory();
}

ChannelLayout::ChannelLayout(ChannelMask mask, int channels) {
  if (std::popcount(mask) == channels) {
    av_channel_layout_from_mask(&layout_, mask);
  } else {
    layout_.order = AV_CHANNEL_ORDER_UNSPEC;
    layout_.nb_channels = channels;
  }
}

ChannelMask mask_of(const AVChannelLayout& layout) {
  return layout.order == AV_CHANNEL_ORDER_NATIVE ? layout.u.mask : kUnknownLayout;
}

std::string error_text(int error) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  av_strerror(error, text.data(), text.size());
  return text.data();
}

void throw_out_of_memory() {
  throw Error(ErrorCode::OutOfMemory, "FFmpeg could not get memory",
              "close other programs, or use a shorter sound");
}

void bridge_log() {
  static std::once_flag once;
  std::call_once(once, [] { av_log_set_callback(log_line); });
}

void append_tags(Tags& tags, const AVDictionary* dictionary, bool film) {
  const AVDictionaryEntry* entry = nullptr;
  while ((entry = av_dict_get(dictionary, "", entry, AV_DICT_IGNORE_SUFFIX)) != nullptr) {
    std::string key = to_utf8(entry->key);
    std::transform(key.begin(), key.end(), key.begin(), [](char c) {
      return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    });
    if (key.empty() || entry->value[0] == '\0' || find_tag(tags, key) != nullptr) continue;
    if (film && std::find(kBookKeeping.begin(), kBookKeeping.end(), key) != kBookKeeping.end()) {
      continue;
    }
    tags.emplace_back(std::move(key), to_utf8(entry->value));
  }
}

}  // namespace riffle::audio::detail
