// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/sampler.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <vector>

#include "core/error.h"
#include "diffusion/masks.h"
#include "models/conditioning_parts.h"
#include "models/step_cache.h"

namespace riffle::diffusion {
namespace {

// One item's conditioning serves all items of a batch.
at::Tensor for_batch(const at::Tensor& tensor, int64_t batch) {
  if (!tensor.defined() || tensor.size(0) == batch) return tensor;
  if (tensor.size(0) != 1) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("conditioning of {} items for a batch of {}", tensor.size(0), batch));
  }
  std::vector<int64_t> shape = tensor.sizes().vec();
  shape[0] = batch;
  return tensor.expand(shape);
}

at::Tensor joined(const at::Tensor& a, const at::Tensor& b, int64_t batch) {
  if (!a.defined() && !b.defined()) return {};
  if (!a.defined() || !b.defined()) {
    throw Error(ErrorCode::InvalidArgument,
                "guidance needs the same kinds of conditioning on both of its sides");
  }
  return at::cat({for_batch(a, batch), for_batch(b, batch)});
}

void require_shape(const at::Tensor& known, const at::Tensor& latents, const char* what) {
  if (known.defined() && known.sizes() == latents.sizes()) return;
  throw Error(ErrorCode::InvalidArgument,
              fmt::format("{} of shape [{}] for latents of [{}]", what,
                          known.defined() ? fmt::format("{}", fmt::join(known.sizes(), ", ")) : "",
                          fmt::join(latents.sizes(), ", ")));
}

// Masks have one channel and may have one item for all.
void require_mask(const at::Tensor& mask, const at::Tensor& latents) {
  const auto& all = latents.sizes();
  const bool fits = mask.defined() && mask.dim() == 4 && mask.size(1) == 1 &&
                    (mask.size(0) == 1 || mask.size(0) == all[0]) && mask.size(2) == all[2] &&
                    mask.size(3) == all[3];
  if (!fits) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("a mask of shape [{}] does not fit latents of [{}]",
                            mask.defined() ? fmt::format("{}", fmt::join(mask.sizes(), ", ")) : "",
                            fmt::join(all, ", ")));
  }
}

void require_tiling(const Tiling& tiling, int64_t columns) {
  const bool fits = tiling.repeats >= 1 && columns % tiling.repeats == 0 && tiling.strength >= 0 &&
                    tiling.strength <= 1;
  if (fits) return;
  throw Error(ErrorCode::InvalidArgument,
              fmt::format("{} columns cannot be tiled in {} parts at a strength of {}", columns,
                          tiling.repeats, tiling.strength),
              "the parts must be equal, the strength 0 to 1");
}

class Run {
 public:
  Run(models::Denoiser& denoiser, Scheduler& scheduler, std::span<const GuidedPrompt> prompts,
      const SampleOptions& options, int64_t batch, int64_t columns)
      : denoiser_(denoiser),
        scheduler_(scheduler),
        prompts_(prompts),
        options_(options),
        batch_(batch),
        plan_(columns, options.windows) {
    options.guidance.validate();
    if (prompts.size() != 1 && static_cast<int64_t>(prompts.size()) != plan_.count()) {
      throw Error(ErrorCode::InvalidArgument,
                  fmt::format("{} prompts for {} windows of time", prompts.size(), plan_.count()));
    }
    if (options.cache_interval < 1) {
      throw Error(ErrorCode::InvalidArgument,
                  fmt::format("cache interval must be at least 1, got {}", options.cache_interval));
    }
    if (options.cache_interval > 1) caches_.resize(static_cast<size_t>(plan_.count()));
    denoise_.circular_time = options.windows.circular && plan_.count() == 1;
    total_ = static_cast<int64_t>(scheduler.timesteps().size()) - scheduler.index();
    first_ = scheduler.index();
  }

  at::Tensor loop(at::Tensor latents, const Job& job) {
    while (scheduler_.index() - first_ < total_) {
      const double t = scheduler_.timesteps()[static_cast<size_t>(scheduler_.index())];
      latents = mixed(latents, t);
      const at::Tensor prediction = predict(latents, t, job);
      if (options_.on_preview) preview(prediction, t, latents);
      latents = scheduler_.step(prediction, t, latents, options_.noise);
      latents = tiled(put_back(latents, t));
    }
    job.check();
    return latents;
  }

 private:
  int64_t done() const { return scheduler_.index() - first_; }

  // The prediction over the whole stretch, guided.
  at::Tensor predict(const at::Tensor& latents, double t, const Job& job) {
    const at::Tensor input = scheduler_.scale_model_input(latents, t);
    at::Tensor blended_windows = at::zeros_like(latents);
    for (int64_t k = 0; k < plan_.count(); ++k) {
      job.check();
      const at::Tensor prediction = predict_window(plan_.slice(input, k), t, k, job);
      if (plan_.count() == 1)
        blended_windows = prediction;
      else
        plan_.add(blended_windows, prediction, k);
      job.report("diffuse", done() * plan_.count() + k + 1, total_ * plan_.count());
    }
    return blended_windows;
  }

  at::Tensor predict_window(const at::Tensor& input, double t, int64_t window, const Job& job) {
    const GuidedPrompt& prompt = prompts_[prompts_.size() == 1 ? 0 : static_cast<size_t>(window)];
    const models::Conditioning& pro = prompt.positive;
    const Job quiet{job.stop, {}};
    if (!caches_.empty()) {
      models::StepCache& cache = caches_[static_cast<size_t>(window)];
      cache.shallow = done() % options_.cache_interval != 0;
      denoise_.step_cache = &cache;
    }
    const double progress = static_cast<double>(done()) / static_cast<double>(total_);
    if (!is_guided(options_.guidance, progress)) {
      const auto alone =
          models::conditioning_of_parts([&](auto part) { return for_batch(pro.*part, batch_); });
      return denoiser_.predict(input, t, alone, denoise_, quiet);
    }
    const models::Conditioning& con = prompt.negative;
    const auto both = models::conditioning_of_parts(
        [&](auto part) { return joined(con.*part, pro.*part, batch_); });
    const at::Tensor out = denoiser_.predict(at::cat({input, input}), t, both, denoise_, quiet);
    return guided(out.narrow(0, 0, batch_), out.narrow(0, batch_, batch_), options_.guidance);
  }

  at::Tensor mixed(const at::Tensor& latents, double t) const {
    if (!options_.mix) return latents;
    const MagicMix& mix = *options_.mix;
    if (scheduler_.index() < mix.from_index || scheduler_.index() >= mix.to_index) return latents;
    const at::Tensor source = scheduler_.add_noise(mix.source.latents, mix.source.noise, t);
    return mix.share * latents + (1 - mix.share) * source;
  }

  at::Tensor put_back(const at::Tensor& latents, double t) const {
    if (!options_.keep) return latents;
    const KeptPart& keep = *options_.keep;
    const auto& timesteps = scheduler_.timesteps();
    const auto next = static_cast<size_t>(scheduler_.index());
    const at::Tensor& clean = keep.known.latents;
    if (keep.at_level_before) {
      return blended(keep.mask, latents, scheduler_.add_noise(clean, keep.known.noise, t));
    }
    if (next == timesteps.size()) return blended(keep.mask, latents, clean);
    // Within a step of several evaluations the sample is not at a level of its own.
    if ((scheduler_.index() - first_) % scheduler_.evaluations_per_step() != 0) return latents;
    return blended(keep.mask, latents,
                   scheduler_.add_noise(clean, keep.known.noise, timesteps[next]));
  }

  at::Tensor tiled(const at::Tensor& latents) const {
    if (!options_.tiling || options_.tiling->repeats == 1) return latents;
    const int64_t per_step = scheduler_.evaluations_per_step();
    const bool last = done() == total_;
    if (!last && done() % per_step != 0) return latents;
    const int64_t steps = (total_ + per_step - 1) / per_step;
    const int64_t taken = last ? steps : done() / per_step;
    if (taken > std::llround(options_.tiling->strength * static_cast<double>(steps)))
      return latents;
    const int64_t repeats = options_.tiling->repeats;
    std::vector<int64_t> times(static_cast<size_t>(latents.dim()), 1);
    times.back() = repeats;
    return latents.narrow(-1, 0, latents.size(-1) / repeats).repeat(times);
  }

  void preview(const at::Tensor& prediction, double t, const at::Tensor& latents) const {
    options_.on_preview(
        {done() + 1, total_, scheduler_.predicted_original(prediction, t, latents)});
  }

  models::Denoiser& denoiser_;
  Scheduler& scheduler_;
  std::span<const GuidedPrompt> prompts_;
  const SampleOptions& options_;
  int64_t batch_;
  WindowPlan plan_;
  models::DenoiseOptions denoise_;
  std::vector<models::StepCache> caches_;  // one a window; empty: none
  int64_t first_ = 0;
  int64_t total_ = 0;
};

}  // namespace

at::Tensor sample(models::Denoiser& denoiser, Scheduler& scheduler, const at::Tensor& latents,
                  std::span<const GuidedPrompt> prompts, const SampleOptions& options,
                  const Job& job) {
  if (latents.dim() != 4 || latents.size(1) != denoiser.latent_channels()) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("latents of {} dimensions and {} channels for a model of {} channels",
                            latents.dim(), latents.dim() > 1 ? latents.size(1) : 0,
                            denoiser.latent_channels()));
  }
  if (scheduler.steps() == 0) {
    throw Error(ErrorCode::InvalidArgument, "the scheduler was given no steps");
  }
  if (options.keep) {
    require_mask(options.keep->mask, latents);
    require_shape(options.keep->known.latents, latents, "known latents");
    require_shape(options.keep->known.noise, latents, "noise of known latents");
  }
  if (options.mix) {
    require_shape(options.mix->source.latents, latents, "source latents");
    require_shape(options.mix->source.noise, latents, "noise of source latents");
  }
  if (options.tiling) require_tiling(*options.tiling, latents.size(-1));
  const at::NoGradGuard no_grad;
  Run run(denoiser, scheduler, prompts, options, latents.size(0), latents.size(-1));
  return run.loop(latents, job);
}

}  // namespace riffle::diffusion
