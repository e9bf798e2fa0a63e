// SPDX-License-Identifier: GPL-3.0-or-later
// The steps pipelines share: noise of a stretch, the sampler with previews, latents to clips.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "audio/loudness.h"
#include "diffusion/noise.h"
#include "diffusion/sampler.h"
#include "image/spectrogram_picture.h"
#include "pipelines/clip.h"
#include "pipelines/music_model.h"
#include "pipelines/sampling.h"

namespace riffle::pipelines {

struct StretchNoise {
  at::Tensor initial;                              // [seeds, C, H, columns]
  std::unique_ptr<diffusion::NoiseSource> source;  // of the steps of stochastic samplers
};

// One seed an item. Stretches of one window have PyTorch's own noise of the seed; longer ones (and
// all with `timeline`) that of a timeline, so that what overlaps in time agrees (timeline_noise.h).
// first_column: where the stretch begins on that timeline.
StretchNoise noise_of(std::span<const uint64_t> seeds, const Geometry& geometry, int64_t columns,
                      bool timeline = false, int64_t first_column = 0);

// Known latents covered with as much of their noise as the strength says; the scheduler stands
// where a run from there begins (diffusion/strength.h).
at::Tensor start_from(diffusion::Scheduler& scheduler, const diffusion::KnownLatents& known,
                      double strength);

// The job of one run of several: its steps are told as steps of all runs. What the runs before it,
// it and all of them weigh, in any unit. `job` must outlive it.
Job part_of_job(const Job& job, double before, double own, double all);

// The sampler with the context's progress and previews.
at::Tensor run_sampler(MusicModel& model, ChosenScheduler& chosen, const at::Tensor& latents,
                       std::span<const diffusion::GuidedPrompt> prompts,
                       diffusion::SampleOptions options, const RunContext& context);

struct RenderOptions {
  int64_t samples = 0;  // at the codec's rate
  bool circular = false;
  float max_value = image::kDefaultMaxValue;  // amplitude of black
  int iterations = 24;
  uint64_t seed = 0;
};

struct Rendered {
  audio::Waveform sound;  // at the codec's rate and absolute loudness
  image::Picture picture;
};

// latents: [1, C, H, W], or for a mono codec one item a channel.
Rendered render(MusicModel& model, const at::Tensor& latents, const RenderOptions& options,
                const Job& job);

// Brings the sound to a loudness below a true peak of -1 dB; notes what was in the way. loop: peaks
// are held below it as if the sound went round, so that the gain has no step at its end.
void set_loudness(audio::Waveform& sound, double target_lufs, std::vector<std::string>& notes,
                  const Job& job, bool loop = false);

// {"pipeline": name, "model": ..., fields...}: what a clip says of itself.
OrderedJson request_record(const std::string& pipeline, const Model& model,
                           const OrderedJson& fields);

}  // namespace riffle::pipelines
