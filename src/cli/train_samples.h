// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures and sounds of a training run. The program riffle-train (src/trainer) has other ones,
// that need no libraries.
#pragma once

#include <filesystem>

#include "core/json.h"
#include "train/line_chart.h"
#include "train/sample_writers.h"

namespace riffle::cli {

// spectrogram: a corpus's, which says how levels stand for sound.
train::SampleWriters sample_writers(const OrderedJson& spectrogram);

// Returns the path it was written to. Throws as image::write_picture does.
std::filesystem::path write_chart(const std::filesystem::path& path, const train::Raster& chart);

}  // namespace riffle::cli
