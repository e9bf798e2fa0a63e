// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/band_sampling.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <cmath>
#include <span>

#include "audio/downmix.h"
#include "audio/resample.h"
#include "core/error.h"
#include "pipelines/sound_file.h"

namespace riffle::pipelines {
namespace {

at::Tensor unit_length(const at::Tensor& x) { return x / x.norm().clamp_min(1e-12); }

at::Tensor repeated(const at::Tensor& x, int64_t times) {
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  shape[0] = times;
  return x.repeat(shape);
}

// A condition of one item or of all of a batch, for several predictions of that batch.
at::Tensor of_batch(const at::Tensor& x, int64_t batch, int64_t predictions) {
  return repeated(x, x.size(0) == batch ? predictions : predictions * batch);
}

// One value a prediction for each of the batch.
at::Tensor flags(const std::vector<diffusion::WeighedPrediction>& predictions, int64_t batch,
                 bool diffusion::WeighedPrediction::*flag) {
  std::vector<float> values;
  for (const auto& prediction : predictions) {
    values.insert(values.end(), static_cast<size_t>(batch), prediction.*flag ? 1.0F : 0.0F);
  }
  return at::tensor(values);
}

}  // namespace

void BandSampling::visit(FieldVisitor& v, const char* steps_name) {
  v.field(seed, {.name = "seed",
                 .help = "The same seed gives the same sound; -1: another one each time",
                 .minimum = -1,
                 .maximum = 4294967295.0});
  v.field(steps, {.name = steps_name,
                  .help = "Steps of the sampler",
                  .minimum = 1,
                  .maximum = 1000,
                  .absent = "the model's, usually 30"});
  v.field(guidance_context,
          {.name = "guidance_context",
           .help = "How closely the other music is followed; 1: as it was learned",
           .minimum = 0,
           .maximum = 50,
           .absent = "the model's, usually 1.25"});
  v.field(guidance_style,
          {.name = "guidance_style",
           .help = "How closely the recording or the prompt is followed; 1: as it was learned",
           .minimum = 0,
           .maximum = 50,
           .absent = "the model's, usually 1.25"});
  v.field(scheduler, {.name = "scheduler",
                      .help = "Sampler: dpmpp_2m, or heun (two evaluations a step), euler, unipc, "
                              "lms, ..."});
  v.field(guidance_rescale, guidance_rescale_field());
  v.field(guidance_least_noise,
          {.name = "guidance_least_noise",
           .help = "Noise level below which guidance is left out, which saves time",
           .minimum = 0,
           .maximum = 1000,
           .absent = "the model's, usually 0",
           .advanced = true});
  v.field(guidance_rule, {.name = "guidance_rule",
                          .help = "How the two kinds of guidance are joined; auto: as suits the "
                                  "model",
                          .choices = {"auto", "nested", "independent", "joint"},
                          .advanced = true});
  v.field(churn, {.name = "churn",
                  .help = "Noise that is added and taken away again on the way; heun only",
                  .minimum = 0,
                  .maximum = 1000,
                  .advanced = true});
  v.field(decode_iterations, {.name = "decode_iterations",
                              .help = "Rounds of the phase search",
                              .minimum = 0,
                              .maximum = 500,
                              .advanced = true});
}

void settle(BandSampling& sampling, const BandModel& model) {
  settle_seed(sampling.seed);
  const BandDefaults& defaults = model.defaults();
  if (!sampling.steps) sampling.steps = defaults.steps;
  if (!sampling.guidance_context) sampling.guidance_context = defaults.guidance_context;
  if (!sampling.guidance_style) sampling.guidance_style = defaults.guidance_style;
  if (sampling.guidance_rule == "auto") sampling.guidance_rule = defaults.guidance_rule;
  if (!sampling.guidance_least_noise) sampling.guidance_least_noise = defaults.guidance_least_noise;
  if (!sampling.guidance_rescale) sampling.guidance_rescale = defaults.guidance_rescale;
}

ChosenScheduler choose_scheduler(const BandSampling& sampling, const BandModel& model) {
  auto config = diffusion::scheduler_config_from_json(model.scheduler_config(),
                                                      "the model's scheduler_config.json");
  config.churn.amount = sampling.churn;
  ChosenScheduler chosen;
  chosen.entry = &diffusion::scheduler_entry(sampling.scheduler);
  chosen.scheduler = chosen.entry->make(config);
  chosen.scheduler->set_timesteps(sampling.steps.value_or(model.defaults().steps));
  return chosen;
}

diffusion::TwoConditionGuidance guidance_of(const BandSampling& sampling) {
  diffusion::TwoConditionGuidance guidance;
  guidance.context = sampling.guidance_context.value_or(guidance.context);
  guidance.style = sampling.guidance_style.value_or(guidance.style);
  guidance.rescale = sampling.guidance_rescale.value_or(guidance.rescale);
  guidance.rule = diffusion::guidance_rule(sampling.guidance_rule);
  guidance.least_noise = sampling.guidance_least_noise.value_or(guidance.least_noise);
  return guidance;
}

void visit_best_of(FieldVisitor& v, std::optional<int64_t>& best_of) {
  v.field(best_of, {.name = "best_of",
                    .help = "Takes made of each stem, of which the one that fits best is kept",
                    .minimum = 1,
                    .maximum = 64,
                    .absent = "the model's, usually 1"});
}

void BandStyle::visit(FieldVisitor& v) {
  v.field(like, {.name = "like",
                 .help = "A recording it is to sound like",
                 .absent = "none",
                 .is_file = true});
  v.field(prompt,
          {.name = "prompt", .help = "What it is to sound like, in words", .absent = "none"});
  v.field(blend, {.name = "blend",
                  .help = "With both: 0 is the recording, 1 the prompt",
                  .minimum = 0,
                  .maximum = 1});
}

at::Tensor mixed_style(const at::Tensor& a, const at::Tensor& b, double share) {
  return unit_length(a + share * (b - a));
}

at::Tensor style_of_sound(BandModel& model, const std::string& file,
                          std::vector<std::string>& notes, const Job& job) {
  const SoundFile sound = read_sound_file(file, job);
  add_notes(notes, sound.notes);
  return style_of_sound(model, audio::mix_channels(sound.sound, audio::kUnknownLayout, 1), job);
}

at::Tensor style_of_sound(BandModel& model, const audio::Waveform& mono, const Job& job) {
  const auto turn = model.turn();
  models::Clap& clap = model.clap(job);
  const audio::Waveform sound = audio::resample(mono, clap.sample_rate(), Job{job.stop, {}});
  const std::vector<float>& samples = sound.samples[0];
  const at::Tensor waveform = at::from_blob(const_cast<float*>(samples.data()),
                                            {static_cast<int64_t>(samples.size())}, at::kFloat);
  return clap.embed_sound(waveform, Job{job.stop, {}}).reshape({1, -1});
}

at::Tensor style_of_prompt(BandModel& model, const std::string& prompt,
                           std::vector<std::string>& notes, const Job& job) {
  const auto turn = model.turn();
  return model.clap(job).embed_text(std::span(&prompt, 1), &notes, Job{job.stop, {}}, true);
}

at::Tensor style_of(BandModel& model, const BandStyle& style, std::vector<std::string>& notes,
                    const Job& job) {
  if (style.like.empty() && style.prompt.empty()) return {};
  if (style.prompt.empty()) return style_of_sound(model, style.like, notes, job);
  const at::Tensor text = style_of_prompt(model, style.prompt, notes, job);
  if (style.like.empty()) return text;
  return mixed_style(style_of_sound(model, style.like, notes, job), text, style.blend);
}

BandDenoiser::BandDenoiser(BandModel& model, const diffusion::TwoConditionGuidance& guidance)
    : model_(model), guidance_(guidance) {
  guidance_.validate();
}

at::Tensor BandDenoiser::predict(const at::Tensor& latents, double noise_level,
                                 const models::Conditioning& conditioning,
                                 const models::DenoiseOptions& options, const Job& job) {
  const at::NoGradGuard no_grad;
  const at::Tensor& context = conditioning.context;
  const at::Tensor& style = conditioning.summary;
  const at::Tensor& chroma = conditioning.chroma;
  const auto predictions = diffusion::predictions_of(
      guidance_.at(noise_level), context.defined() || chroma.defined(), style.defined());
  const auto count = static_cast<int64_t>(predictions.size());
  const int64_t batch = latents.size(0);
  const at::Device device = model_.device();
  // The sampler scales to unit variance, as other models want it; this one scales by itself.
  const at::Tensor x = repeated(latents.squeeze(2) * std::hypot(1, noise_level), count).to(device);
  models::UNet1DConditions conditions;
  const at::Tensor fits = flags(predictions, batch, &diffusion::WeighedPrediction::context);
  if (context.defined()) {
    conditions.context = of_batch(context.squeeze(2), batch, count).to(device);
    conditions.present = fits.to(device);
  }
  if (chroma.defined()) {
    conditions.chroma = (of_batch(chroma, batch, count) * fits.view({-1, 1, 1})).to(device);
  }
  if (style.defined()) {
    conditions.style = of_batch(style, batch, count).to(device);
    conditions.has_style =
        flags(predictions, batch, &diffusion::WeighedPrediction::style).to(device);
  }
  const at::Tensor sigma = at::full({count * batch}, noise_level, x.options());
  const auto turn = model_.turn();
  const at::Tensor clean = model_.denoised(x, sigma, conditions, options.circular_time, job);
  return diffusion::weighed_sum(clean.to(latents.options()), predictions, guidance_.rescale)
      .unsqueeze(2);
}

}  // namespace riffle::pipelines
