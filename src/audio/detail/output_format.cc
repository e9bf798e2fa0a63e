// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/detail/output_format.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "audio/format_limits.h"
#include "core/error.h"

namespace riffle::audio::detail {
namespace {

constexpr std::array kMp3Rates = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000};
constexpr std::array kOpusRates = {48000};
constexpr std::array kAacRates = {8000,  11025, 12000, 16000, 22050, 24000,
                                  32000, 44100, 48000, 64000, 88200, 96000};

// The keys FFmpeg's muxers know an INFO chunk or an iTunes atom for.
constexpr std::array<std::string_view, 10> kWavTags = {
    "title", "artist", "album",     "comment",  "date",
    "genre", "track",  "copyright", "language", "encoded_by"};
constexpr std::array<std::string_view, 17> kMp4Tags = {
    "title",  "artist", "album",   "album_artist", "comment",  "date",
    "genre",  "track",  "disc",    "composer",     "grouping", "copyright",
    "lyrics", "show",   "network", "description",  "synopsis"};

// A Vorbis comment named "description" is what FFmpeg keeps "comment" in.
constexpr std::string_view kTakenByComment = "description";

constexpr Range kAnyRate = {kMinSampleRate, kMaxSampleRate};
constexpr Range kFlacRate = {kMinSampleRate, 655340};
constexpr Range kVorbisRate = {8000, 192000};
constexpr Range kMp3Quality = {0, 9};
constexpr Range kVorbisQuality = {-1, 10};
constexpr std::nullopt_t kNone = std::nullopt;

constexpr OutputFormat vorbis(std::string_view ending) {
  return {ending, Coding::Vorbis, "ogg", "libvorbis",    8,    {}, kVorbisRate,
          0,      kVorbisQuality, 6,     Range{16, 250}, 2000, {}, kTakenByComment};
}

const std::array<OutputFormat, 7> kFormats = {{
    {".wav",
     Coding::Pcm,
     "wav",
     nullptr,
     kMaxChannels,
     {},
     kAnyRate,
     0,
     kNone,
     0,
     kNone,
     0,
     kWavTags,
     ""},
    {".flac",
     Coding::Flac,
     "flac",
     "flac",
     8,
     {},
     kFlacRate,
     0,
     kNone,
     0,
     kNone,
     0,
     {},
     kTakenByComment},
    {".mp3",
     Coding::Mp3,
     "mp3",
     "libmp3lame",
     2,
     kMp3Rates,
     {},
     0,
     kMp3Quality,
     0,
     Range{8, 320},
     320,
     {},
     ""},
    vorbis(".ogg"),
    vorbis(".oga"),
    {".opus",
     Coding::Opus,
     "opus",
     "libopus",
     8,
     kOpusRates,
     {},
     64,
     kNone,
     0,
     Range{6, 256},
     2048,
     {},
     kTakenByComment},
    {".m4a",
     Coding::Aac,
     "ipod",
     "aac",
     8,
     kAacRates,
     {},
     96,
     kNone,
     0,
     Range{16, 256},
     2048,
     kMp4Tags,
     ""},
}};

[[noreturn]] void refuse(const OutputFormat& format, const std::string& why) {
  throw Error(ErrorCode::InvalidArgument, fmt::format("writing {}: {}", format.ending, why));
}

void require_sample_type(const OutputFormat& format, SampleType type) {
  if (format.coding == Coding::Pcm) return;
  if (format.coding != Coding::Flac) refuse(format, "a lossy format has no sample type to choose");
  if (type == SampleType::Float32)
    refuse(format, "FLAC has no float samples, expected 16 or 24 bits");
}

// "3" or "3/12", what the binary track and disc atoms of mp4 hold.
bool is_number_of(std::string_view value) {
  const size_t slash = std::min(value.find('/'), value.size());
  const auto is_number = [](std::string_view text) {
    return !text.empty() && text.size() <= 4 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  return is_number(value.substr(0, slash)) &&
         (slash == value.size() || is_number(value.substr(slash + 1)));
}

bool keeps(const OutputFormat& format, std::string_view key, std::string_view value) {
  if (format.coding == Coding::Aac && (key == "track" || key == "disc")) return is_number_of(value);
  if (format.kept_tags.empty()) return key != format.dropped_tag;
  return std::find(format.kept_tags.begin(), format.kept_tags.end(), key) != format.kept_tags.end();
}

}  // namespace

const OutputFormat& output_format_of(const std::filesystem::path& path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const OutputFormat& format : kFormats) {
    if (ending == format.ending) return format;
  }
  throw Error(ErrorCode::Unsupported,
              fmt::format("cannot write {}: the ending \"{}\" is none of {}", path.string(), ending,
                          fmt::join(writable_endings(), " ")),
              "choose a name with one of these endings");
}

int supported_rate(const OutputFormat& format, int sample_rate) {
  if (format.rates.empty()) {
    const int rate = std::clamp(sample_rate, static_cast<int>(format.rate_range.lowest),
                                static_cast<int>(format.rate_range.highest));
    // FLAC's frame header counts rates above 65535 Hz in tens.
    return format.coding == Coding::Flac && rate > 65535 ? (rate + 9) / 10 * 10 : rate;
  }
  const auto found = std::lower_bound(format.rates.begin(), format.rates.end(), sample_rate);
  return found == format.rates.end() ? format.rates.back() : *found;
}

void require_options(const OutputFormat& format, const AudioWriterOptions& options, int channels) {
  if (options.maybe_sample_type) require_sample_type(format, *options.maybe_sample_type);
  if (options.maybe_bitrate_kbps && options.maybe_quality) {
    refuse(format, "bit rate and quality are both given, expected one of them");
  }
  if (options.maybe_bitrate_kbps) {
    if (!format.maybe_kbps) refuse(format, "a lossless format has no bit rate to choose");
    const double highest = std::min(format.maybe_kbps->highest * channels, format.max_kbps);
    const int kbps = *options.maybe_bitrate_kbps;
    if (kbps < format.maybe_kbps->lowest || kbps > highest) {
      refuse(format, fmt::format("{} kbit/s for {} channels, expected {} to {}", kbps, channels,
                                 format.maybe_kbps->lowest, highest));
    }
  }
  if (options.maybe_quality) {
    if (!format.maybe_quality) refuse(format, "this format has no quality to choose");
    const double quality = *options.maybe_quality;
    if (!(quality >= format.maybe_quality->lowest && quality <= format.maybe_quality->highest)) {
      refuse(format, fmt::format("quality {}, expected {} to {}", quality,
                                 format.maybe_quality->lowest, format.maybe_quality->highest));
    }
  }
}

Tags kept_tags(const OutputFormat& format, const Tags& tags, std::vector<std::string>& lost) {
  Tags kept;
  for (const auto& [key, value] : tags) {
    if (key == "encoder") continue;
    if (keeps(format, key, value)) {
      kept.emplace_back(key, value);
    } else {
      lost.push_back(key);
    }
  }
  return kept;
}

}  // namespace riffle::audio::detail

namespace riffle::audio {

std::vector<std::string> writable_endings() {
  std::vector<std::string> endings;
  for (const auto& format : detail::kFormats) endings.emplace_back(format.ending);
  return endings;
}

}  // namespace riffle::audio
