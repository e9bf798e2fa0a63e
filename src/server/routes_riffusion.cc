// SPDX-License-Identifier: GPL-3.0-or-later
// Riffusion's own endpoint: its web app and other clients work with it unchanged.
#include <fmt/format.h>

#include <mutex>

#include "audio/audio_stream.h"
#include "core/error.h"
#include "core/log.h"
#include "image/picture_file.h"
#include "image/spectrogram_picture.h"
#include "pipelines/render.h"
#include "pipelines/riffuse.h"
#include "pipelines/sound_latents.h"
#include "server/problem.h"
#include "server/riffusion.h"
#include "server/routes.h"

namespace riffle::server {
namespace {

constexpr const char* kHtml = "text/html; charset=utf-8";
constexpr int64_t kMostSteps = 1000;
constexpr int64_t kMostWaiting = 32;

// It answers one request after the other.
struct OneAtATime {
  std::mutex mutex;
  std::atomic<int64_t> waiting{0};
};

Response text(int status, std::string body) {
  return {.status = status, .content_type = kHtml, .body = std::move(body)};
}

// The upper left part with sides that are multiples of 32, which is what the model takes.
image::Picture cropped(const image::Picture& picture) {
  image::Picture part(picture.width / 32 * 32, picture.height / 32 * 32);
  for (int y = 0; y < part.height; ++y) {
    std::copy_n(picture.row(y).begin(), part.row_bytes(), part.row(y).begin());
  }
  return part;
}

// The picture of an id, or nothing for an id there is none of.
std::optional<image::Picture> picture_of(App& app, const std::string& id,
                                         const pipelines::Geometry& geometry) {
  try {
    const SeedImage seed = app.sources.seed_image(id);
    return cropped(image::read_picture(app.sources.seed_picture(seed, geometry)));
  } catch (const ProblemError&) {
    return {};
  }
}

std::vector<uint8_t> mp3_of(const audio::Waveform& sound) {
  std::vector<uint8_t> bytes;
  audio::AudioStream stream(
      "mp3", sound.sample_rate, sound.channels(),
      [&](std::span<const uint8_t> part) { bytes.insert(bytes.end(), part.begin(), part.end()); });
  stream.write(sound);
  stream.finish();
  return bytes;
}

std::string infer(SharedModel& model, const RiffusionInput& input, const image::Picture& seed,
                  const image::Picture* mask) {
  const UrgencyScope urgency(Urgency::Waiting);
  const pipelines::Geometry& geometry = model.geometry();
  const pipelines::RiffuseResult made = riffuse(model, input.request, seed, mask);
  const audio::MelSpectrogram mel =
      pipelines::mel_of_media(made.media, geometry, image::kDefaultMaxValue);
  audio::Waveform sound = sound_of_mel(mel, geometry, geometry.codec.samples_of(mel.frames),
                                       {.seed = input.request.start.seed}, {});
  std::vector<std::string> notes;
  pipelines::set_loudness(sound, -16, notes, {});
  const auto jpeg = image::encode_picture(
      made.picture, image::PictureFormat::Jpeg,
      {.jpeg_quality = 75, .jpeg_subsampling = image::ChromaSubsampling::Quarter});
  return riffusion_output(jpeg, mp3_of(sound), sound.duration_s());
}

Response answer(App& app, const Request& request, OneAtATime& turn) {
  try {
    const RiffusionInput input = read_riffusion_input(request.body);
    const auto model = app.models.current();
    const auto seed = picture_of(app, input.seed_image_id, model->geometry());
    if (!seed) return text(400, "Invalid seed image: " + input.seed_image_id);
    std::optional<image::Picture> mask;
    if (!input.mask_image_id.empty()) {
      mask = picture_of(app, input.mask_image_id, model->geometry());
      if (!mask) return text(400, "Invalid mask image: " + input.mask_image_id);
    }
    if (input.request.steps < 1 || input.request.steps > kMostSteps) {
      return text(400, fmt::format("num_inference_steps must be 1 to {}", kMostSteps));
    }
    if (turn.waiting >= kMostWaiting) return text(503, "too many requests wait");
    ++turn.waiting;
    const std::shared_ptr<void> counted(nullptr, [&](void*) { --turn.waiting; });
    const std::lock_guard lock(turn.mutex);
    return text(200, infer(*model, input, *seed, mask ? &*mask : nullptr));
  } catch (const RiffusionRefusal& refusal) {
    return text(400, refusal.text);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::InvalidArgument) return text(400, error.message());
    log::error("run_inference: {}", error.message());
    return text(500,
                "<!doctype html>\n<html lang=en>\n<title>500 Internal Server Error</title>\n"
                "<h1>Internal Server Error</h1>\n");
  }
}

}  // namespace

void add_riffusion_routes(App& app) {
  const auto turn = std::make_shared<OneAtATime>();
  app.router.add({.method = "POST",
                  .pattern = "/run_inference/",
                  .answer = [&app, turn](Request& request) { return answer(app, request, *turn); },
                  .body = BodyKind::Text});
  app.router.add({.method = "POST", .pattern = "/run_inference", .answer = [](Request&) {
                    Response response = text(308, "");
                    response.headers.emplace_back("Location", "/run_inference/");
                    return response;
                  }});
}

}  // namespace riffle::server
