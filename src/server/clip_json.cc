// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/clip_json.h"

#include <fmt/format.h>

#include "library/ids.h"

namespace riffle::server {

OrderedJson time_or_null(const std::optional<int64_t>& ms) {
  return ms ? OrderedJson(library::time_text(*ms)) : OrderedJson(nullptr);
}

OrderedJson clip_json(const library::ClipRecord& clip) {
  const std::string url = fmt::format("{}/clips/{}", kApi, clip.id);
  const auto part = [&](bool there, const char* file) {
    return there ? OrderedJson(url + "/" + file) : OrderedJson(nullptr);
  };
  return {{"id", clip.id},
          {"title", clip.title},
          {"created_at", library::time_text(clip.created_ms)},
          {"pipeline", clip.pipeline},
          {"model", clip.model},
          {"prompt", clip.prompt},
          {"seed", or_null(clip.seed)},
          {"duration_s", static_cast<double>(clip.frames) / static_cast<double>(clip.sample_rate)},
          {"frames", clip.frames},
          {"sample_rate", clip.sample_rate},
          {"channels", clip.channels},
          {"loudness_lufs", clip.loudness_lufs},
          {"bpm", or_null(clip.bpm)},
          {"beats", clip.beats},
          {"beats_per_bar", clip.beats_per_bar},
          {"loop", clip.loop},
          {"part", {{"role", clip.role}, {"name", clip.part}, {"of", or_null(clip.part_of)}}},
          {"rating", clip.rating},
          {"tags", clip.tags},
          {"notes", clip.notes},
          {"request", clip.request},
          {"parents", clip.parents},
          {"job", or_null(clip.job)},
          {"url", url},
          {"audio_url", url + "/audio.wav"},
          {"picture_url", part(clip.has_picture, "picture.png")},
          {"latents_url", part(clip.has_latents, "latents.safetensors")}};
}

OrderedJson upload_json(const library::UploadRecord& upload) {
  const std::string url = fmt::format("{}/uploads/{}", kApi, upload.id);
  return {{"id", upload.id},
          {"kind", library::name_of(upload.kind)},
          {"name", upload.name},
          {"bytes", upload.bytes},
          {"created_at", library::time_text(upload.created_ms)},
          {"duration_s", or_null(upload.duration_s)},
          {"sample_rate", or_null(upload.sample_rate)},
          {"channels", or_null(upload.channels)},
          {"width", or_null(upload.width)},
          {"height", or_null(upload.height)},
          {"request", upload.request},
          {"url", url},
          {"data_url", url + "/data"}};
}

}  // namespace riffle::server
