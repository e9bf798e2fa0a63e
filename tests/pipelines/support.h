// SPDX-License-Identifier: GPL-3.0-or-later
// riff-tiny for pipeline tests: a whole model, with noise for weights.
#pragma once

#include <memory>
#include <string>

#include "pipelines/music_model.h"
#include "support/test_files.h"
#include "support/tiny_bundle.h"

namespace riffle::pipelines::test {

// 64 mel rows and short windows: the arithmetic of a tenth of a riff model.
inline constexpr const char* kSmallSpectrogram =
    R"({"num_frequencies": 64, "sample_rate": 22050, "step_size_ms": 20, "window_duration_ms": 100,
        "padded_duration_ms": 200})";

class TinyModel {
 public:
  explicit TinyModel(const char* spectrogram = kSmallSpectrogram,
                     const models::RiffModelOptions& options = {}) {
    riffle::test::make_tiny_bundle(folder_ / "riff-tiny", spectrogram);
    model_ = open_music_model(folder_ / "riff-tiny", options);
  }
  MusicModel& operator*() { return *model_; }
  std::filesystem::path path() const { return folder_ / "riff-tiny"; }
  // For files of the test.
  std::filesystem::path file(const std::string& name) const { return folder_ / name; }

 private:
  riffle::test::TemporaryFolder folder_;
  std::unique_ptr<MusicModel> model_;
};

}  // namespace riffle::pipelines::test
