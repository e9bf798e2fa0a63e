// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/clip_store.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "audio/audio_writer.h"
#include "audio/read_audio.h"
#include "core/error.h"
#include "eval/levels.h"
#include "pipelines/registry.h"
#include "weights/safetensors.h"

namespace riffle::eval {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWanted = "wanted";

bool alike(audio::SpectrogramParams a, audio::SpectrogramParams b) {
  a.stereo = false;
  b.stereo = false;
  return a == b;
}

// The red plane of a mono picture.
at::Tensor levels_of_picture(const image::Picture& picture) {
  return at::from_blob(const_cast<uint8_t*>(picture.rgb.data()), {picture.height, picture.width, 3},
                       at::kByte)
      .select(2, 0)
      .clone();
}

pipelines::Clip run_request(pipelines::MusicModel& model, const Json& request, const Job& job) {
  Json fields = request;
  const std::string pipeline = json_get<std::string>(request, "pipeline", "request");
  fields.erase("pipeline");
  pipelines::RunContext context;
  context.job.stop = job.stop;
  auto clips = pipelines::pipeline_entry(pipeline).run(model, fields, context);
  if (clips.empty()) throw Error(ErrorCode::Internal, pipeline + " made no clip");
  return std::move(clips.front());
}

}  // namespace

ClipStore::ClipStore(fs::path folder, pipelines::MusicModel& model, std::string model_mark)
    : folder_(std::move(folder)), model_(model), model_mark_(std::move(model_mark)) {
  fs::create_directories(folder_);
}

fs::path ClipStore::sound_path(const std::string& name) const { return folder_ / (name + ".flac"); }

std::optional<KeptClip> ClipStore::find(const std::string& name, const std::string& wanted) const {
  const fs::path tensors = folder_ / (name + ".safetensors");
  // The tensors are written last: with them the clip is whole.
  if (!fs::exists(tensors) || !fs::exists(sound_path(name))) return {};
  const auto file = weights::open_safetensors(tensors);
  const auto found = file.metadata.find(kWanted);
  if (found == file.metadata.end() || found->second != wanted) return {};
  return KeptClip{.sound = audio::read_audio(sound_path(name)),
                  .levels = file.tensors->load("levels"),
                  .latents = file.tensors->load("latents")};
}

void ClipStore::make(const std::string& name, const Json& request, const std::string& wanted,
                     const audio::SpectrogramParams& judged, const Job& job) {
  const pipelines::Clip clip = run_request(model_, request, job);
  const bool own_picture =
      alike(model_.geometry().codec, judged) && !model_.geometry().codec.stereo;
  const at::Tensor levels = own_picture ? levels_of_picture(clip.picture)
                                        : levels_of_sound(clip.sound, judged, Job{job.stop, {}});
  fs::remove(folder_ / (name + ".safetensors"));
  audio::AudioWriterOptions writer;
  writer.maybe_sample_type = audio::SampleType::Int24;
  audio::set_tag(writer.tags, "title", request.value("prompt", ""));
  audio::write_audio(sound_path(name), clip.sound, writer, Job{job.stop, {}});
  weights::write_safetensors(folder_ / (name + ".safetensors"),
                             {{"levels", levels}, {"latents", clip.latents.to(at::kFloat)}},
                             {{kWanted, wanted}, {"request", clip.request.dump()}});
  ++made_;
}

KeptClip ClipStore::clip(const std::string& name, const Json& request,
                         const audio::SpectrogramParams& judged, const Job& job) {
  job.check();
  const std::string wanted = fmt::format("{} {}", model_mark_, request.dump());
  if (auto kept = find(name, wanted)) return std::move(*kept);
  make(name, request, wanted, judged, job);
  auto kept = find(name, wanted);
  if (!kept) throw Error(ErrorCode::Internal, name + " is gone as soon as it was kept");
  return std::move(*kept);
}

void set_fields(Json& request, const Json& asked) {
  const std::string pipeline = json_get<std::string>(request, "pipeline", "request");
  for (const auto& [name, value] : asked.items()) {
    if (!value.is_object()) request[name] = value;
  }
  const auto own = asked.find(pipeline);
  if (own != asked.end() && own->is_object()) request.update(*own);
}

std::string mark_of_model(const fs::path& bundle) {
  std::vector<std::string> lines;
  const auto add = [&](const fs::path& path) {
    lines.push_back(fmt::format("{} {} {}", path.lexically_relative(bundle).string(),
                                fs::file_size(path),
                                fs::last_write_time(path).time_since_epoch().count()));
  };
  if (fs::is_directory(bundle)) {
    for (const auto& entry : fs::recursive_directory_iterator(
             bundle, fs::directory_options::follow_directory_symlink)) {
      if (entry.is_regular_file()) add(entry.path());
    }
  } else if (fs::exists(bundle)) {
    add(bundle);
  }
  std::ranges::sort(lines);
  // FNV-1a of 64 bits.
  uint64_t mark = 14695981039346656037U;
  for (const std::string& line : lines) {
    for (const char c : line + "\n") mark = (mark ^ static_cast<uint8_t>(c)) * 1099511628211U;
  }
  return fmt::format("{:016x}", mark);
}

}  // namespace riffle::eval
