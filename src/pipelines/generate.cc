// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/generate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "pipelines/prompt_schedule.h"
#include "pipelines/render.h"

namespace riffle::pipelines {
namespace {

struct Stretch {
  int64_t samples = 0;
  int64_t columns = 0;
};

Stretch stretch_of(const GenerateRequest& request, const Geometry& geometry) {
  const int rate = geometry.codec.sample_rate;
  Stretch stretch;
  // A loop's last column is followed by its first: a window of frames is a window of hops.
  const int64_t natural =
      request.loop ? geometry.window * geometry.samples_per_column() : geometry.window_samples();
  stretch.samples = request.length.samples(rate, natural);
  stretch.columns = request.loop ? std::max<int64_t>(1, nearest(geometry.place_of(stretch.samples)))
                                 : geometry.columns_of(stretch.samples);
  return stretch;
}

// Where a clip's noise turns to. Clips of one request that vary one seed are told apart by it.
uint64_t other_seed(const GenerateRequest& request, uint64_t seed) {
  return request.variation_seed ? static_cast<uint64_t>(*request.variation_seed) : seed + 1;
}

std::vector<std::string> length_notes(const Stretch& stretch, const Geometry& geometry) {
  if (stretch.columns <= geometry.window) return {};
  const double window_s =
      static_cast<double>(geometry.window_samples()) / geometry.codec.sample_rate;
  return {fmt::format("longer than the model's {:.1f} s: made in overlapping windows", window_s)};
}

}  // namespace

void GenerateRequest::visit(FieldVisitor& v) {
  v.field(prompt, {.name = "prompt",
                   .help = "What it sounds like; or over time: \"0s: piano; 20s: add drums\"",
                   .required = true,
                   .place = 1});
  length.visit(v);
  v.field(loop, {.name = "loop", .help = "The end goes on into the beginning without a click"});
  v.field(count, {.name = "count",
                  .help = "How many clips, with seeds one apart",
                  .minimum = 1,
                  .maximum = 1000});
  v.field(batch, {.name = "batch",
                  .help = "How many of them to compute at once; takes more memory",
                  .minimum = 1,
                  .maximum = 64,
                  .advanced = true});
  v.field(loudness, {.name = "loudness",
                     .help = "Loudness of the result (EBU R128)",
                     .unit = "LUFS",
                     .minimum = -60,
                     .maximum = 0});
  v.field(variation, {.name = "variation",
                      .help = "How far the noise turns towards another seed's: vary's amount",
                      .minimum = 0,
                      .maximum = 1,
                      .advanced = true});
  v.field(variation_seed, {.name = "variation_seed",
                           .help = "That other seed",
                           .minimum = 0,
                           .maximum = 4294967295.0,
                           .absent = "the seed after this one",
                           .advanced = true});
  sampling.visit(v);
}

std::vector<Clip> generate(MusicModel& model, GenerateRequest request, const RunContext& context) {
  settle_seed(request.sampling.seed);
  const Geometry& geometry = model.geometry();
  const Stretch stretch = stretch_of(request, geometry);
  const auto prompts =
      parse_prompt_schedule(request.prompt, request.length, geometry.codec.sample_rate);
  diffusion::SampleOptions options = sample_options(request.sampling, geometry, request.loop);
  const diffusion::WindowPlan plan(stretch.columns, options.windows);
  const SteeredWindows steered =
      steer(model, prompts, request.sampling.negative_prompt, plan, context.job);

  std::vector<Clip> clips;
  for (int64_t first = 0; first < request.count; first += request.batch) {
    std::vector<uint64_t> seeds;
    for (int64_t i = first; i < std::min(first + request.batch, request.count); ++i) {
      seeds.push_back(seed_of(request.sampling.seed, i));
    }
    ChosenScheduler chosen = choose_scheduler(request.sampling, model.denoiser());
    StretchNoise noise = noise_of(seeds, geometry, stretch.columns);
    if (request.variation > 0) {
      std::vector<uint64_t> others;
      for (const uint64_t seed : seeds) others.push_back(other_seed(request, seed));
      noise.initial = diffusion::slerp(request.variation, noise.initial,
                                       noise_of(others, geometry, stretch.columns).initial);
    }
    options.noise = noise.source.get();
    const at::Tensor latents =
        run_sampler(model, chosen, chosen.scheduler->init_noise_sigma() * noise.initial,
                    steered.prompts, options, context);
    for (size_t i = 0; i < seeds.size(); ++i) {
      Clip clip;
      clip.latents = latents.narrow(0, static_cast<int64_t>(i), 1);
      Rendered rendered =
          render(model, clip.latents,
                 {.samples = stretch.samples,
                  .circular = request.loop,
                  .iterations = static_cast<int>(request.sampling.decode_iterations),
                  .seed = seeds[i]},
                 context.job);
      clip.sound = std::move(rendered.sound);
      clip.picture = std::move(rendered.picture);
      clip.notes = length_notes(stretch, geometry);
      clip.notes.insert(clip.notes.end(), steered.notes.begin(), steered.notes.end());
      set_loudness(clip.sound, request.loudness, clip.notes, context.job);
      GenerateRequest own = request;
      own.sampling.seed = static_cast<int64_t>(seeds[i]);
      own.count = 1;
      clip.request = request_record("generate", model, request_to_json(own));
      clip.maybe_bpm = request.length.bpm;
      clip.beats = request.length.beats(stretch.samples, geometry.codec.sample_rate);
      clip.loop = request.loop;
      clips.push_back(std::move(clip));
    }
  }
  return clips;
}

}  // namespace riffle::pipelines
