// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/codec_options.h"

#include <fmt/format.h>

#include <string>

#include "core/error.h"

namespace riffle::cli {
namespace {

template <class T>
void replace(T& value, const std::optional<T>& given) {
  if (given) value = *given;
}

}  // namespace

template <class T>
void CodecOptions::add(CLI::App& app, const std::string& name, std::optional<T>& value, T base,
                       const char* type, const char* help) {
  app.add_option(name, value, help)
      ->type_name(type)
      ->default_str(default_words_.empty() ? fmt::format("{}", base) : default_words_);
}

void CodecOptions::add_to(CLI::App& app) {
  add(app, "--step-size-ms", step_size_ms_, base_.step_size_ms, "MS", "Time of one column");
  add(app, "--window-duration-ms", window_duration_ms_, base_.window_duration_ms, "MS",
      "Sound that one column sees");
  add(app, "--padded-duration-ms", padded_duration_ms_, base_.padded_duration_ms, "MS",
      "The same, padded with silence for finer pitch");
  add(app, "--min-frequency", min_frequency_, base_.min_frequency, "HZ", "Pitch of the lowest row");
  add(app, "--max-frequency", max_frequency_, base_.max_frequency, "HZ",
      "Pitch of the highest row");
  add(app, "--power-for-image", power_for_image_, base_.power_for_image, "P",
      "Exponent from loudness to darkness");
  app.add_flag("--20khz", full_band_, "10 Hz to 20 kHz and stereo");
  if (base_.stereo) {
    app.add_flag("--mono", mono_, "One channel, in gray; without it stereo, in green and blue");
  } else {
    app.add_flag("--stereo", stereo_, "Left in green, right in blue; without it mono, in gray");
  }
}

void CodecOptions::add_rows(CLI::App& app) {
  add(app, "--num-frequencies", num_frequencies_, base_.num_frequencies, "N",
      "Rows: height of the picture");
}

void CodecOptions::add_sample_rate(CLI::App& app, const char* default_words) {
  app.add_option("--sample-rate", sample_rate_, "Rate the sound is converted to")
      ->type_name("HZ")
      ->default_str(default_words);
}

audio::SpectrogramParams CodecOptions::over(audio::SpectrogramParams params) const {
  replace(params.sample_rate, sample_rate_);
  replace(params.step_size_ms, step_size_ms_);
  replace(params.window_duration_ms, window_duration_ms_);
  replace(params.padded_duration_ms, padded_duration_ms_);
  replace(params.num_frequencies, num_frequencies_);
  if (full_band_) {
    params.min_frequency = 10;
    params.max_frequency = 20000;
    params.stereo = true;
  }
  replace(params.min_frequency, min_frequency_);
  replace(params.max_frequency, max_frequency_);
  replace(params.power_for_image, power_for_image_);
  if (stereo_) params.stereo = true;
  if (mono_) params.stereo = false;
  if (2 * int64_t{params.max_frequency} > params.sample_rate) {
    throw Error(
        ErrorCode::InvalidArgument,
        fmt::format("a sound of {} Hz holds nothing above {} Hz, but the highest row is {} Hz",
                    params.sample_rate, params.sample_rate / 2, params.max_frequency),
        "give a --sample-rate of 44100, or a lower --max-frequency");
  }
  params.validate();
  return params;
}

}  // namespace riffle::cli
