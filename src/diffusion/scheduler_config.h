// SPDX-License-Identifier: GPL-3.0-or-later
// What a bundle's scheduler_config.json says: the noise schedule a model was trained with and how
// it is sampled. Field names and defaults are diffusers', so its files read without translation.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace riffle::diffusion {

enum class BetaSchedule {
  Linear,           // betas equally spaced
  ScaledLinear,     // square roots of the betas equally spaced: Stable Diffusion
  SquaredCosCapV2,  // cosine, Nichol & Dhariwal 2021, each beta at most 0.999
};

// What the model predicts, for x = alpha x0 + sigma eps with alpha^2 + sigma^2 = 1.
enum class PredictionType {
  Epsilon,      // eps
  VPrediction,  // alpha eps - sigma x0 (Salimans & Ho 2022)
  Sample,       // x0
};

// Lin et al. 2023, table 2.
enum class TimestepSpacing { Linspace, Leading, Trailing };

// Where the multistep solvers end: at the first trained level, or at no noise at all.
enum class FinalSigmas { SigmaMin, Zero };

enum class SolverAlgorithm { DpmSolverPlusPlus, SdeDpmSolverPlusPlus };

// The noise levels of an EDM model (Karras et al. 2022, eq. 5), from sigma_max down to sigma_min.
struct SigmaGrid {
  double sigma_min = 0.002;
  double sigma_max = 80;
  double rho = 7;
};

// Algorithm 2 of the same paper: before a step the sample is made noisier by the factor 1 + gamma,
// gamma = min(amount / steps, sqrt(2) - 1) where its sigma lies between the bounds.
struct Churn {
  double amount = 0;
  double sigma_min = 0;
  double sigma_max = std::numeric_limits<double>::infinity();
  double noise = 1;  // deviation of the noise that is added
};

struct SchedulerConfig {
  std::string class_name;  // "PNDMScheduler"; empty when the file does not say

  int64_t num_train_timesteps = 1000;
  double beta_start = 0.0001;
  double beta_end = 0.02;
  BetaSchedule beta_schedule = BetaSchedule::Linear;
  std::vector<double> trained_betas;    // when not empty: the betas themselves
  bool rescale_betas_zero_snr = false;  // the last level is pure noise (Lin et al. 2023)

  PredictionType prediction_type = PredictionType::Epsilon;
  std::optional<TimestepSpacing> timestep_spacing;  // absent: each scheduler's own habit
  int64_t steps_offset = 0;                         // added to "leading" timesteps
  std::optional<bool> set_alpha_to_one;             // absent: each scheduler's own habit
  bool use_karras_sigmas = false;                   // Karras et al. 2022, eq. 5, rho = 7

  int64_t solver_order = 2;  // dpmpp_2m: 1 or 2; unipc: 1 to 3
  SolverAlgorithm algorithm_type = SolverAlgorithm::DpmSolverPlusPlus;
  bool lower_order_final = true;
  FinalSigmas final_sigmas_type = FinalSigmas::SigmaMin;

  int64_t original_inference_steps = 50;  // lcm: the teacher's steps
  double timestep_scaling = 10.0;         // lcm

  // Not in the file, a choice of the run: how much fresh noise a step brings in, from 0 (the
  // deterministic limit) to 1. Absent: each scheduler's own habit.
  std::optional<double> eta;
  Churn churn;  // heun only; also a choice of the run

  // "EDMScheduler": there are no betas. Samples are x0 + sigma eps, timesteps are the sigmas
  // themselves, and the prediction is x0.
  std::optional<SigmaGrid> sigma_grid;

  // The schedule of Stable Diffusion 1.x, hence of the riffusion model: scaled_linear 0.00085 to
  // 0.012, steps_offset 1, set_alpha_to_one false.
  static SchedulerConfig stable_diffusion();
  static SchedulerConfig edm(const SigmaGrid& grid);

  // Throws Error{InvalidArgument} naming the field for numbers no schedule can be made of, and for
  // a schedule ending in pure noise with epsilon prediction (x0 cannot be had from noise alone).
  void validate() const;
};

// Reads one configuration; `where` names the file in errors. A value listed in diffusers'
// "_use_default_values" counts as absent, as diffusers itself counts it when one scheduler is made
// from another's file. Throws Error{BadFile} for values of wrong type or unknown enumerators,
// Error{Unsupported} for options that exist in diffusers and not here (thresholding, clip_sample,
// flow sigmas, third-order DPM-Solver...) unless they are off. A key that is not known is logged as
// a warning.
SchedulerConfig scheduler_config_from_json(const Json& json, std::string_view where);

// The same from a file. Throws Error{NotFound} too.
SchedulerConfig read_scheduler_config(const std::filesystem::path& path);

// parse_json for what Python's json module writes: bare NaN, Infinity and -Infinity, which
// diffusers writes for "lambda_min_clipped", read as null.
Json parse_python_json(std::string_view text, std::string_view where);

}  // namespace riffle::diffusion
