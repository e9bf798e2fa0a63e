// SPDX-License-Identifier: GPL-3.0-or-later
// The flags that choose spectrogram parameters, shared by the commands of the codec.
#pragma once

#include <CLI/App.hpp>
#include <optional>
#include <string>
#include <utility>

#include "audio/spectrogram_params.h"

namespace riffle::cli {

class CodecOptions {
 public:
  // `base` is what holds for a flag that is not given. Help shows it as the default, or
  // `default_words` for every flag when these are given.
  explicit CodecOptions(const audio::SpectrogramParams& base, std::string default_words = {})
      : base_(base), default_words_(std::move(default_words)) {}

  // --step-size-ms, --window-duration-ms, --padded-duration-ms, --min-frequency, --max-frequency,
  // --power-for-image, --20khz and, where base is mono, --stereo, else --mono.
  void add_to(CLI::App& app);
  void add_rows(CLI::App& app);                                    // --num-frequencies
  void add_sample_rate(CLI::App& app, const char* default_words);  // --sample-rate

  std::optional<int> maybe_sample_rate() const { return sample_rate_; }

  // `params` with the flags that were given; --20khz yields to --min-frequency and --max-frequency.
  // Throws Error{InvalidArgument} when the outcome is out of range.
  audio::SpectrogramParams over(audio::SpectrogramParams params) const;
  audio::SpectrogramParams over_base() const { return over(base_); }

 private:
  template <class T>
  void add(CLI::App& app, const std::string& name, std::optional<T>& value, T base,
           const char* type, const char* help);

  audio::SpectrogramParams base_;
  std::string default_words_;
  std::optional<int> sample_rate_;
  std::optional<int> step_size_ms_;
  std::optional<int> window_duration_ms_;
  std::optional<int> padded_duration_ms_;
  std::optional<int> num_frequencies_;
  std::optional<int> min_frequency_;
  std::optional<int> max_frequency_;
  std::optional<float> power_for_image_;
  bool full_band_ = false;
  bool stereo_ = false;
  bool mono_ = false;
};

}  // namespace riffle::cli
