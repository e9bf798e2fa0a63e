// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/clip_keeper.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "audio/audio_reader.h"
#include "audio/loudness.h"
#include "audio/read_audio.h"
#include "image/picture_file.h"
#include "library/ids.h"
#include "pipelines/clip_file.h"
#include "pipelines/play.h"
#include "server/problem.h"
#include "weights/safetensors.h"

namespace riffle::server {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLongTitle = 80;

// Files of a clip that got no row are removed at once.
class Unfinished {
 public:
  explicit Unfinished(fs::path folder) : folder_(std::move(folder)) {}
  ~Unfinished() {
    std::error_code ignored;
    if (!kept_) fs::remove_all(folder_, ignored);
  }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  const fs::path& folder() const { return folder_; }
  void keep() { kept_ = true; }

 private:
  fs::path folder_;
  bool kept_ = false;
};

std::optional<int64_t> seed_of_request(const OrderedJson& request) {
  const auto seed = request.find("seed");
  if (seed == request.end() || !seed->is_number_integer()) return {};
  return seed->get<int64_t>();
}

std::string title_of(const pipelines::Clip& clip) {
  const std::string prompt = clip.request.value("prompt", "");
  if (!prompt.empty()) return prompt;
  // A mix that was made with its stems is called after them.
  std::string title;
  for (const pipelines::ClipPart& part : clip.parts) {
    if (part.role != pipelines::ClipRole::Stem || title.size() > kLongTitle) continue;
    title += fmt::format("{}{}", title.empty() ? "" : ", ", part.title);
  }
  return title.empty() ? clip.request.value("pipeline", "") : title;
}

// What the files decide is left open.
library::ClipRecord record_of(const pipelines::Clip& clip, const KeepOptions& options) {
  library::ClipRecord record;
  record.id = library::new_id("clip_");
  record.created_ms = library::now_ms();
  record.pipeline = clip.request.value("pipeline", "");
  record.model = clip.request.value("model", "");
  record.prompt = clip.request.value("prompt", "");
  record.title = !options.title.empty() ? options.title : title_of(clip);
  record.seed = seed_of_request(clip.request);
  record.bpm = clip.maybe_bpm;
  record.beats = clip.beats;
  record.beats_per_bar = clip.request.value("beats_per_bar", int64_t{4});
  record.loop = clip.loop;
  record.tags = options.tags;
  record.notes = clip.notes;
  record.request = clip.request;
  record.parents = options.parents;
  record.role = pipelines::name_of(clip.role);
  if (!options.job.empty()) record.job = options.job;
  return record;
}

pipelines::Clip clip_of_part(const pipelines::Clip& clip, const pipelines::ClipPart& part,
                             const Job& job) {
  pipelines::Clip own;
  own.sound = part.sound;
  own.picture = pipelines::picture_of_sound(part.sound, Job{job.stop, {}});
  own.request = clip.request;
  own.notes = clip.notes;
  own.maybe_bpm = clip.maybe_bpm;
  own.beats = clip.beats;
  own.loop = clip.loop;
  own.role = part.role;
  return own;
}

void write_files(const fs::path& folder, const pipelines::Clip& clip, library::ClipRecord& record,
                 const Job& job) {
  const Job quiet{job.stop, {}};
  record.frames = clip.sound.frames();
  record.sample_rate = clip.sound.sample_rate;
  record.channels = clip.sound.channels();
  record.loudness_lufs =
      audio::measure_loudness(clip.sound, audio::kUnknownLayout, quiet).integrated_lufs;
  audio::AudioWriterOptions writer = pipelines::clip_writer_options(clip);
  writer.maybe_sample_type = audio::SampleType::Int24;
  audio::write_audio(folder / "audio.wav", clip.sound, writer, quiet);
  if (clip.picture.width > 0) {
    image::write_picture(folder / "picture.png", clip.picture);
    record.has_picture = true;
  }
  if (clip.latents.defined()) {
    weights::write_safetensors(folder / "latents.safetensors", {{"latents", clip.latents}},
                               {{"model", record.model}});
    record.has_latents = true;
  }
}

}  // namespace

library::ClipRecord ClipKeeper::keep(const pipelines::Clip& clip, const KeepOptions& options,
                                     const Job& job) {
  return keep_all(clip, options, job).front();
}

std::vector<library::ClipRecord> ClipKeeper::keep_all(const pipelines::Clip& clip,
                                                      const KeepOptions& options, const Job& job) {
  std::vector<library::ClipRecord> records;
  std::vector<std::unique_ptr<Unfinished>> files;
  const auto write = [&](const pipelines::Clip& one, library::ClipRecord record) {
    files.push_back(std::make_unique<Unfinished>(library_.clips().make_folder(record.id)));
    write_files(files.back()->folder(), one, record, job);
    records.push_back(std::move(record));
  };
  write(clip, record_of(clip, options));
  for (const pipelines::ClipPart& part : clip.parts) {
    const pipelines::Clip own = clip_of_part(clip, part, job);
    library::ClipRecord record = record_of(own, options);
    record.title = fmt::format("{}: {}", records.front().title, part.title);
    record.part = part.title;
    record.part_of = records.front().id;
    record.created_ms = records.front().created_ms;
    write(own, std::move(record));
  }
  library_.clips().add_all(records);
  for (const auto& one : files) one->keep();
  return records;
}

fs::path ClipKeeper::sound(const library::ClipRecord& clip, const std::string& ending) {
  const fs::path folder = library_.clips().folder_of(clip.id);
  const fs::path wav = folder / "audio.wav";
  if (ending == "wav") return wav;
  const auto endings = sound_endings();
  if (std::ranges::find(endings, ending) == endings.end()) throw no_such("file", "audio." + ending);
  const fs::path path = folder / ("audio." + ending);
  const std::lock_guard lock(encoding_);
  if (fs::exists(path)) return path;
  audio::AudioReader reader(wav);
  audio::AudioWriterOptions options{.tags = reader.info().tags};
  if (clip.bpm) {
    options.maybe_tempo = audio::TempoMarks{.bpm = *clip.bpm,
                                            .beats = clip.beats,
                                            .beats_per_bar = static_cast<int>(clip.beats_per_bar),
                                            .loop = clip.loop};
  }
  audio::write_audio(path, audio::read_audio(reader), options);
  return path;
}

std::vector<std::string> sound_endings() {
  std::vector<std::string> endings;
  for (const std::string& ending : audio::writable_endings()) endings.push_back(ending.substr(1));
  return endings;
}

std::string media_type_of(const std::string& ending) {
  constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {"wav", "audio/wav"},
      {"flac", "audio/flac"},
      {"mp3", "audio/mpeg"},
      {"ogg", "audio/ogg"},
      {"oga", "audio/ogg"},
      {"opus", "audio/ogg"},
      {"m4a", "audio/mp4"},
      {"png", "image/png"},
      {"jpg", "image/jpeg"},
      {"jpeg", "image/jpeg"},
      {"html", "text/html; charset=utf-8"},
      {"js", "text/javascript; charset=utf-8"},
      {"css", "text/css; charset=utf-8"},
      {"svg", "image/svg+xml"},
      {"json", "application/json"},
      {"ico", "image/x-icon"},
      {"woff2", "font/woff2"},
      {"webmanifest", "application/manifest+json"},
      {"txt", "text/plain; charset=utf-8"},
      {"wasm", "application/wasm"}};
  const auto* found =
      std::ranges::find(kTypes, ending, &std::pair<std::string_view, std::string_view>::first);
  return found == std::end(kTypes) ? "application/octet-stream" : std::string(found->second);
}

}  // namespace riffle::server
