// SPDX-License-Identifier: GPL-3.0-or-later
// What all requests share: how the model is sampled and how loud the result is.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "diffusion/sampler.h"
#include "diffusion/scheduler_table.h"
#include "pipelines/clip.h"
#include "pipelines/fields.h"
#include "pipelines/music_model.h"

namespace riffle::pipelines {

struct Sampling {
  std::string negative_prompt = {};
  int64_t seed = -1;  // -1: another one each time
  std::string preset = "balanced";
  std::string scheduler = {};           // empty: the preset's
  std::optional<int64_t> steps = {};    // absent: the preset's
  std::optional<double> guidance = {};  // absent: the model's
  std::optional<double> guidance_rescale = {};
  int64_t cache_interval = 1;
  int64_t decode_iterations = 24;

  void visit(FieldVisitor& v);
};

// Of models of both kinds.
FieldInfo guidance_rescale_field();

// A chosen scheduler with its steps set, not yet started, and what it samples.
struct ChosenScheduler {
  const diffusion::SchedulerEntry* entry = nullptr;
  std::unique_ptr<diffusion::Scheduler> scheduler;
  models::Denoiser* denoiser = nullptr;
};

// What the request asks for, else what the preset means for this model. The preset's steps are of
// model evaluations: a scheduler of two evaluations a step takes half as many. Throws
// Error{NotFound} for an unknown scheduler, Error{InvalidArgument} for too many steps. usual: in
// the place of the preset's scheduler.
ChosenScheduler choose_scheduler(const Sampling& sampling, MusicModel& model,
                                 const std::string& usual = {});

// Fills in a seed that was left open.
void settle_seed(int64_t& seed);
// Fills in seed and guidance where they were left open, so that the request says all that was done.
void settle(Sampling& sampling, MusicModel& model);
// Guidance alone.
void settle_guidance(Sampling& sampling, MusicModel& model);

// The seed of clip number `index`. Seeds have 32 bits, as PyTorch's generator takes them; after the
// last comes the first.
inline uint64_t seed_of(int64_t seed, int64_t index) {
  return (static_cast<uint64_t>(seed) + static_cast<uint64_t>(index)) & 0xFFFFFFFFU;
}

// What was chosen on the user's behalf or changes the result without being heard of otherwise.
std::vector<std::string> sampling_notes(const Sampling& sampling);
inline void add_notes(std::vector<std::string>& to, const std::vector<std::string>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

// Guidance, windows and cache as a settled request says, over a stretch of so many columns.
diffusion::SampleOptions sample_options(const Sampling& sampling, const Geometry& geometry,
                                        bool circular);

}  // namespace riffle::pipelines
