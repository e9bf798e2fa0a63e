// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/between.h"

#include <ATen/ops/cat.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "audio/downmix.h"
#include "core/error.h"
#include "image/picture_file.h"
#include "pipelines/length.h"
#include "pipelines/prompt_schedule.h"
#include "pipelines/render.h"
#include "pipelines/riffuse.h"
#include "pipelines/sound_file.h"
#include "pipelines/sound_latents.h"

namespace riffle::pipelines {
namespace {

bool is_picture(const std::filesystem::path& path) {
  std::string ending = path.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return ending == ".png" || ending == ".jpg" || ending == ".jpeg";
}

Ground ground_of_picture(MusicModel& model, const std::filesystem::path& path, const Job& job) {
  const Geometry& geometry = model.geometry();
  const image::Picture picture = image::read_picture(path);
  if (picture.height != geometry.codec.num_frequencies) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("{}: {} rows, the model's pictures have {}", path.string(),
                            picture.height, geometry.codec.num_frequencies),
                "give a sound instead: it is turned into the model's own picture");
  }
  if (picture.width < geometry.factor) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("{}: {} columns, expected at least {}", path.string(), picture.width,
                            geometry.factor));
  }
  at::Tensor media = media_of_picture(picture, geometry.media_channels);
  const int64_t missing = (geometry.factor - media.size(-1) % geometry.factor) % geometry.factor;
  if (missing > 0) media = at::cat({media, media.narrow(-1, 0, missing)}, -1);
  // A picture of W columns plays for W - 1 hops, and that is how its loop was cut.
  return {encode_media(model, media, false, job), media.size(-1) / geometry.factor,
          static_cast<double>(geometry.codec.samples_of(picture.width))};
}

// Latents of the model's own form: nothing has to be encoded.
Ground ground_of_latents(MusicModel& model, const std::filesystem::path& path) {
  const Geometry& geometry = model.geometry();
  const at::Tensor latents = read_latents(path, geometry);
  if (latents.size(0) != 1) {
    throw Error(ErrorCode::InvalidArgument, fmt::format("{}: latents of {} channels, expected one",
                                                        path.string(), latents.size(0)));
  }
  const int64_t columns = latents.size(3);
  return {latents, columns,
          static_cast<double>(geometry.codec.samples_of(columns * geometry.factor))};
}

}  // namespace

Ground empty_ground(const Geometry& geometry, int64_t samples) {
  return {{}, geometry.columns_of(samples), static_cast<double>(samples)};
}

Ground ground_of_sound(MusicModel& model, const audio::Waveform& sound, const Job& job) {
  const Geometry& geometry = model.geometry();
  const int rate = geometry.codec.sample_rate;
  const int64_t frames = nearest(sound.duration_s() * rate);
  const audio::Waveform own = audio::mix_channels(at_rate(sound, rate, frames, job),
                                                  audio::kUnknownLayout, geometry.codec.channels());
  const SoundLatents encoded = latents_of_sound(model, own, job);
  return {encoded.latents, encoded.latents.size(-1), static_cast<double>(frames)};
}

Ground ground_of_file(MusicModel& model, const std::filesystem::path& path, const Job& job) {
  if (path.extension() == ".safetensors") return ground_of_latents(model, path);
  return is_picture(path) ? ground_of_picture(model, path, job)
                          : ground_of_sound(model, read_sound_file(path, job).sound, job);
}

at::Tensor latents_between(MusicModel& model, const Ground& ground, const BetweenStep& step,
                           std::vector<std::string>& notes, const RunContext& context) {
  const std::vector<std::string> texts = {step.from.prompt, step.to.prompt,
                                          step.sampling.negative_prompt};
  const auto read = model.conditioner().condition(texts, {.bpm = step.bpm}, context.job);
  notes = read.notes;
  const auto noise_of_seed = [&](uint64_t seed) {
    return noise_of(std::vector{seed}, model.geometry(), ground.columns).initial;
  };
  const at::Tensor noise =
      diffusion::slerp(step.alpha, noise_of_seed(step.from.seed), noise_of_seed(step.to.seed));
  ChosenScheduler chosen = choose_scheduler(step.sampling, model);
  diffusion::Scheduler& scheduler = *chosen.scheduler;
  at::Tensor latents = scheduler.init_noise_sigma() * noise;
  diffusion::SampleOptions options = sample_options(step.sampling, model.geometry(), false);
  if (ground.latents.defined()) {
    const double strength = step.from.strength * (1 - step.alpha) + step.to.strength * step.alpha;
    latents = start_from(scheduler, {ground.latents, noise}, strength);
    if (step.mask.defined()) {
      options.keep = diffusion::KeptPart{step.mask, {ground.latents, noise}};
    }
  }
  diffusion::SeededNoise source(std::vector{step.steps_seed});
  options.noise = &source;
  diffusion::GuidedPrompt prompt{
      mixed(item_of(read.conditioning, 0), item_of(read.conditioning, 1), step.alpha),
      item_of(read.conditioning, 2)};
  if (step.on_beat && !read.tempi.empty()) {
    set_beats(prompt, model, read.tempi.front(), {.beats_per_bar = step.beats_per_bar}, 0,
              ground.columns, ground.columns);
  }
  return run_sampler(model, chosen, latents, std::span(&prompt, 1), options, context);
}

}  // namespace riffle::pipelines
