// SPDX-License-Identifier: GPL-3.0-or-later
// riffle info: what is in sound files and pictures.
#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audio/audio_info.h"
#include "audio/spectrogram_json.h"
#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/options.h"
#include "core/error.h"
#include "core/files.h"
#include "image/picture_file.h"
#include "image/spectrogram_exif.h"
#include "image/spectrogram_picture.h"

namespace riffle::cli {
namespace {

bool is_picture(const std::string& path) {
  require_file(path, "file");
  std::array<char, 3> head{};
  std::ifstream(path, std::ios::binary).read(head.data(), head.size());
  const std::string_view start(head.data(), head.size());
  return start == "\x89PN" || start == "\xFF\xD8\xFF";
}

std::string length_text(double seconds) {
  const auto whole = static_cast<int64_t>(seconds);
  const double rest = seconds - static_cast<double>(whole / 60 * 60);
  if (whole >= 3600) {
    return fmt::format("{}:{:02}:{:06.3f}", whole / 3600, whole / 60 % 60, rest);
  }
  return fmt::format("{}:{:06.3f}", whole / 60, rest);
}

std::string channels_text(int channels) {
  if (channels == 1) return "mono";
  if (channels == 2) return "stereo";
  return fmt::format("{} channels", channels);
}

std::string format_text(const audio::AudioFileInfo& file) {
  std::string text = file.container == file.codec
                         ? file.codec
                         : fmt::format("{} in {}", file.codec, file.container);
  text += fmt::format(", {} Hz, {}", file.sample_rate, channels_text(file.channels));
  if (file.bits_per_sample > 0) {
    text += fmt::format(", {} bits{}", file.bits_per_sample, file.float_samples ? " float" : "");
  }
  if (file.bit_rate > 0) text += fmt::format(", {} kbit/s", (file.bit_rate + 500) / 1000);
  return text;
}

template <class Value>
void line(Output& out, std::string_view name, const Value& value) {
  out.line("  {:<10} {}", name, value);
}

OrderedJson show_sound(const std::string& path, Context& context) {
  const audio::AudioInfo info = audio::inspect_audio(path, context.job);
  const audio::Loudness& loudness = info.loudness;
  Output& out = context.out;
  out.line("{}", path);
  line(out, "format", format_text(info.file));
  line(out, "length",
       fmt::format("{} ({} samples)", length_text(info.duration_s), info.file.frames));
  line(out, "loudness",
       loudness.silent() ? std::string("silent")
                         : fmt::format("{:.1f} LUFS, range {:.1f} LU", loudness.integrated_lufs,
                                       loudness.range_lu));
  line(out, "peak",
       fmt::format("{:.1f} dBFS, true peak {:.1f} dBTP", loudness.sample_peak_dbfs,
                   loudness.true_peak_dbtp));
  OrderedJson tags = OrderedJson::object();
  for (const auto& [key, value] : info.file.tags) {
    line(out, key, value);
    tags[key] = value;
  }
  for (const auto& note : info.notes) line(out, "note", note);
  return {{"file", path},
          {"kind", "sound"},
          {"container", info.file.container},
          {"codec", info.file.codec},
          {"sample_rate", info.file.sample_rate},
          {"channels", info.file.channels},
          {"bits_per_sample", info.file.bits_per_sample},
          {"bit_rate", info.file.bit_rate},
          {"frames", info.file.frames},
          {"duration_s", info.duration_s},
          {"loudness_lufs", loudness.integrated_lufs},
          {"loudness_range_lu", loudness.range_lu},
          {"sample_peak_dbfs", loudness.sample_peak_dbfs},
          {"true_peak_dbtp", loudness.true_peak_dbtp},
          {"truncated", info.truncated},
          {"notes", info.notes},
          {"tags", std::move(tags)}};
}

OrderedJson show_picture(const std::string& path, Context& context) {
  const image::Picture picture = image::read_picture(path);
  const auto reading = image::decode_spectrogram_exif(picture.exif, path);
  Output& out = context.out;
  out.line("{}", path);
  line(out, "picture", fmt::format("{} x {}", picture.width, picture.height));
  OrderedJson json = {
      {"file", path}, {"kind", "picture"}, {"width", picture.width}, {"height", picture.height}};
  if (!reading.found) {
    line(out, "sound", reading.reason);
    json["spectrogram"] = nullptr;
    return json;
  }
  const audio::SpectrogramParams& params = reading.found->params;
  const double duration_s =
      static_cast<double>(params.samples_of(picture.width)) / params.sample_rate;
  line(out, "sound",
       fmt::format("{:.3f} s, {} Hz, {}, {} to {} Hz", duration_s, params.sample_rate,
                   channels_text(params.channels()), params.min_frequency, params.max_frequency));
  json["spectrogram"] = {{"duration_s", duration_s}};
  json["spectrogram"].update(audio::to_json(params));
  if (reading.found->max_value) json["spectrogram"]["max_value"] = *reading.found->max_value;
  return json;
}

// A file that cannot be read does not keep the others from being shown.
void run(const std::vector<std::string>& paths, Context& context) {
  std::optional<ErrorCode> maybe_first;
  int64_t failed = 0;
  OrderedJson files = OrderedJson::array();
  for (const auto& path : paths) {
    try {
      files.push_back(is_picture(path) ? show_picture(path, context) : show_sound(path, context));
    } catch (const Error& e) {
      if (e.code() == ErrorCode::Cancelled || paths.size() == 1) throw;
      const Failure failure{e.code(), e.message(), e.hint()};
      print_failure(failure);
      files.push_back({{"file", path}, {"error", to_json(failure)}});
      if (!maybe_first) maybe_first = e.code();
      ++failed;
    }
  }
  context.out.document() = {{"files", std::move(files)}};
  if (maybe_first) {
    throw Error(*maybe_first,
                fmt::format("{} of {} files could not be read", failed, paths.size()));
  }
}

}  // namespace

Action add_info(CLI::App& app) {
  const auto paths = std::make_shared<std::vector<std::string>>();
  app.add_option("files", *paths, "Sound files and pictures")->type_name(kFileType)->required();
  return [paths](Context& context) { run(*paths, context); };
}

}  // namespace riffle::cli
