// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/picture_sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/log.h"
#include "image/picture_file.h"
#include "image/spectrogram_exif.h"

namespace riffle::cli {

PictureSources::PictureSources(std::vector<std::filesystem::path> paths, const CodecOptions& flags,
                               const Job& job)
    : paths_(std::move(paths)), max_values_(paths_.size()) {
  for (size_t i = 0; i < paths_.size(); ++i) {
    job.check();
    look_at(i, flags);
  }
  const bool any_calibrated = std::any_of(max_values_.begin(), max_values_.end(),
                                          [](const auto& value) { return value.has_value(); });
  if (any_calibrated && !calibrated_) {
    log::warn(
        "some pictures do not say what their black stands for: all are taken to be equally loud");
  }
}

void PictureSources::warn_once(const std::string& name, const std::string& what) {
  if (warned_.insert(what).second) log::warn("{}: {}", name, what);
}

void PictureSources::look_at(size_t i, const CodecOptions& flags) {
  const std::string name = paths_[i].string();
  image::Picture picture = image::read_picture(paths_[i]);
  const auto reading = image::decode_spectrogram_exif(picture.exif, name);
  audio::SpectrogramParams params;
  if (reading.found) {
    params = reading.found->params;
    max_values_[i] = reading.found->max_value;
  } else {
    warn_once(name, reading.reason + "; the defaults are used where no flag says otherwise");
  }
  calibrated_ = calibrated_ && max_values_[i].has_value();

  const image::FittedParams fitted = image::fit_to_picture(flags.over(params), picture, name);
  for (const auto& note : fitted.notes) warn_once(name, note);
  if (i == 0) params_ = fitted.params;
  if (fitted.params != params_) {
    throw Error(
        ErrorCode::BadFile,
        fmt::format("{}: made with other spectrogram parameters than {}", name, paths_[0].string()),
        "riffle print-exif shows them; decode these pictures one by one");
  }
  frames_ += picture.width;
  if (paths_.size() == 1) only_picture_ = std::move(picture);
}

audio::MelSpectrogram PictureSources::mel(size_t i, image::Dequantize dequantize,
                                          bool use_max_value, const Job& job) const {
  image::MelFromPictureOptions options{.dequantize = dequantize};
  if (use_max_value && calibrated_) options.max_value = static_cast<float>(*max_values_[i]);
  if (paths_.size() == 1) return image::mel_from_picture(only_picture_, params_, options, job);
  return image::mel_from_picture(image::read_picture(paths_[i]), params_, options, job);
}

}  // namespace riffle::cli
