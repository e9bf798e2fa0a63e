// SPDX-License-Identifier: GPL-3.0-or-later
// Every scheduler there is, one row each. Command line, API, studio and documents are filled from
// it; to add one, write its pair of files and its row.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "diffusion/scheduler.h"

namespace riffle::diffusion {

struct SchedulerEntry {
  std::string_view name;                      // "dpmpp_2m_karras"
  std::span<const std::string_view> aliases;  // other programs' names for it
  std::string_view class_name;                // diffusers' class
  std::string_view help;                      // one line
  bool is_stochastic = false;                 // its steps need a NoiseSource
  int evaluations_per_step = 1;               // of the model: what a step costs
  int recommended_steps = 0;
  // Sets what makes the row's variant (Karras sigmas, algorithm) in the config before using it.
  std::unique_ptr<Scheduler> (*make)(SchedulerConfig config) = nullptr;
  // Whether a bundle's configuration of this class means this row.
  bool (*fits)(const SchedulerConfig& config) = nullptr;
};

std::span<const SchedulerEntry> scheduler_table();

// By name or alias, whatever the capitals, spaces, hyphens and underscores, "+" being "p": "DPM++
// 2M Karras" is dpmpp_2m_karras. Throws Error{NotFound} listing the names.
const SchedulerEntry& scheduler_entry(std::string_view name);

// The row a bundle's own configuration asks for, by its class name and options. Throws
// Error{Unsupported} for a class there is no row for.
const SchedulerEntry& scheduler_entry_of(const SchedulerConfig& config);

}  // namespace riffle::diffusion
