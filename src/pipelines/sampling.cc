// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/sampling.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "core/error.h"

namespace riffle::pipelines {
namespace {

struct Preset {
  const char* name;
  const char* scheduler;
  int64_t evaluations;
  int64_t distilled_evaluations;  // of models that were distilled to few steps (lcm)
};
constexpr Preset kPresets[] = {
    {"fast", "unipc", 10, 2},
    {"balanced", "dpmpp_2m_karras", 20, 4},
    {"best", "dpmpp_2m_karras", 50, 8},
};

const Preset& preset_named(const std::string& name) {
  const auto* found = std::ranges::find(kPresets, name, &Preset::name);
  if (found == std::end(kPresets)) {
    throw Error(ErrorCode::InvalidArgument, fmt::format("there is no preset \"{}\"", name),
                "the presets are fast, balanced and best");
  }
  return *found;
}

bool in_few_steps(const Sampling& sampling, MusicModel& model) {
  return sampling.scheduler == "lcm" && model.few_step_denoiser() != nullptr;
}

}  // namespace

FieldInfo guidance_rescale_field() {
  return {.name = "guidance_rescale",
          .help = "Takes back the contrast that strong guidance adds (Lin et al. 2023)",
          .minimum = 0,
          .maximum = 1,
          .absent = "the model's, usually 0",
          .advanced = true};
}

void Sampling::visit(FieldVisitor& v) {
  v.field(negative_prompt, {.name = "negative_prompt", .help = "What it should not sound like"});
  v.field(seed, {.name = "seed",
                 .help = "The same seed gives the same sound; -1: another one each time",
                 .minimum = -1,
                 .maximum = 4294967295.0});
  v.field(preset, {.name = "preset",
                   .help = "Quality against time; sets scheduler and steps",
                   .choices = {"fast", "balanced", "best"}});
  v.field(steps, {.name = "steps",
                  .help = "Steps of the scheduler",
                  .minimum = 1,
                  .maximum = 1000,
                  .absent = "the preset's"});
  v.field(guidance, {.name = "guidance",
                     .help = "How closely the prompt is followed; 1 and below: not at all",
                     .minimum = 0,
                     .maximum = 50,
                     .absent = "the model's, usually 7"});
  v.field(scheduler, {.name = "scheduler",
                      .help = "Sampler: dpmpp_2m_karras, unipc, euler, ddim, pndm, ...",
                      .absent = "the preset's"});
  v.field(guidance_rescale, guidance_rescale_field());
  v.field(cache_interval,
          {.name = "cache_interval",
           .help = "Compute the inner layers only every so many steps (DeepCache); 1: always",
           .minimum = 1,
           .maximum = 20,
           .advanced = true});
  v.field(decode_iterations, {.name = "decode_iterations",
                              .help = "Rounds of phase retrieval when the picture becomes sound",
                              .minimum = 1,
                              .maximum = 10000,
                              .advanced = true});
}

ChosenScheduler choose_scheduler(const Sampling& sampling, MusicModel& model,
                                 const std::string& usual) {
  ChosenScheduler chosen;
  chosen.denoiser = in_few_steps(sampling, model) ? model.few_step_denoiser() : &model.denoiser();
  const auto config = diffusion::scheduler_config_from_json(chosen.denoiser->scheduler_config(),
                                                            "the model's scheduler_config.json");
  const Preset& preset = preset_named(sampling.preset);
  const bool distilled =
      config.class_name == "LCMScheduler" || chosen.denoiser == model.few_step_denoiser();
  std::string name = sampling.scheduler;
  if (name.empty()) name = distilled ? "lcm" : (usual.empty() ? preset.scheduler : usual);
  chosen.entry = &diffusion::scheduler_entry(name);
  chosen.scheduler = chosen.entry->make(config);
  const int64_t evaluations = distilled ? preset.distilled_evaluations : preset.evaluations;
  const int64_t per_step = chosen.entry->evaluations_per_step;
  chosen.scheduler->set_timesteps(
      sampling.steps.value_or(std::max<int64_t>(1, evaluations / per_step)));
  return chosen;
}

void settle_seed(int64_t& seed) {
  if (seed < 0) seed = std::random_device{}();
}

void settle_guidance(Sampling& sampling, MusicModel& model) {
  const models::DefaultGuidance usual = model.default_guidance();
  // The few-step adapter has the model's guidance in it.
  if (!sampling.guidance) sampling.guidance = in_few_steps(sampling, model) ? 1 : usual.scale;
  if (!sampling.guidance_rescale) sampling.guidance_rescale = usual.rescale;
}

void settle(Sampling& sampling, MusicModel& model) {
  settle_seed(sampling.seed);
  settle_guidance(sampling, model);
}

std::vector<std::string> sampling_notes(const Sampling& sampling) {
  if (sampling.cache_interval <= 1) return {};
  return {fmt::format("step cache: the inner layers were computed only every {} steps (DeepCache)",
                      sampling.cache_interval)};
}

diffusion::SampleOptions sample_options(const Sampling& sampling, const Geometry& geometry,
                                        bool circular) {
  diffusion::SampleOptions options;
  options.guidance = {.scale = sampling.guidance.value_or(1),
                      .rescale = sampling.guidance_rescale.value_or(0)};
  options.windows = {
      .window = geometry.window, .overlap = geometry.window / 4, .circular = circular};
  options.cache_interval = sampling.cache_interval;
  return options;
}

}  // namespace riffle::pipelines
