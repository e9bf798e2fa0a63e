// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/repaint.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/ones.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/mel_scale.h"
#include "diffusion/masks.h"
#include "pipelines/prompt_schedule.h"
#include "pipelines/render.h"
#include "pipelines/sound_latents.h"

namespace riffle::pipelines {
namespace {

// How much louder what was kept is in the original than in the decoded latents, within 12 dB:
// autoencoders and edited pictures do not keep levels.
float level_correction(const at::Tensor& original_media, const at::Tensor& media,
                       const at::Tensor& kept, double power) {
  const auto energy = [&](const at::Tensor& m) {
    return (((1 - m) / 2).clamp(0, 1).pow(2 / power) * kept).sum().item<double>();
  };
  const double original = energy(original_media);
  const double now = energy(media);
  if (original <= 0 || now <= 0) return 1;
  return static_cast<float>(std::clamp(std::sqrt(original / now), 0.25, 4.0));
}

at::Tensor mask_of(const RepaintOptions& options, const Geometry& geometry, int64_t columns) {
  diffusion::MaskRectangle rectangle{.left = geometry.place_of(options.first),
                                     .right = geometry.place_of(options.last),
                                     .top = 0,
                                     .bottom = static_cast<double>(geometry.rows)};
  rectangle.right = std::min(rectangle.right, static_cast<double>(columns));
  if (options.maybe_band) {
    const RowRange rows = rows_of(*options.maybe_band, geometry.codec);
    const auto factor = static_cast<double>(geometry.frequency_factor);
    rectangle.top = rows.top / factor;
    rectangle.bottom = rows.bottom / factor;
  }
  return diffusion::mask_of_rectangles(geometry.rows, columns, std::span(&rectangle, 1));
}

}  // namespace

RowRange rows_of(const Band& band, const audio::SpectrogramParams& params) {
  const double low_mel = hz_to_mel(params.min_frequency);
  const double step = (hz_to_mel(params.max_frequency) - low_mel) / (params.num_frequencies + 1);
  const double rows = params.num_frequencies;
  const auto row_of = [&](double hz) { return (hz_to_mel(hz) - low_mel) / step - 0.5; };
  RowRange range{std::clamp(rows - row_of(band.high_hz), 0.0, rows),
                 std::clamp(rows - row_of(band.low_hz), 0.0, rows)};
  if (!(band.low_hz < band.high_hz) || range.bottom - range.top < 1e-6) {
    throw Error(
        ErrorCode::InvalidArgument,
        fmt::format("no frequency of the model lies between {} and {} Hz", band.low_hz,
                    band.high_hz),
        fmt::format("the model hears {} to {} Hz", params.min_frequency, params.max_frequency));
  }
  return range;
}

Repainted repaint(MusicModel& model, const audio::Waveform& region, const RepaintOptions& options,
                  const RunContext& context) {
  const at::NoGradGuard no_grad;
  const Geometry& geometry = model.geometry();
  const SoundLatents known = latents_of_sound(model, region, context.job, options.known);
  const int64_t columns = known.latents.size(-1);
  const std::vector<uint64_t> seeds(static_cast<size_t>(known.latents.size(0)),
                                    seed_of(options.sampling.seed, 0));
  const StretchNoise noise = noise_of(seeds, geometry, columns);
  const at::Tensor mask = mask_of(options, geometry, columns);

  ChosenScheduler chosen = choose_scheduler(options.sampling, model);
  diffusion::Scheduler& scheduler = *chosen.scheduler;
  at::Tensor latents = scheduler.init_noise_sigma() * noise.initial;
  if (options.strength < 1) {
    latents = start_from(scheduler, {known.latents, noise.initial}, options.strength);
  }
  diffusion::SampleOptions sampling = sample_options(options.sampling, geometry, false);
  sampling.noise = noise.source.get();
  sampling.keep = diffusion::KeptPart{mask, {known.latents, noise.initial}};
  const std::vector<TimedPrompt> prompts = {{0, options.prompt}};
  const SteeredWindows steered =
      steer(model, prompts, options.sampling.negative_prompt,
            diffusion::WindowPlan(columns, sampling.windows), {}, Job{context.job.stop, {}});

  Repainted result;
  result.notes = steered.notes;
  add_notes(result.notes, sampling_notes(options.sampling));
  result.latents = run_sampler(model, chosen, latents, steered.prompts, sampling, context);
  const at::Tensor media = decode_latents(model, result.latents, false, context.job);
  const at::Tensor kept = (1 - mask)
                              .repeat_interleave(geometry.frequency_factor, 2)
                              .repeat_interleave(geometry.factor, 3);
  audio::MelSpectrogram mel = mel_of_media(media, geometry, known.max_value);
  const float gain =
      level_correction(known.media, media, kept, double{geometry.codec.power_for_image});
  for (float& value : mel.values) value *= gain;
  result.sound = sound_of_mel(
      mel, geometry, known.samples,
      {.iterations = static_cast<int>(options.sampling.decode_iterations), .seed = seeds[0]},
      context.job);
  result.picture = picture_of_media(media, geometry, known.max_value);
  return result;
}

}  // namespace riffle::pipelines
