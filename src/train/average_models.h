// SPDX-License-Identifier: GPL-3.0-or-later
// The mean of two models, weight by weight. Between a model and what further training made of it
// lies often a better one than either: it keeps what the training unlearned (Wortsman et al. 2022,
// "Robust fine-tuning of zero-shot models").
#pragma once

#include <cstdint>
#include <filesystem>

#include "core/job.h"

namespace riffle::train {

struct AverageReport {
  int64_t averaged = 0;  // numbers that differed
  int64_t alike = 0;     // numbers that did not
};

// Bundles in folders, of the same form. `out`: (1 - share) of a plus share of b, everything but the
// weights as in a. Throws Error{InvalidArgument} for a share outside 0..1, models that differ in
// more than their values, and a folder that is there and not empty; Error{NotFound, BadFile, Io,
// Cancelled}, leaving nothing.
AverageReport average_models(const std::filesystem::path& a, const std::filesystem::path& b,
                             double share, const std::filesystem::path& out, const Job& job = {});

}  // namespace riffle::train
