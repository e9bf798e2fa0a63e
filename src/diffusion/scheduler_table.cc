// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/scheduler_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include "core/error.h"
#include "diffusion/ddim.h"
#include "diffusion/dpmpp_2m.h"
#include "diffusion/dpmpp_sde.h"
#include "diffusion/euler.h"
#include "diffusion/euler_ancestral.h"
#include "diffusion/heun.h"
#include "diffusion/lcm.h"
#include "diffusion/lms.h"
#include "diffusion/pndm.h"
#include "diffusion/unipc.h"

namespace riffle::diffusion {
namespace {

using Made = std::unique_ptr<Scheduler>;

constexpr std::array<std::string_view, 1> kPndm = {"plms"};
constexpr std::array<std::string_view, 2> kEulerAncestral = {"euler_a", "k_euler_a"};
constexpr std::array<std::string_view, 1> kEuler = {"k_euler"};
constexpr std::array<std::string_view, 1> kHeun = {"k_heun"};
constexpr std::array<std::string_view, 1> kLms = {"k_lms"};
constexpr std::array<std::string_view, 1> kDpmpp2m = {"dpm_solver_multistep"};
constexpr std::array<std::string_view, 1> kUnipc = {"uni_pc"};

bool always(const SchedulerConfig&) { return true; }
bool is_karras(const SchedulerConfig& config) { return config.use_karras_sigmas; }
bool is_not_karras(const SchedulerConfig& config) { return !config.use_karras_sigmas; }
bool is_sde(const SchedulerConfig& config) {
  return config.algorithm_type == SolverAlgorithm::SdeDpmSolverPlusPlus;
}

Made make_dpmpp_2m_with(SchedulerConfig config, bool karras) {
  config.algorithm_type = SolverAlgorithm::DpmSolverPlusPlus;
  config.use_karras_sigmas = karras;
  return make_dpmpp_2m(config);
}

Made make_euler_with(SchedulerConfig config, bool karras) {
  config.use_karras_sigmas = karras;
  return make_euler(config);
}

const SchedulerEntry kTable[] = {
    {.name = "pndm",
     .aliases = kPndm,
     .class_name = "PNDMScheduler",
     .help = "the riffusion model's own: linear multistep, one evaluation a step",
     .recommended_steps = 50,
     .make = [](SchedulerConfig config) { return make_pndm(config); },
     .fits = always},
    {.name = "ddim",
     .aliases = {},
     .class_name = "DDIMScheduler",
     .help = "first order, steady; eta brings noise in",
     .recommended_steps = 50,
     .make = [](SchedulerConfig config) { return make_ddim(config); },
     .fits = always},
    {.name = "euler",
     .aliases = kEuler,
     .class_name = "EulerDiscreteScheduler",
     .help = "first order over sigmas, good from 20 steps",
     .recommended_steps = 30,
     .make = [](SchedulerConfig config) { return make_euler_with(std::move(config), false); },
     .fits = is_not_karras},
    {.name = "euler_karras",
     .aliases = {},
     .class_name = "EulerDiscreteScheduler",
     .help = "euler with more of its steps near the end",
     .recommended_steps = 25,
     .make = [](SchedulerConfig config) { return make_euler_with(std::move(config), true); },
     .fits = is_karras},
    {.name = "euler_ancestral",
     .aliases = kEulerAncestral,
     .class_name = "EulerAncestralDiscreteScheduler",
     .help = "euler with fresh noise at every step: livelier, never settles",
     .is_stochastic = true,
     .recommended_steps = 30,
     .make = [](SchedulerConfig config) { return make_euler_ancestral(config); },
     .fits = always},
    {.name = "heun",
     .aliases = kHeun,
     .class_name = "HeunDiscreteScheduler",
     .help = "second order, accurate, two evaluations a step",
     .evaluations_per_step = 2,
     .recommended_steps = 20,
     .make = [](SchedulerConfig config) { return make_heun(config); },
     .fits = always},
    {.name = "lms",
     .aliases = kLms,
     .class_name = "LMSDiscreteScheduler",
     .help = "fourth-order linear multistep over sigmas",
     .recommended_steps = 30,
     .make = [](SchedulerConfig config) { return make_lms(config); },
     .fits = always},
    {.name = "dpmpp_2m",
     .aliases = kDpmpp2m,
     .class_name = "DPMSolverMultistepScheduler",
     .help = "second-order multistep: the best quality for 20 to 25 evaluations",
     .recommended_steps = 25,
     .make = [](SchedulerConfig config) { return make_dpmpp_2m_with(std::move(config), false); },
     .fits =
         [](const SchedulerConfig& config) { return !is_sde(config) && is_not_karras(config); }},
    {.name = "dpmpp_2m_karras",
     .aliases = {},
     .class_name = "DPMSolverMultistepScheduler",
     .help = "dpmpp_2m with more of its steps near the end",
     .recommended_steps = 20,
     .make = [](SchedulerConfig config) { return make_dpmpp_2m_with(std::move(config), true); },
     .fits = [](const SchedulerConfig& config) { return !is_sde(config) && is_karras(config); }},
    {.name = "dpmpp_2m_sde",
     .aliases = {},
     .class_name = "DPMSolverMultistepScheduler",
     .help = "dpmpp_2m with fresh noise at every step",
     .is_stochastic = true,
     .recommended_steps = 25,
     .make =
         [](SchedulerConfig config) {
           config.algorithm_type = SolverAlgorithm::SdeDpmSolverPlusPlus;
           return make_dpmpp_2m(config);
         },
     .fits = is_sde},
    {.name = "dpmpp_sde",
     .aliases = {},
     .class_name = "DPMSolverSDEScheduler",
     .help = "second order with fresh noise, rich detail, two evaluations a step",
     .is_stochastic = true,
     .evaluations_per_step = 2,
     .recommended_steps = 15,
     .make = [](SchedulerConfig config) { return make_dpmpp_sde(config); },
     .fits = always},
    {.name = "unipc",
     .aliases = kUnipc,
     .class_name = "UniPCMultistepScheduler",
     .help = "predictor and corrector at one evaluation a step, good from 10 steps",
     .recommended_steps = 20,
     .make = [](SchedulerConfig config) { return make_unipc(config); },
     .fits = always},
    {.name = "lcm",
     .aliases = {},
     .class_name = "LCMScheduler",
     .help = "for consistency-distilled models only: 2 to 8 steps",
     .is_stochastic = true,
     .recommended_steps = 4,
     .make = [](SchedulerConfig config) { return make_lcm(config); },
     .fits = always},
};

std::string folded(std::string_view name) {
  std::string letters;
  for (const char c : name) {
    if (c == ' ' || c == '_' || c == '-') continue;
    letters += c == '+' ? 'p' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return letters;
}

std::string choice_of_names() {
  std::string names;
  for (const SchedulerEntry& entry : kTable)
    names += fmt::format("{}{}", names.empty() ? "choose one of: " : ", ", entry.name);
  return names;
}

bool answers_to(const SchedulerEntry& entry, const std::string& wanted) {
  return folded(entry.name) == wanted ||
         std::any_of(entry.aliases.begin(), entry.aliases.end(),
                     [&](std::string_view alias) { return folded(alias) == wanted; });
}

}  // namespace

std::span<const SchedulerEntry> scheduler_table() { return kTable; }

const SchedulerEntry& scheduler_entry(std::string_view name) {
  const std::string wanted = folded(name);
  // A class name alone means the plain variant, the first row of its class.
  for (const SchedulerEntry& entry : kTable)
    if (answers_to(entry, wanted) || folded(entry.class_name) == wanted) return entry;
  throw Error(ErrorCode::NotFound, fmt::format("there is no scheduler \"{}\"", name),
              choice_of_names());
}

const SchedulerEntry& scheduler_entry_of(const SchedulerConfig& config) {
  for (const SchedulerEntry& entry : kTable)
    if (entry.class_name == config.class_name && entry.fits(config)) return entry;
  throw Error(
      ErrorCode::Unsupported,
      fmt::format("the bundle's scheduler class \"{}\" is not built here", config.class_name),
      choice_of_names());
}

}  // namespace riffle::diffusion
