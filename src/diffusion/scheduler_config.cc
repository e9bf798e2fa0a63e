// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/scheduler_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"

namespace riffle::diffusion {
namespace {

constexpr uint64_t kMaxConfigBytes = 1 << 20;
constexpr int64_t kMaxTrainTimesteps = 1'000'000;
constexpr double kMaxSigma = 1e6;
constexpr const char* kEdmClass = "EDMScheduler";

template <class T, size_t count>
using Names = std::array<std::pair<std::string_view, T>, count>;

constexpr Names<BetaSchedule, 3> kBetaSchedules = {
    {{"linear", BetaSchedule::Linear},
     {"scaled_linear", BetaSchedule::ScaledLinear},
     {"squaredcos_cap_v2", BetaSchedule::SquaredCosCapV2}}};
constexpr Names<PredictionType, 3> kPredictionTypes = {
    {{"epsilon", PredictionType::Epsilon},
     {"v_prediction", PredictionType::VPrediction},
     {"sample", PredictionType::Sample}}};
constexpr Names<TimestepSpacing, 3> kTimestepSpacings = {{{"linspace", TimestepSpacing::Linspace},
                                                          {"leading", TimestepSpacing::Leading},
                                                          {"trailing", TimestepSpacing::Trailing}}};
constexpr Names<FinalSigmas, 2> kFinalSigmas = {
    {{"sigma_min", FinalSigmas::SigmaMin}, {"zero", FinalSigmas::Zero}}};
constexpr Names<SolverAlgorithm, 2> kSolverAlgorithms = {
    {{"dpmsolver++", SolverAlgorithm::DpmSolverPlusPlus},
     {"sde-dpmsolver++", SolverAlgorithm::SdeDpmSolverPlusPlus}}};

// Options of diffusers that are not built here, with the value that means "off".
const std::vector<std::pair<const char*, Json>>& switched_off_options() {
  static const std::vector<std::pair<const char*, Json>> options = {
      {"clip_sample", false},
      {"thresholding", false},
      {"skip_prk_steps", true},
      {"interpolation_type", "linear"},
      {"timestep_type", "discrete"},
      {"predict_x0", true},
      {"solver_p", nullptr},
      {"variance_type", nullptr},
      {"lambda_min_clipped", nullptr},
      {"disable_corrector", Json::array()},
      {"sigma_min", nullptr},
      {"sigma_max", nullptr},
      {"euler_at_final", false},
      {"use_lu_lambdas", false},
      {"use_exponential_sigmas", false},
      {"use_beta_sigmas", false},
      {"use_flow_sigmas", false},
      {"use_dynamic_shifting", false},
  };
  return options;
}

// Keys that say nothing as long as the options above are off.
constexpr std::array<std::string_view, 7> kIdleKeys = {"dynamic_thresholding_ratio",
                                                       "sample_max_value",
                                                       "clip_sample_range",
                                                       "noise_sampler_seed",
                                                       "flow_shift",
                                                       "time_shift_type",
                                                       "solver_type"};

// Reads fields and remembers which were asked for, so that the rest can be reported.
class Fields {
 public:
  Fields(const Json& json, std::string_view where) : json_(json), where_(where) {
    for (auto& key : json_get_or(json, "_use_default_values", std::vector<std::string>{}, where))
      absent_.insert(std::move(key));
  }

  bool has(const char* key) {
    seen_.insert(key);
    return json_.contains(key) && !json_.at(key).is_null() && absent_.count(key) == 0;
  }

  template <class T>
  void read(const char* key, T& value) {
    if (has(key)) value = json_get<T>(json_, key, where_);
  }
  template <class T>
  void read(const char* key, std::optional<T>& value) {
    if (has(key)) value = json_get<T>(json_, key, where_);
  }
  template <class Value, class T, size_t count>
  void read_name(const char* key, Value& value, const Names<T, count>& names) {
    if (!has(key)) return;
    const auto given = json_get<std::string>(json_, key, where_);
    std::string known;
    for (const auto& [name, named] : names) {
      if (given == name) {
        value = named;
        return;
      }
      known += fmt::format("{}{}", known.empty() ? "" : ", ", name);
    }
    throw Error(ErrorCode::BadFile, fmt::format("{}: {} \"{}\" is not known", where_, key, given),
                fmt::format("known are: {}", known));
  }

  void require_off(const char* key, const Json& off) {
    if (!has(key) || json_.at(key) == off) return;
    throw Error(ErrorCode::Unsupported,
                fmt::format("{}: {} is {}; only {} can be done", where_, key, json_.at(key).dump(),
                            off.dump()),
                "choose another scheduler, or change the file if the model does not depend on it");
  }

  std::vector<std::string> unknown() const {
    std::vector<std::string> keys;
    for (const auto& item : json_.items()) {
      const std::string& key = item.key();
      if (key.starts_with('_') || seen_.count(key) != 0) continue;
      if (std::find(kIdleKeys.begin(), kIdleKeys.end(), key) == kIdleKeys.end())
        keys.push_back(key);
    }
    return keys;
  }

 private:
  const Json& json_;
  std::string_view where_;
  std::set<std::string, std::less<>> absent_;
  std::set<std::string, std::less<>> seen_;
};

void require(bool holds, const char* field, const std::string& expected, const std::string& got) {
  if (holds) return;
  throw Error(ErrorCode::InvalidArgument,
              fmt::format("scheduler: {} must be {}, got {}", field, expected, got));
}

// "midpoint" is what dpmpp_2m does and "bh2" what unipc does; diffusers carries either name from
// one class's file into the other's.
void require_known_solver_type(const Json& json, std::string_view where) {
  const std::string type = json_get_or(json, "solver_type", std::string("bh2"), where);
  if (type == "midpoint" || type == "bh2") return;
  throw Error(ErrorCode::Unsupported,
              fmt::format("{}: solver_type is \"{}\"; midpoint and bh2 can be done", where, type),
              "choose another scheduler");
}

// What is left to say of a file whose fields were read.
void finish(const Fields& fields, const SchedulerConfig& config, std::string_view where) {
  for (const std::string& key : fields.unknown())
    log::warn("{}: \"{}\" is not known here and has no effect", where, key);
  try {
    config.validate();
  } catch (const Error& error) {
    throw Error(ErrorCode::BadFile, fmt::format("{}: {}", where, error.message()), error.hint());
  }
}

SchedulerConfig edm_config_from_json(const Json& json, std::string_view where) {
  SigmaGrid grid;
  Fields fields(json, where);
  fields.read("sigma_min", grid.sigma_min);
  fields.read("sigma_max", grid.sigma_max);
  fields.read("rho", grid.rho);
  fields.require_off("prediction_type", "sample");
  fields.has("sigma_data");  // the model's own affair
  const SchedulerConfig config = SchedulerConfig::edm(grid);
  finish(fields, config, where);
  return config;
}

}  // namespace

SchedulerConfig SchedulerConfig::stable_diffusion() {
  SchedulerConfig config;
  config.beta_start = 0.00085;
  config.beta_end = 0.012;
  config.beta_schedule = BetaSchedule::ScaledLinear;
  config.steps_offset = 1;
  config.set_alpha_to_one = false;
  return config;
}

SchedulerConfig SchedulerConfig::edm(const SigmaGrid& grid) {
  SchedulerConfig config;
  config.class_name = kEdmClass;
  config.prediction_type = PredictionType::Sample;
  config.sigma_grid = grid;
  return config;
}

void SchedulerConfig::validate() const {
  if (sigma_grid) {
    const auto& [low, high, rho] = *sigma_grid;
    require(low > 0 && std::isfinite(low), "sigma_min", "above 0", fmt::to_string(low));
    require(high > low && high <= kMaxSigma, "sigma_max",
            fmt::format("above sigma_min and at most {}", kMaxSigma), fmt::to_string(high));
    require(rho >= 1 && rho <= 100, "rho", "1 to 100", fmt::to_string(rho));
  }
  require(churn.amount >= 0, "churn", "0 or more", fmt::to_string(churn.amount));
  require(num_train_timesteps >= 2 && num_train_timesteps <= kMaxTrainTimesteps,
          "num_train_timesteps", fmt::format("2 to {}", kMaxTrainTimesteps),
          fmt::to_string(num_train_timesteps));
  require(beta_start > 0 && beta_start < 1, "beta_start", "between 0 and 1",
          fmt::to_string(beta_start));
  require(beta_end >= beta_start && beta_end < 1, "beta_end", "from beta_start to 1",
          fmt::to_string(beta_end));
  require(trained_betas.empty() || std::ssize(trained_betas) == num_train_timesteps,
          "trained_betas", "one number a training timestep",
          fmt::format("{} numbers", trained_betas.size()));
  for (const double beta : trained_betas)
    require(beta > 0 && beta < 1, "trained_betas", "between 0 and 1", fmt::to_string(beta));
  require(steps_offset >= 0 && steps_offset < num_train_timesteps, "steps_offset",
          "from 0 to num_train_timesteps", fmt::to_string(steps_offset));
  require(solver_order >= 1 && solver_order <= 3, "solver_order", "1 to 3",
          fmt::to_string(solver_order));
  require(original_inference_steps >= 1 && original_inference_steps <= num_train_timesteps,
          "original_inference_steps", "1 to num_train_timesteps",
          fmt::to_string(original_inference_steps));
  require(timestep_scaling > 0, "timestep_scaling", "positive", fmt::to_string(timestep_scaling));
  require(!eta || (*eta >= 0 && *eta <= 1), "eta", "0 to 1", fmt::to_string(eta.value_or(0)));
  require(!rescale_betas_zero_snr || prediction_type != PredictionType::Epsilon, "prediction_type",
          "v_prediction or sample where rescale_betas_zero_snr is on", "epsilon");
}

SchedulerConfig scheduler_config_from_json(const Json& json, std::string_view where) {
  if (!json.is_object())
    throw Error(ErrorCode::BadFile, fmt::format("{}: expected a JSON object", where));
  if (json_get_or(json, "_class_name", std::string(), where) == kEdmClass) {
    return edm_config_from_json(json, where);
  }
  SchedulerConfig config;
  Fields fields(json, where);
  config.class_name = json_get_or(json, "_class_name", std::string(), where);
  fields.read("num_train_timesteps", config.num_train_timesteps);
  fields.read("beta_start", config.beta_start);
  fields.read("beta_end", config.beta_end);
  fields.read_name("beta_schedule", config.beta_schedule, kBetaSchedules);
  fields.read("trained_betas", config.trained_betas);
  fields.read("rescale_betas_zero_snr", config.rescale_betas_zero_snr);
  fields.read_name("prediction_type", config.prediction_type, kPredictionTypes);
  fields.read_name("timestep_spacing", config.timestep_spacing, kTimestepSpacings);
  fields.read("steps_offset", config.steps_offset);
  fields.read("set_alpha_to_one", config.set_alpha_to_one);
  fields.read("use_karras_sigmas", config.use_karras_sigmas);
  fields.read("solver_order", config.solver_order);
  fields.read_name("algorithm_type", config.algorithm_type, kSolverAlgorithms);
  fields.read("lower_order_final", config.lower_order_final);
  fields.read_name("final_sigmas_type", config.final_sigmas_type, kFinalSigmas);
  fields.read("original_inference_steps", config.original_inference_steps);
  fields.read("timestep_scaling", config.timestep_scaling);
  for (const auto& [key, off] : switched_off_options()) fields.require_off(key, off);
  require_known_solver_type(json, where);
  finish(fields, config, where);
  return config;
}

SchedulerConfig read_scheduler_config(const std::filesystem::path& path) {
  const std::string text = read_text_file(path, kMaxConfigBytes);
  return scheduler_config_from_json(parse_python_json(text, path.string()), path.string());
}

Json parse_python_json(std::string_view text, std::string_view where) {
  constexpr std::array<std::string_view, 3> kNotJson = {"-Infinity", "Infinity", "NaN"};
  std::string strict;
  strict.reserve(text.size());
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!in_string) {
      const auto rest = text.substr(i);
      const auto word = std::find_if(kNotJson.begin(), kNotJson.end(),
                                     [&](std::string_view w) { return rest.starts_with(w); });
      if (word != kNotJson.end()) {
        strict += "null";
        i += word->size() - 1;
        continue;
      }
    }
    if (in_string && text[i] == '\\' && i + 1 < text.size()) {
      strict += text[i++];
    } else if (text[i] == '"') {
      in_string = !in_string;
    }
    strict += text[i];
  }
  return parse_json(strict, where);
}

}  // namespace riffle::diffusion
