// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/riffuse.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "diffusion/masks.h"
#include "diffusion/scheduler_table.h"
#include "diffusion/strength.h"
#include "pipelines/prompt_schedule.h"
#include "pipelines/render.h"
#include "pipelines/sound_latents.h"

namespace riffle::pipelines {
namespace {

void require_sides(const image::Picture& picture, const char* what) {
  if (picture.width < 32 || picture.height < 32 || picture.width % 32 != 0 ||
      picture.height % 32 != 0) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("the {} is {} x {} pixels, expected multiples of 32", what,
                            picture.width, picture.height));
  }
}

double between(double start, double end, double alpha) { return start * (1 - alpha) + end * alpha; }

// The prompts, interpolated, and the empty one.
diffusion::GuidedPrompt steered(MusicModel& model, const RiffuseRequest& request, const Job& job) {
  const std::vector<std::string> prompts = {request.start.prompt, request.end.prompt, ""};
  const auto read =
      model.conditioner().condition(prompts, {.prompt_weights = request.prompt_weights}, job);
  return {mixed(item_of(read.conditioning, 0), item_of(read.conditioning, 1), request.alpha),
          item_of(read.conditioning, 2)};
}

// All planes as they are; without EXIF, as the original sends it.
image::Picture colour_picture(const at::Tensor& media) {
  const at::Tensor bytes = ((media[0].expand({3, -1, -1}) / 2 + 0.5).clamp(0, 1) * 255)
                               .round()
                               .to(at::kByte)
                               .permute({1, 2, 0})
                               .contiguous();
  image::Picture picture(static_cast<int>(bytes.size(1)), static_cast<int>(bytes.size(0)));
  std::copy_n(bytes.data_ptr<uint8_t>(), bytes.numel(), picture.rgb.begin());
  return picture;
}

}  // namespace

std::vector<uint8_t> gray_of_picture(const image::Picture& picture) {
  std::vector<uint8_t> gray(picture.rgb.size() / 3);
  for (size_t i = 0; i < gray.size(); ++i) {
    const uint8_t* p = picture.rgb.data() + 3 * i;
    gray[i] = static_cast<uint8_t>((p[0] * 19595U + p[1] * 38470U + p[2] * 7471U + 0x8000U) >> 16);
  }
  return gray;
}

at::Tensor media_of_picture(const image::Picture& picture, int64_t channels) {
  const auto tensor = [&](const std::vector<uint8_t>& bytes, int64_t planes) {
    return at::from_blob(const_cast<uint8_t*>(bytes.data()),
                         {1, picture.height, picture.width, planes}, at::kByte)
        .permute({0, 3, 1, 2})
        .to(at::kFloat)
        .contiguous();
  };
  const at::Tensor levels =
      channels == 1 ? tensor(gray_of_picture(picture), 1) : tensor(picture.rgb, 3);
  return levels / 255 * 2 - 1;
}

RiffuseResult riffuse(MusicModel& model, const RiffuseRequest& request, const image::Picture& init,
                      const image::Picture* mask, const RunContext& context) {
  const at::NoGradGuard no_grad;
  require_sides(init, "seed image");
  if (!(request.alpha >= 0 && request.alpha <= 1)) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("alpha must be 0 to 1, got {}", request.alpha));
  }
  const Geometry& geometry = model.geometry();
  const auto config = diffusion::scheduler_config_from_json(model.denoiser().scheduler_config(),
                                                            "the model's scheduler_config.json");
  ChosenScheduler chosen;
  chosen.entry = &diffusion::scheduler_entry_of(config);
  chosen.scheduler = chosen.entry->make(config);
  chosen.denoiser = &model.denoiser();
  chosen.scheduler->set_timesteps(request.steps);

  const std::vector<int64_t> shape{geometry.latent_channels,
                                   init.height / geometry.frequency_factor,
                                   init.width / geometry.factor};
  const auto noise_of_seed = [&](uint64_t seed) {
    return diffusion::seeded_noise(std::vector<uint64_t>{seed}, shape);
  };
  const at::Tensor noise_start = noise_of_seed(request.start.seed);
  const at::Tensor noise =
      diffusion::slerp(request.alpha, noise_start, noise_of_seed(request.end.seed));
  const at::Tensor original = model.autoencoder().encode(
      media_of_picture(init, geometry.media_channels), noise_start, {}, Job{context.job.stop, {}});

  const auto place = diffusion::riffuse_start_of_strength(
      *chosen.scheduler, between(request.start.denoising, request.end.denoising, request.alpha));
  const double t = chosen.scheduler->timesteps()[static_cast<size_t>(place.noise_index)];
  const at::Tensor latents = chosen.scheduler->add_noise(original, noise, t);
  chosen.scheduler->start_at(place.first_index);

  diffusion::SampleOptions options;
  options.guidance.scale = between(request.start.guidance, request.end.guidance, request.alpha);
  // One window however wide: what the original does.
  options.windows = {.window = std::max(geometry.window, latents.size(-1)), .overlap = 0};
  diffusion::SeededNoise steps_noise(std::vector<uint64_t>{request.start.seed});
  options.noise = &steps_noise;
  if (mask != nullptr) {
    const auto cells = diffusion::mask_of_picture(gray_of_picture(*mask), mask->width, mask->height,
                                                  geometry.factor);
    options.keep = diffusion::KeptPart{cells, {original, noise}, true};
  }
  const diffusion::GuidedPrompt prompt = steered(model, request, context.job);
  RiffuseResult result;
  result.latents = run_sampler(model, chosen, latents, std::span(&prompt, 1), options, context);
  result.media = model.autoencoder().decode(result.latents, {}, Job{context.job.stop, {}});
  result.picture = colour_picture(result.media);
  return result;
}

}  // namespace riffle::pipelines
