// SPDX-License-Identifier: GPL-3.0-or-later
// The seam between pipelines and whatever makes conditioning of prompts.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/job.h"
#include "models/denoiser.h"

namespace riffle::models {

struct ConditionOptions {
  std::optional<double> bpm = {};  // of prompts that name no tempo and are not empty;
                                   // for models that read one
  bool prompt_weights = true;      // read (x:1.5) and [x]; off: prompts are plain text
};

struct ConditionedPrompts {
  Conditioning conditioning;  // one item a prompt
  // One a prompt, of models that read tempi: what it says, or the option. Else empty.
  std::vector<std::optional<double>> tempi = {};
  std::vector<std::string> notes = {};  // what was changed on the user's behalf, e.g. words dropped
};

class Conditioner {
 public:
  virtual ~Conditioner() = default;

  // All prompts that will meet in one batch or be interpolated, negative ones and "" included: they
  // come out equally long. Throws Error{InvalidArgument} for text that is not UTF-8.
  virtual ConditionedPrompts condition(std::span<const std::string> prompts,
                                       const ConditionOptions& options = {},
                                       const Job& job = {}) = 0;

 protected:
  Conditioner() = default;
  Conditioner(const Conditioner&) = default;
  Conditioner& operator=(const Conditioner&) = default;
};

}  // namespace riffle::models
