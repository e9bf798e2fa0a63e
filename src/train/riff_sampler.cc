// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/riff_sampler.h"

#include <ATen/core/grad_mode.h>

#include <memory>
#include <numeric>
#include <vector>

#include "diffusion/guidance.h"
#include "diffusion/noise.h"
#include "diffusion/scheduler_table.h"

namespace riffle::train {

at::Tensor sample_latents(
    const std::function<at::Tensor(const at::Tensor& noisy, double timestep)>& predict,
    const at::Tensor& noise, const Json& scheduler_config, const RiffSampleOptions& options,
    const Job& job) {
  const at::NoGradGuard no_grad;
  const auto scheduler =
      diffusion::scheduler_entry(options.scheduler)
          .make(diffusion::scheduler_config_from_json(scheduler_config, "scheduler"));
  scheduler->set_timesteps(options.steps);
  at::Tensor latents = noise * scheduler->init_noise_sigma();
  std::vector<uint64_t> seeds(static_cast<size_t>(noise.size(0)));
  std::iota(seeds.begin(), seeds.end(), 0);
  diffusion::SeededNoise fresh(seeds);
  const std::vector<double> timesteps = scheduler->timesteps();
  for (const double timestep : timesteps) {
    job.check();
    const auto both =
        predict(scheduler->scale_model_input(latents, timestep), timestep).to(at::kFloat).chunk(2);
    latents = scheduler->step(diffusion::guided(both[1], both[0], options.guidance), timestep,
                              latents, &fresh);
  }
  return latents;
}

}  // namespace riffle::train
