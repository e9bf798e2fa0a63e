// SPDX-License-Identifier: GPL-3.0-or-later
// One sampler of a diffusion process. A scheduler holds the state of one run: make one a run, from
// the table in scheduler_table.h.
//
//   scheduler->set_timesteps(25);
//   x = scheduler->init_noise_sigma() * noise;
//   for (double t : scheduler->timesteps()) {
//     out = model(scheduler->scale_model_input(x, t), t);
//     x = scheduler->step(out, t, x, &noise_source);
//   }
//
// Method names are diffusers'. Samples are [B, ...] of any floating type on any device; arithmetic
// runs in the sample's type, in float32 where that is half precision.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "diffusion/noise_schedule.h"
#include "diffusion/schedule_plan.h"
#include "diffusion/scheduler_config.h"

namespace riffle::diffusion {

class NoiseSource;

class Scheduler {
 public:
  virtual ~Scheduler() = default;
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  const SchedulerConfig& config() const { return config_; }
  const NoiseSchedule& noise_schedule() const { return schedule_; }

  // Plans a run of that many steps and forgets any run before. Throws Error{InvalidArgument} for a
  // number of steps the training timesteps do not hold.
  void set_timesteps(int64_t steps);
  // As given to set_timesteps; 0 before it was called.
  int64_t steps() const { return steps_; }
  // Begins at timesteps()[index] with no history, for a sample made by add_noise at that timestep.
  // Throws Error{InvalidArgument} when out of range or in the middle of a step of several
  // evaluations.
  void start_at(int64_t index);

  // One entry a model evaluation, descending; repeated where a sampler evaluates a level twice.
  const std::vector<double>& timesteps() const { return plan_.timesteps; }
  // Where the next step() stands in timesteps().
  int64_t index() const { return index_; }
  virtual int64_t evaluations_per_step() const { return 1; }
  // Standard deviation of the sample a generation from nothing starts with.
  double init_noise_sigma() const { return plan_.init_noise_sigma; }

  // The sample as the model wants it, of variance one over data and noise.
  at::Tensor scale_model_input(const at::Tensor& sample, double t) const;
  // The clean sample the model sees in this one, for previews. Call it before step().
  at::Tensor predicted_original(const at::Tensor& model_output, double t,
                                const at::Tensor& sample) const;
  // The sample one evaluation on. `noise` may be null for samplers that bring none in. Throws
  // Error{InvalidArgument} unless t is timesteps()[index()] and the shapes are equal.
  at::Tensor step(const at::Tensor& model_output, double t, const at::Tensor& sample,
                  NoiseSource* noise = nullptr);
  // `original` at the noise level of t, one of timesteps().
  at::Tensor add_noise(const at::Tensor& original, const at::Tensor& noise, double t) const;

 protected:
  explicit Scheduler(const SchedulerConfig& config);

  virtual SchedulePlan plan(int64_t steps) const = 0;
  // One evaluation on from levels()[index()]; both tensors are float32 or float64.
  virtual at::Tensor advance(const at::Tensor& model_output, const at::Tensor& sample,
                             NoiseSource* noise) = 0;
  virtual void forget_history() {}

  // Of each evaluation's sample, then of the result: one longer than timesteps().
  const std::vector<Level>& levels() const { return plan_.levels; }
  const Level& current_level() const { return levels()[static_cast<size_t>(index_)]; }
  const Level& next_level() const { return levels()[static_cast<size_t>(index_) + 1]; }
  bool is_last() const { return index_ + 1 == static_cast<int64_t>(timesteps().size()); }

  // What the model's output says of the sample at the current level.
  at::Tensor original_in(const at::Tensor& model_output, const at::Tensor& sample) const;
  at::Tensor noise_in(const at::Tensor& model_output, const at::Tensor& sample) const;
  // Throws Error{InvalidArgument} when noise is null.
  static at::Tensor fresh_noise(NoiseSource* noise, const at::Tensor& like);

 private:
  void require_current(double t) const;

  SchedulerConfig config_;
  NoiseSchedule schedule_;
  SchedulePlan plan_;
  int64_t steps_ = 0;
  int64_t index_ = 0;
};

// The sample moved from one level to another as if x0, or eps, stayed the same on the way: DDIM's
// step, Euler's step and the first-order DPM-Solver++ step all are this.
at::Tensor transfer_keeping_original(const at::Tensor& sample, const at::Tensor& original,
                                     const Level& from, const Level& to);
at::Tensor transfer_keeping_noise(const at::Tensor& sample, const at::Tensor& noise,
                                  const Level& from, const Level& to);

}  // namespace riffle::diffusion
