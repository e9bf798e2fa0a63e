// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/sources.h"

#include <fmt/format.h>

#include <algorithm>

#include "audio/audio_writer.h"
#include "audio/downmix.h"
#include "audio/loudness.h"
#include "audio/spectrogram_decoder.h"
#include "audio/spectrogram_encoder.h"
#include "core/error.h"
#include "image/picture_file.h"
#include "image/spectrogram_exif.h"
#include "image/spectrogram_picture.h"
#include "library/ids.h"
#include "pipelines/length.h"
#include "pipelines/seed_loop.h"
#include "pipelines/sound_file.h"
#include "pipelines/sound_latents.h"
#include "server/problem.h"

namespace riffle::server {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSeed = "seed:";
constexpr const char* kLatentsFile = "latents.safetensors";

bool is_plain_name(const std::string& id) {
  return !id.empty() && id.size() <= 100 && id.front() != '.' &&
         std::ranges::all_of(id, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '-' || c == '.';
         });
}

bool is_picture_file(const fs::path& path) {
  const std::string ending = path.extension().string();
  return ending == ".png" || ending == ".jpg" || ending == ".jpeg";
}

// Whether pipelines can take the picture as it is.
bool fits(const fs::path& path, const pipelines::Geometry& geometry) {
  return is_picture_file(path) &&
         image::read_picture(path).height == geometry.codec.num_frequencies;
}

audio::Waveform sound_of_picture(const fs::path& path) {
  const image::Picture picture = image::read_picture(path);
  const std::string name = path.filename().string();
  const auto exif = image::decode_spectrogram_exif(picture.exif, name);
  const image::FittedParams fitted = image::fit_to_picture(
      exif.found ? exif.found->params : audio::SpectrogramParams(), picture, name);
  const audio::MelSpectrogram mel = image::mel_from_picture(picture, fitted.params);
  audio::Waveform sound = audio::decode_spectrogram(mel, fitted.params);
  audio::normalize_loudness(sound, {.target_lufs = -18});
  return sound;
}

}  // namespace

Sources::Sources(library::Library& library, fs::path seed_images)
    : library_(library), seeds_(std::move(seed_images)), made_(library.folder() / "made") {
  std::error_code ignored;
  fs::remove_all(made_, ignored);
  fs::create_directories(made_);
}

std::vector<SeedImage> Sources::seed_images() const {
  std::vector<SeedImage> seeds;
  for (const pipelines::SeedLoop& loop : pipelines::seed_loops()) {
    seeds.push_back({std::string(loop.id), std::string(loop.title), loop.bpm, {}});
  }
  if (seeds_.empty()) return seeds;
  std::vector<SeedImage> own;
  for (const auto& entry : fs::directory_iterator(seeds_)) {
    const fs::path& path = entry.path();
    const std::string id = path.stem().string();
    if (!entry.is_regular_file() || !is_plain_name(id)) continue;
    std::erase_if(seeds, [&](const SeedImage& seed) { return seed.id == id; });
    own.push_back({id, id, {}, path});
  }
  std::ranges::sort(own, {}, &SeedImage::id);
  own.insert(own.end(), seeds.begin(), seeds.end());
  return own;
}

SeedImage Sources::seed_image(const std::string& id) const {
  for (SeedImage& seed : seed_images()) {
    if (seed.id == id) return std::move(seed);
  }
  throw no_such("seed image", id);
}

void Sources::require(const std::string& id, const std::string& field) const {
  if (id.starts_with(kSeed)) {
    seed_image(id.substr(kSeed.size()));
  } else if (library::is_id(id, "clip_")) {
    if (!library_.clips().find(id)) throw no_such("clip", id);
  } else if (library::is_id(id, "up_")) {
    if (!library_.uploads().find(id)) throw no_such("upload", id);
  } else {
    throw ProblemError({.status = 400,
                        .code = "invalid_argument",
                        .detail = fmt::format(
                            "{}: expected the id of an upload, a clip or a seed image, got \"{}\"",
                            field, id.substr(0, 64)),
                        .hint = "upload the file first (POST /api/v1/uploads)"});
  }
}

void Sources::require_sound(const std::string& id, const std::string& field) const {
  const auto upload = library::is_id(id, "up_") ? library_.uploads().find(id) : std::nullopt;
  if (!upload || upload->kind == library::UploadKind::Audio) return;
  throw ProblemError(
      {.status = 422,
       .code = "bad_file",
       .detail = fmt::format("{}: expected a sound, {} is of the kind {}", field,
                             upload->name.substr(0, 100), library::name_of(upload->kind)),
       .hint = "upload a recording"});
}

std::string Sources::title_of(const std::string& id) const {
  if (id.starts_with(kSeed)) return seed_image(id.substr(kSeed.size())).title;
  if (const auto clip = library_.clips().find(id)) return clip->title;
  const auto upload = library_.uploads().find(id);
  return upload ? fs::path(upload->name).stem().string() : "";
}

fs::path Sources::file_of(const std::string& id, const pipelines::Geometry& geometry) {
  require(id, "file");
  if (id.starts_with(kSeed)) {
    const SeedImage seed = seed_image(id.substr(kSeed.size()));
    return fits(seed.file, geometry) ? seed.file : seed_sound(seed, geometry);
  }
  return file_of_library(id);
}

fs::path Sources::file_of_library(const std::string& id) const {
  if (library::is_id(id, "clip_")) return library_.clips().folder_of(id) / "audio.wav";
  return library_.uploads().path_of(*library_.uploads().find(id));
}

fs::path Sources::sound_of(const std::string& id, const SeedForm& form) {
  require(id, "file");
  if (id.starts_with(kSeed)) return seed_sound(seed_image(id.substr(kSeed.size())), form);
  return file_of_library(id);
}

fs::path Sources::latents_of(const std::string& id, const pipelines::Geometry& geometry) {
  if (!library::is_id(id, "clip_")) return file_of(id, geometry);
  const auto clip = library_.clips().find(id);
  if (!clip || !clip->has_latents) throw no_such("clip with latents", id);
  return library_.clips().folder_of(id) / kLatentsFile;
}

fs::path Sources::known_latents(const std::string& id, const pipelines::MusicModel& model) const {
  if (!library::is_id(id, "clip_")) return {};
  const auto clip = library_.clips().find(id);
  const pipelines::Geometry& geometry = model.geometry();
  // Those of a loop go round, and those of a part that was changed are of the part.
  if (!clip || !clip->has_latents || clip->loop || clip->model != model.name() ||
      clip->sample_rate != geometry.codec.sample_rate) {
    return {};
  }
  const fs::path path = library_.clips().folder_of(id) / kLatentsFile;
  const at::Tensor latents = pipelines::read_latents(path, geometry);
  const int64_t items = geometry.codec.stereo ? 1 : clip->channels;
  const bool whole =
      latents.size(0) == items && latents.size(3) == geometry.columns_of(clip->frames);
  return whole ? path : fs::path();
}

fs::path Sources::seed_sound(const SeedImage& seed, const pipelines::Geometry& geometry) {
  return seed_sound(seed, SeedForm{geometry.codec.sample_rate, geometry.window_samples()});
}

fs::path Sources::seed_sound(const SeedImage& seed, const SeedForm& form) {
  const int rate = form.sample_rate;
  const fs::path path =
      made_ / fmt::format("seed-{}-{}-{}.wav", seed.id, rate, form.window_samples);
  const std::lock_guard lock(making_);
  if (fs::exists(path)) return path;
  audio::Waveform sound;
  if (seed.file.empty()) {
    const pipelines::SeedLoop& loop = pipelines::seed_loop(seed.id);
    const double window_s = static_cast<double>(form.window_samples) / rate;
    const int64_t beats = pipelines::loop_beats(loop.bpm, 4, window_s);
    const double length_s = static_cast<double>(beats) * 60 / loop.bpm;
    sound = play_seed_loop(loop, beats, pipelines::nearest(length_s * rate), rate);
  } else if (is_picture_file(seed.file)) {
    sound = sound_of_picture(seed.file);
  } else {
    sound = pipelines::read_sound_file(seed.file, {}).sound;
  }
  audio::write_audio(path, sound, {.maybe_sample_type = audio::SampleType::Int24});
  return path;
}

fs::path Sources::seed_picture(const SeedImage& seed, const pipelines::Geometry& geometry) {
  if (fits(seed.file, geometry) && seed.file.extension() == ".png") return seed.file;
  return picture_of(seed_sound(seed, geometry), geometry, "seed-" + seed.id);
}

fs::path Sources::picture_of(const fs::path& sound_file, const pipelines::Geometry& geometry,
                             const std::string& name) {
  const fs::path path =
      made_ / fmt::format("{}-{}-{}-{}.png", name, geometry.codec.sample_rate,
                          geometry.codec.num_frequencies, geometry.codec.hop_length());
  const std::lock_guard lock(making_);
  if (fs::exists(path)) return path;
  const audio::Waveform sound = pipelines::read_sound_file(sound_file, {}).sound;
  const int rate = geometry.codec.sample_rate;
  const auto frames = pipelines::nearest(sound.duration_s() * rate);
  const audio::Waveform own = audio::mix_channels(pipelines::at_rate(sound, rate, frames, {}),
                                                  audio::kUnknownLayout, geometry.codec.channels());
  const audio::MelSpectrogram mel = audio::encode_spectrogram(own, geometry.codec, {});
  image::write_picture(path, image::picture_from_mel(mel, geometry.codec));
  return path;
}

}  // namespace riffle::server
