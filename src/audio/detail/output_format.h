// SPDX-License-Identifier: GPL-3.0-or-later
// The table of formats Riffle writes: one row an ending.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audio/audio_writer.h"

namespace riffle::audio::detail {

enum class Coding { Pcm, Flac, Mp3, Vorbis, Opus, Aac };

struct Range {
  double lowest = 0;
  double highest = 0;
};

struct OutputFormat {
  std::string_view ending;  // ".wav"
  Coding coding;
  const char* muxer;    // FFmpeg's name
  const char* encoder;  // FFmpeg's name; null for PCM, where it follows from the sample type
  int max_channels;
  std::span<const int> rates;  // Hz, ascending; empty: everything within rate_range
  Range rate_range;
  int kbps_per_channel;                // the default; 0: by quality
  std::optional<Range> maybe_quality;  // as AudioWriterOptions::maybe_quality
  double default_quality;
  std::optional<Range> maybe_kbps;              // a channel
  double max_kbps;                              // of all channels
  std::span<const std::string_view> kept_tags;  // empty: every key but dropped_tag
  std::string_view dropped_tag;
};

// By the ending of the path, without regard to case. Throws Error{Unsupported} listing the endings.
const OutputFormat& output_format_of(const std::filesystem::path& path);

// The rate itself where the format has it, else the next above, else the highest.
int supported_rate(const OutputFormat& format, int sample_rate);

// Throws Error{InvalidArgument} for options the format does not have or that are out of its range.
void require_options(const OutputFormat& format, const AudioWriterOptions& options, int channels);

// The tags the format can keep; the keys of the others are appended to `lost`. "encoder" is neither
// kept nor lost: it names the program that wrote another file.
Tags kept_tags(const OutputFormat& format, const Tags& tags, std::vector<std::string>& lost);

}  // namespace riffle::audio::detail
