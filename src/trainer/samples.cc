// SPDX-License-Identifier: GPL-3.0-or-later
// What a trainer has without picture and sound libraries: samples and curves as netpbm's PGM and
// PPM, and sounds that were heard elsewhere.
#include <fmt/format.h>

#include <string>

#include "cli/train_samples.h"
#include "cli/train_sounds.h"
#include "core/error.h"
#include "core/files.h"

namespace riffle::cli {

train::SampleWriters sample_writers(const OrderedJson& /*spectrogram*/) {
  return train::plain_sample_writers();
}

namespace {

std::filesystem::path heard_elsewhere(const std::filesystem::path& folder, const char* command) {
  if (std::filesystem::exists(folder)) return folder;
  throw Error(ErrorCode::NotFound, fmt::format("{}: the corpus was not heard yet", folder.string()),
              fmt::format("riffle train {} --hear-only does it; this program reads no sound files",
                          command));
}

}  // namespace

std::filesystem::path clap_sounds(const std::filesystem::path& corpus,
                                  const models::ClapFeatureConfig& /*features*/, int64_t /*songs*/,
                                  const Job& /*job*/) {
  return heard_elsewhere(corpus / "clap", "clap");
}

std::filesystem::path wave_sounds(const std::filesystem::path& corpus, int64_t /*sample_rate*/,
                                  int64_t /*songs*/, const Job& /*job*/) {
  return heard_elsewhere(corpus / "waves", "cae");
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
