// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/render.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "diffusion/strength.h"
#include "diffusion/timeline_noise.h"
#include "pipelines/sound_latents.h"

namespace riffle::pipelines {

StretchNoise noise_of(std::span<const uint64_t> seeds, const Geometry& geometry, int64_t columns,
                      bool timeline, int64_t first_column) {
  StretchNoise noise;
  if (timeline || columns > geometry.window) {
    noise.source = std::make_unique<diffusion::TimelineNoiseSource>(seeds, first_column);
  } else {
    noise.source = std::make_unique<diffusion::SeededNoise>(seeds);
  }
  // The first draw is where sampling starts, the next ones are its steps': PyTorch's order too.
  noise.initial = noise.source->next(at::empty(
      {static_cast<int64_t>(seeds.size()), geometry.latent_channels, geometry.rows, columns},
      at::kFloat));
  return noise;
}

at::Tensor start_from(diffusion::Scheduler& scheduler, const diffusion::KnownLatents& known,
                      double strength) {
  const auto place = diffusion::start_of_strength(scheduler, strength);
  const double t = scheduler.timesteps()[static_cast<size_t>(place.noise_index)];
  const at::Tensor latents = scheduler.add_noise(known.latents, known.noise, t);
  scheduler.start_at(place.first_index);
  return latents;
}

Job part_of_job(const Job& job, double before, double own, double all) {
  return {job.stop, [&job, before, own, all](const Progress& progress) {
            const auto steps = [&](double weight) {
              return std::llround(static_cast<double>(progress.total) * weight / own);
            };
            job.report(progress.stage, steps(before) + progress.done, steps(all));
          }};
}

at::Tensor run_sampler(MusicModel& model, ChosenScheduler& chosen, const at::Tensor& latents,
                       std::span<const diffusion::GuidedPrompt> prompts,
                       diffusion::SampleOptions options, const RunContext& context) {
  if (context.on_preview) {
    options.on_preview = [&](const diffusion::SamplePreview& step) {
      const int64_t interval = std::max<int64_t>(1, context.preview_interval);
      if (step.step % interval != 0 || step.step == step.steps) return;
      const at::Tensor media = decode_latents(model, step.latents.narrow(0, 0, 1),
                                              options.windows.circular, Job{context.job.stop, {}});
      context.on_preview({step.step, step.steps,
                          picture_of_media(media, model.geometry(), image::kDefaultMaxValue)});
    };
  }
  return diffusion::sample(*chosen.denoiser, *chosen.scheduler, latents, prompts, options,
                           context.job);
}

Rendered render(MusicModel& model, const at::Tensor& latents, const RenderOptions& options,
                const Job& job) {
  const Geometry& geometry = model.geometry();
  const at::Tensor media = decode_latents(model, latents, options.circular, job);
  const audio::MelSpectrogram mel = mel_of_media(media, geometry, options.max_value);
  const DecodeSoundOptions decode{
      .iterations = options.iterations, .seed = options.seed, .circular = options.circular};
  return {sound_of_mel(mel, geometry, options.samples, decode, job),
          picture_of_media(media, geometry, options.max_value)};
}

void set_loudness(audio::Waveform& sound, double target_lufs, std::vector<std::string>& notes,
                  const Job& job, bool loop) {
  // The limiter has forgotten after that much what came before.
  constexpr int64_t kContextS = 4;
  const int64_t frames = sound.frames();
  const int64_t context = loop ? std::min(frames, kContextS * sound.sample_rate) : 0;
  for (auto& channel : sound.samples) {
    const std::vector<float> head(channel.begin(), channel.begin() + context);
    const std::vector<float> tail(channel.end() - context, channel.end());
    channel.insert(channel.begin(), tail.begin(), tail.end());
    channel.insert(channel.end(), head.begin(), head.end());
  }
  const auto result =
      audio::normalize_loudness(sound, {.target_lufs = target_lufs}, Job{job.stop, {}});
  for (auto& channel : sound.samples) {
    channel.erase(channel.begin(), channel.begin() + context);
    channel.resize(static_cast<size_t>(frames));
  }
  if (result.before.silent()) {
    notes.emplace_back("the sound is silent: its loudness was left as it is");
  } else if (std::abs(result.after.integrated_lufs - target_lufs) > 0.5) {
    notes.push_back(fmt::format("the sound is too {} for {:.1f} LUFS: it has {:.1f}",
                                result.limited ? "peaky" : "quiet", target_lufs,
                                result.after.integrated_lufs));
  }
}

OrderedJson request_record(const std::string& pipeline, const Model& model,
                           const OrderedJson& fields) {
  OrderedJson record = {{"pipeline", pipeline}, {"model", model.name()}};
  record.update(fields);
  return record;
}

}  // namespace riffle::pipelines
