// SPDX-License-Identifier: GPL-3.0-or-later
// Samples and curves of a trainer without picture and sound libraries: netpbm's PGM and PPM.
#include <fmt/format.h>

#include <string>

#include "cli/train_samples.h"
#include "core/files.h"

namespace riffle::cli {

train::SampleWriters sample_writers(const OrderedJson& /*spectrogram*/) {
  return train::plain_sample_writers();
}

std::filesystem::path write_chart(const std::filesystem::path& path, const train::Raster& chart) {
  auto ppm = path;
  ppm.replace_extension(".ppm");
  std::string file = fmt::format("P6\n{} {}\n255\n", chart.width, chart.height);
  file.append(chart.rgb.begin(), chart.rgb.end());
  write_text_file(ppm, file);
  return ppm;
}

}  // namespace riffle::cli
