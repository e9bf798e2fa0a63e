// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/morph.h"

#include <ATen/ops/cat.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "diffusion/masks.h"
#include "image/picture_file.h"
#include "image/spectrogram_picture.h"
#include "pipelines/between.h"
#include "pipelines/render.h"
#include "pipelines/riffuse.h"
#include "pipelines/sound_latents.h"

namespace riffle::pipelines {
namespace {

Ground ground_of(MusicModel& model, const MorphRequest& request, const Job& job) {
  if (!request.init.empty()) return ground_of_file(model, request.init, job);
  const Geometry& geometry = model.geometry();
  return empty_ground(
      geometry, request.length.samples(geometry.codec.sample_rate, geometry.window_samples()));
}

at::Tensor read_mask(const std::string& path, const Ground& ground, const Geometry& geometry) {
  const image::Picture picture = image::read_picture(path);
  const at::Tensor mask = diffusion::mask_of_picture(gray_of_picture(picture), picture.width,
                                                     picture.height, geometry.factor);
  const bool fits = ground.latents.defined() && mask.size(2) == ground.latents.size(2) &&
                    mask.size(3) == ground.latents.size(3);
  if (!fits) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("{}: a mask of {} x {} pixels does not fit", path, picture.width,
                            picture.height),
                "a mask needs an init of the same size");
  }
  return mask;
}

// All clips differ in their alpha, and in the noise of stochastic samplers.
BetweenStep step_of(const MorphRequest& request, const Ground& ground, const Geometry& geometry) {
  BetweenStep step;
  step.from = {request.prompt, seed_of(request.sampling.seed, 0), request.strength};
  step.to = {request.to.empty() ? request.prompt : request.to, seed_of(*request.to_seed, 0),
             request.to_strength.value_or(request.strength)};
  step.sampling = request.sampling;
  if (!request.mask.empty()) step.mask = read_mask(request.mask, ground, geometry);
  step.bpm = request.length.bpm;
  step.beats_per_bar = request.length.beats_per_bar;
  // Every clip keeps the first prompt's tempo from its first sample on; that of a recording is its
  // own.
  step.on_beat = !ground.latents.defined();
  return step;
}

// The frame the clip begins at: rounded each by itself, so that the beat does not drift.
int64_t start_frame(int64_t index, double period, int hop) {
  return nearest(static_cast<double>(index) * period / hop);
}

void settle(MorphRequest& request, MusicModel& model) {
  settle(request.sampling, model);
  const bool same_prompt = request.to.empty() || request.to == request.prompt;
  if (!request.to_seed) {
    request.to_seed = static_cast<int64_t>(seed_of(request.sampling.seed, same_prompt ? 1 : 0));
  }
}

}  // namespace

void MorphRequest::visit(FieldVisitor& v) {
  v.field(prompt, {.name = "prompt", .help = "What it begins with", .required = true, .place = 1});
  v.field(to, {.name = "to",
               .help = "What it turns into",
               .place = 2,
               .absent = "the same prompt with another seed"});
  v.field(init, {.name = "init",
                 .help = "Sound or picture every clip is made over; sets beat and length",
                 .is_file = true});
  v.field(mask, {.name = "mask",
                 .help = "Picture of the init's size: white is repainted, black is kept",
                 .is_file = true});
  v.field(clips, {.name = "clips",
                  .help = "How many steps it takes from one to the other",
                  .minimum = 2,
                  .maximum = 1000});
  length.visit(v);
  v.field(strength, {.name = "strength",
                     .help = "How far clips leave the init: 0.75 keeps the beat, 0.95 forgets it",
                     .minimum = 0,
                     .maximum = 1});
  v.field(to_strength, {.name = "to_strength",
                        .help = "The same at the end",
                        .minimum = 0,
                        .maximum = 1,
                        .absent = "the strength"});
  v.field(to_seed, {.name = "to_seed",
                    .help = "Seed at the end",
                    .minimum = 0,
                    .maximum = 4294967295.0,
                    .absent = "the seed; one more when the prompts are the same"});
  v.field(alpha_power, {.name = "alpha_power",
                        .help = "Above 1 dwells in the middle, below 1 at both ends",
                        .minimum = 0.1,
                        .maximum = 10,
                        .advanced = true});
  v.field(loudness, {.name = "loudness",
                     .help = "Loudness of the result (EBU R128)",
                     .unit = "LUFS",
                     .minimum = -60,
                     .maximum = 0});
  sampling.visit(v);
}

MorphPlan plan_morph(MusicModel& model, MorphRequest request, const Job& job) {
  settle(request, model);
  MorphPlan plan{std::move(request), {}, {}};
  plan.ground = ground_of(model, plan.request, job);
  plan.step = step_of(plan.request, plan.ground, model.geometry());
  return plan;
}

BetweenStep morph_step(const MorphPlan& plan, int64_t index) {
  const MorphRequest& request = plan.request;
  BetweenStep step = plan.step;
  step.alpha = diffusion::shaped_alpha(
      static_cast<double>(index) / static_cast<double>(request.clips - 1), request.alpha_power);
  step.steps_seed = seed_of(request.sampling.seed, 0x5EED0000 + index);
  return step;
}

double level_stretches(audio::MelSpectrogram& mel, const std::vector<int64_t>& starts,
                       double limit_db) {
  const size_t count = starts.size();
  const auto end_of = [&](size_t i) { return i + 1 < count ? starts[i + 1] : mel.frames; };
  std::vector<double> levels_db(count, -300);
  double sum_db = 0;
  int64_t heard = 0;
  for (size_t i = 0; i < count; ++i) {
    double energy = 0;
    for (int channel = 0; channel < mel.channels; ++channel) {
      for (int64_t t = starts[i]; t < end_of(i); ++t) {
        for (const float value : mel.frame(channel, t)) energy += double{value} * double{value};
      }
    }
    if (energy <= 0 || end_of(i) <= starts[i]) continue;
    levels_db[i] = 10 * std::log10(energy / static_cast<double>(end_of(i) - starts[i]));
    sum_db += levels_db[i];
    ++heard;
  }
  if (heard == 0) return 0;
  const double target_db = sum_db / static_cast<double>(heard);
  std::vector<double> gains_db(count, 0);
  double largest = 0;
  for (size_t i = 0; i < count; ++i) {
    if (levels_db[i] > -300) {
      gains_db[i] = std::clamp(target_db - levels_db[i], -limit_db, limit_db);
    }
    if (std::abs(gains_db[i]) > std::abs(largest)) largest = gains_db[i];
  }
  constexpr int64_t kGlideFrames = 10;
  for (size_t i = 0; i < count; ++i) {
    for (int64_t t = starts[i]; t < end_of(i); ++t) {
      double gain_db = gains_db[i];
      const int64_t since = t - starts[i];
      if (i > 0 && since < kGlideFrames) {
        const double share = static_cast<double>(since + 1) / (kGlideFrames + 1);
        gain_db = gains_db[i - 1] + share * (gains_db[i] - gains_db[i - 1]);
      }
      const auto gain = static_cast<float>(std::pow(10, gain_db / 20));
      for (int channel = 0; channel < mel.channels; ++channel) {
        for (float& value : mel.frame(channel, t)) value *= gain;
      }
    }
  }
  return largest;
}

std::vector<Clip> morph(MusicModel& model, MorphRequest asked, const RunContext& context) {
  const Geometry& geometry = model.geometry();
  const int hop = geometry.codec.hop_length();
  const MorphPlan plan = plan_morph(model, std::move(asked), Job{context.job.stop, {}});
  const MorphRequest& request = plan.request;
  const double period = plan.ground.period;
  RunContext inner = context;
  inner.job = Job{context.job.stop, {}};
  Clip clip;
  const int64_t samples = nearest(static_cast<double>(request.clips) * period);
  std::vector<at::Tensor> latents;
  std::vector<at::Tensor> media;
  std::vector<int64_t> starts;
  for (int64_t i = 0; i < request.clips; ++i) {
    context.job.check();
    latents.push_back(latents_between(model, plan.ground, morph_step(plan, i), clip.notes, inner));
    const at::Tensor decoded =
        decode_latents(model, latents.back(), false, Job{context.job.stop, {}});
    starts.push_back(start_frame(i, period, hop));
    if (i + 1 < request.clips) {
      media.push_back(decoded.narrow(-1, 0, start_frame(i + 1, period, hop) - starts.back()));
    } else {
      // Up to the frame at or after the last sample, which the clip may lack by one.
      const int64_t frames = (samples + hop - 1) / hop + 1 - starts.back();
      const int64_t missing = std::max<int64_t>(0, frames - decoded.size(-1));
      media.push_back(decoded.narrow(-1, 0, frames - missing));
      if (missing > 0) media.push_back(decoded.narrow(-1, decoded.size(-1) - missing, missing));
    }
    context.job.report("morph", i + 1, request.clips);
  }
  const at::Tensor whole = at::cat(media, -1);
  audio::MelSpectrogram mel = mel_of_media(whole, geometry, image::kDefaultMaxValue);
  constexpr double kLimitDb = 12;
  const double levelled_db = level_stretches(mel, starts, kLimitDb);

  add_notes(clip.notes, sampling_notes(request.sampling));
  if (std::abs(levelled_db) > 1) {
    clip.notes.push_back(
        fmt::format("clips were brought to one level, by up to {:.1f} dB", levelled_db));
  }
  clip.sound = sound_of_mel(mel, geometry, samples,
                            {.iterations = static_cast<int>(request.sampling.decode_iterations),
                             .seed = seed_of(request.sampling.seed, 0)},
                            context.job);
  set_loudness(clip.sound, request.loudness, clip.notes, context.job);
  clip.picture = picture_of_media(whole, geometry, image::kDefaultMaxValue);
  clip.latents = at::cat(latents, -1);
  clip.request = request_record("morph", model, request_to_json(request));
  clip.maybe_bpm = request.length.bpm;
  clip.beats = request.length.beats(samples, geometry.codec.sample_rate);
  std::vector<Clip> clips;
  context.deliver(std::move(clip), clips);
  return clips;
}

}  // namespace riffle::pipelines
