// SPDX-License-Identifier: GPL-3.0-or-later
// Spectrogram pictures to be decoded as one sound: all looked at before the work begins.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "audio/mel_spectrogram.h"
#include "audio/spectrogram_params.h"
#include "cli/codec_options.h"
#include "core/job.h"
#include "image/picture.h"
#include "image/spectrogram_picture.h"

namespace riffle::cli {

class PictureSources {
 public:
  // Reads every picture's size and tags. Parameters are those of its EXIF, the defaults where it
  // has none (with a warning), and over both the flags that were given. Throws Error{BadFile} for a
  // picture that can be no spectrogram, or one whose parameters are not those of the first.
  PictureSources(std::vector<std::filesystem::path> paths, const CodecOptions& flags,
                 const Job& job);

  size_t count() const { return paths_.size(); }
  const std::filesystem::path& path(size_t i) const { return paths_[i]; }
  const audio::SpectrogramParams& params() const { return params_; }
  int64_t frames() const { return frames_; }  // of all together
  // Whether every picture says what its black stands for, so that loudness can be had from it.
  bool calibrated() const { return calibrated_; }

  // The mel amplitudes of picture `i`. With `use_max_value`, each on the scale its EXIF gives, if
  // calibrated(); else all on the one the original assumes.
  audio::MelSpectrogram mel(size_t i, image::Dequantize dequantize, bool use_max_value,
                            const Job& job) const;

 private:
  void look_at(size_t i, const CodecOptions& flags);
  void warn_once(const std::string& name, const std::string& what);

  std::vector<std::filesystem::path> paths_;
  audio::SpectrogramParams params_;
  std::vector<std::optional<double>> max_values_;
  int64_t frames_ = 0;
  bool calibrated_ = true;
  std::set<std::string> warned_;
  image::Picture only_picture_;  // kept when there is just one
};

}  // namespace riffle::cli
