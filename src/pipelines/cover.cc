// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/cover.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "audio/downmix.h"
#include "audio/loudness.h"
#include "audio/resample.h"
#include "diffusion/inversion.h"
#include "diffusion/strength.h"
#include "pipelines/chroma_rows.h"
#include "pipelines/prompt_schedule.h"
#include "pipelines/render.h"
#include "pipelines/sound_file.h"
#include "pipelines/sound_latents.h"

namespace riffle::pipelines {
namespace {

// One prompt for all windows, or one for each: on the way from the first to the second, or to the
// notes of each. chroma: as above, or undefined.
SteeredWindows steer_cover(MusicModel& model, const CoverRequest& request,
                           const diffusion::WindowPlan& plan, const at::Tensor& chroma,
                           const Job& job) {
  const std::vector<std::string> texts = {request.prompt,
                                          request.to.empty() ? request.prompt : request.to,
                                          request.sampling.negative_prompt};
  models::ConditionedPrompts read = model.conditioner().condition(texts, {}, job);
  SteeredWindows steered{{}, std::move(read.notes)};
  const auto from = item_of(read.conditioning, 0);
  const auto to = item_of(read.conditioning, 1);
  const auto negative = item_of(read.conditioning, 2);
  const int64_t windows = request.to.empty() && !chroma.defined() ? 1 : plan.count();
  if (!request.to.empty() && windows == 1) {
    steered.notes.emplace_back(
        "the recording is as short as one window: only the first prompt is used");
  }
  for (int64_t k = 0; k < windows; ++k) {
    const double share =
        windows == 1 ? 0 : static_cast<double>(k) / static_cast<double>(windows - 1);
    steered.prompts.push_back({mixed(from, to, share), negative});
    // Chroma follows the source with 0.70 in place of 0.52 at a strength of 0.65 since guidance
    // leads to the notes.
    if (chroma.defined()) set_chroma(steered.prompts.back(), plan.slice(chroma, k));
  }
  return steered;
}

// What a strength means: how far up the noise the recording is taken, and how much of that noise's
// variance is the seed's.
struct Covering {
  double level = 1;
  double fresh = 1;
};

Covering covering_of(const CoverRequest& request, bool inverts) {
  if (!inverts) return {request.strength, 1};
  constexpr double kWhole = 0.45;  // the strength that is all of the recording's noise
  // Without any of the seed's all seeds would give one cover.
  constexpr double kLeastFresh = 0.01;
  const double beyond = std::max(0.0, (request.strength - kWhole) / (1 - kWhole));
  return {std::min(1.0, request.strength / kWhole), kLeastFresh + (1 - kLeastFresh) * beyond};
}

// The noise of the recording, told what the cover is told but for the prompt: what it sounds like
// nobody knows.
at::Tensor noise_of_recording(MusicModel& model, const diffusion::Scheduler& scheduler,
                              const at::Tensor& latents, double level,
                              std::span<const diffusion::GuidedPrompt> prompts,
                              const diffusion::SampleOptions& options, const Job& job) {
  std::vector<diffusion::GuidedPrompt> told;
  for (const diffusion::GuidedPrompt& prompt : prompts) {
    told.push_back({prompt.negative, {}});
    told.back().positive.chroma = prompt.positive.chroma;
  }
  const auto place = diffusion::start_of_strength(scheduler, level);
  const double top = scheduler.timesteps()[static_cast<size_t>(place.noise_index)];
  // As many as are taken on the way back.
  const int64_t evaluations = std::ssize(scheduler.timesteps()) - place.first_index;
  return diffusion::inverted_noise(model.denoiser(), scheduler.config(), latents, top, evaluations,
                                   told, options, job);
}

diffusion::MagicMix magic_mix_of(const CoverRequest& request, const diffusion::Scheduler& scheduler,
                                 const diffusion::KnownLatents& source, int64_t first) {
  // The paper's kmin and kmax, counted in steps from the end.
  constexpr double kMin = 0.3;
  const auto evaluations = static_cast<double>(scheduler.timesteps().size());
  return {source, request.mix, first,
          static_cast<int64_t>(evaluations - std::floor(kMin * evaluations))};
}

}  // namespace

void CoverRequest::visit(FieldVisitor& v) {
  v.field(file,
          {.name = "file", .help = "The recording", .required = true, .place = 1, .is_file = true});
  v.field(prompt,
          {.name = "prompt", .help = "What it is to sound like", .required = true, .place = 2});
  v.field(to, {.name = "to", .help = "What it turns into until the end", .absent = "the prompt"});
  v.field(strength, {.name = "strength",
                     .help = "0.3 changes it lightly, 0.45 as far as melody and tempo stay; above, "
                             "they go",
                     .minimum = 0,
                     .maximum = 1});
  v.field(fresh_noise,
          {.name = "fresh_noise",
           .help = "Begin from noise of the seed alone, as img2img does: a third of the work, "
                   "but melody and sound change together"});
  v.field(free_notes, {.name = "free_notes",
                       .help = "Do not tell the model which notes sound in the recording: at high "
                               "strength it plays others; of models that follow chords"});
  v.field(magic_mix, {.name = "magic_mix",
                      .help = "Mix layout and meaning while the sound forms (Liew et al. 2022)"});
  v.field(mix, {.name = "mix",
                .help = "With magic_mix: the share of the new sound",
                .minimum = 0,
                .maximum = 1});
  v.field(channels, {.name = "channels",
                     .help = "Channels of the result; auto: the recording's",
                     .choices = {"auto", "mono", "stereo"}});
  v.field(loudness, {.name = "loudness",
                     .help = "Loudness of the result (EBU R128)",
                     .unit = "LUFS",
                     .minimum = -60,
                     .maximum = 0,
                     .absent = "the recording's"});
  v.field(latents, latents_field());
  sampling.visit(v);
}

std::vector<Clip> cover(MusicModel& model, CoverRequest request, const RunContext& context) {
  settle(request.sampling, model);
  const Geometry& geometry = model.geometry();
  const Job inner{context.job.stop, {}};
  SoundFile file = read_sound_file(request.file, inner);
  const int file_rate = file.sound.sample_rate;
  const int64_t file_frames = file.sound.frames();
  const audio::Loudness before = audio::measure_loudness(file.sound);
  const int rate = geometry.codec.sample_rate;
  const int channels =
      request.channels == "auto" ? file.sound.channels() : (request.channels == "stereo" ? 2 : 1);
  // A stereo model takes and gives two, whatever is asked for.
  const audio::Waveform source = audio::mix_channels(
      at_rate(file.sound, rate, audio::resampled_frames(file_frames, file_rate, rate), inner),
      audio::kUnknownLayout, geometry.codec.stereo ? 2 : channels);
  file.sound = {};

  SoundLatents original = latents_of_sound(
      model, source, context.job,
      request.latents.empty() ? at::Tensor() : read_latents_of(request.latents, source, geometry));
  original.media = at::Tensor();  // long, and not needed
  const int64_t items = original.latents.size(0);
  const int64_t columns = original.latents.size(-1);
  // Both channels get the same noise: what is alike in them stays alike.
  const std::vector<uint64_t> seeds(static_cast<size_t>(items), seed_of(request.sampling.seed, 0));
  const StretchNoise noise = noise_of(seeds, geometry, columns, true);

  // Karras's steps, few of which lie high in the noise, keep less of the melody.
  ChosenScheduler chosen =
      choose_scheduler(request.sampling, model, request.fresh_noise ? "" : "dpmpp_2m");
  diffusion::Scheduler& scheduler = *chosen.scheduler;
  const bool inverts = !request.fresh_noise && scheduler.noise_schedule().size() > 0;
  const Covering covering = covering_of(request, inverts);
  diffusion::SampleOptions options = sample_options(request.sampling, geometry, false);
  options.noise = noise.source.get();
  const at::Tensor chroma = !request.free_notes && model.denoiser().follows_chroma()
                                ? heard_chroma_rows(source, geometry.column_s(), columns, inner)
                                : at::Tensor();
  const SteeredWindows steered =
      steer_cover(model, request, diffusion::WindowPlan(columns, options.windows), chroma, inner);

  diffusion::KnownLatents from{original.latents, noise.initial};
  RunContext sampling = context;
  if (inverts) {
    const at::Tensor own =
        noise_of_recording(model, scheduler, from.latents, covering.level, steered.prompts, options,
                           part_of_job(context.job, 0, 1, 2));
    from.noise = std::sqrt(1 - covering.fresh) * own + std::sqrt(covering.fresh) * from.noise;
    sampling.job = part_of_job(context.job, 1, 1, 2);
  }
  const at::Tensor latents = start_from(scheduler, from, covering.level);
  if (request.magic_mix) {
    options.mix = magic_mix_of(request, scheduler, from, scheduler.index());
  }

  Clip clip;
  clip.latents = run_sampler(model, chosen, latents, steered.prompts, options, sampling);
  Rendered rendered = render(model, clip.latents,
                             {.samples = original.samples,
                              .max_value = original.max_value,
                              .iterations = static_cast<int>(request.sampling.decode_iterations),
                              .seed = seeds[0]},
                             context.job);
  clip.sound = audio::mix_channels(at_rate(rendered.sound, file_rate, file_frames, inner),
                                   audio::kUnknownLayout, channels);
  clip.picture = std::move(rendered.picture);
  clip.notes = file.notes;
  add_notes(clip.notes, steered.notes);
  add_notes(clip.notes, sampling_notes(request.sampling));
  if (request.loudness || !before.silent()) {
    set_loudness(clip.sound,
                 request.loudness.value_or(std::clamp(before.integrated_lufs, -60.0, 0.0)),
                 clip.notes, inner);
  }
  clip.request = request_record("cover", model, request_to_json(request));
  std::vector<Clip> clips;
  context.deliver(std::move(clip), clips);
  return clips;
}

}  // namespace riffle::pipelines
