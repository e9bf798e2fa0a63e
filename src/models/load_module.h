// SPDX-License-Identifier: GPL-3.0-or-later
// Weights into a module: its parameters' dotted names are the checkpoint's.
#pragma once

#include <torch/nn/module.h>

#include "core/job.h"
#include "weights/load.h"

namespace riffle::models {

// Every parameter under its dotted name.
weights::NamedTensors named_parameters(const torch::nn::Module& module);

// Fills every parameter of `module`; see weights/load.h for what is thrown. Buffers are left alone.
weights::LoadReport load_module(torch::nn::Module& module, const weights::TensorSource& source,
                                const weights::LoadOptions& options = {}, const Job& job = {});

}  // namespace riffle::models
