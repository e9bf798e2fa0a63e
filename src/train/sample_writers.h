// SPDX-License-Identifier: GPL-3.0-or-later
// How samples of a run in progress are shown. The trainer itself needs no picture or sound
// libraries; who has them puts them in here.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <functional>

#include "core/job.h"

namespace riffle::train {

// levels: uint8 [rows, frames], 255 = silence, the highest row first.
struct SampleWriters {
  // `path` has no ending yet.
  std::function<void(const std::filesystem::path& path, const at::Tensor& levels)> picture;
  std::function<void(const std::filesystem::path& path, const at::Tensor& levels, const Job& job)>
      sound;  // may be empty
};

// Portable graymap files (netpbm's PGM, binary), and no sound: what is there without libraries.
SampleWriters plain_sample_writers();

}  // namespace riffle::train
