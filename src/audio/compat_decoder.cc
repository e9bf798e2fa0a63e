// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/compat_decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "audio/griffin_lim.h"
#include "audio/inverse_mel.h"
#include "audio/mel_filterbank.h"
#include "audio/stft.h"
#include "core/error.h"

namespace riffle::audio {
namespace {

using Samples16 = std::vector<std::vector<int16_t>>;

// audioop.rms: the root of the mean square over all samples, rounded down.
double root_mean_square(const Samples16& samples) {
  double sum = 0;
  double count = 0;
  for (const auto& channel : samples) {
    for (const int16_t v : channel) sum += static_cast<double>(v) * v;
    count += static_cast<double>(channel.size());
  }
  return count > 0 ? std::floor(std::sqrt(sum / count)) : 0.0;
}

// audioop.mul: saturates, then rounds towards minus infinity.
void gain_db(Samples16& samples, double db) {
  const double factor = std::pow(10.0, db / 20.0);
  for (auto& channel : samples) {
    for (int16_t& v : channel)
      v = static_cast<int16_t>(std::floor(std::clamp(v * factor, -32768.0, 32767.0)));
  }
}

int peak_of(const Samples16& samples) {
  int peak = 0;
  for (const auto& channel : samples) {
    for (const int16_t v : channel) peak = std::max(peak, std::abs(static_cast<int>(v)));
  }
  return peak;
}

}  // namespace

Samples16 to_int16_peak(const std::vector<std::vector<float>>& samples) {
  float peak = 0;
  for (const auto& channel : samples) {
    for (const float v : channel) peak = std::max(peak, std::abs(v));
  }
  const float factor = peak > 0 ? 32767.0F / peak : 0.0F;
  Samples16 result;
  for (const auto& channel : samples) {
    auto& out = result.emplace_back();
    out.reserve(channel.size());
    for (const float v : channel)
      out.push_back(static_cast<int16_t>(std::clamp(v * factor, -32768.0F, 32767.0F)));
  }
  return result;
}

void apply_filters_compat(Samples16& samples) {
  constexpr double kFullScale = 32768.0;
  const double rms = root_mean_square(samples);
  if (rms <= 0) return;
  gain_db(samples, -12.0 - 20.0 * std::log10(rms / kFullScale));
  const int peak = peak_of(samples);
  if (peak == 0) return;
  const double target = kFullScale * std::pow(10.0, -0.1 / 20.0);
  gain_db(samples, 20.0 * std::log10(target / peak));
}

Waveform decode_spectrogram_compat(const MelSpectrogram& spectrogram,
                                   const SpectrogramParams& params,
                                   const CompatDecodeOptions& options, const Job& job) {
  params.validate();
  if (spectrogram.frames < 2) {
    throw Error(
        ErrorCode::InvalidArgument,
        fmt::format(
            "the spectrogram is {} frames wide, expected at least 2: one frame has no length",
            spectrogram.frames));
  }
  const Stft stft(params.n_fft(), params.win_length(), params.hop_length());
  const MelFilterbank bank = MelFilterbank::make(params);
  const std::vector<float> magnitude = inverse_mel_sgd(
      spectrogram, bank, {.max_iterations = options.max_mel_iters, .seed = options.seed}, job);
  const auto per_channel =
      static_cast<size_t>(spectrogram.frames) * static_cast<size_t>(bank.bins());
  std::vector<std::vector<float>> samples;
  for (int c = 0; c < spectrogram.channels; ++c) {
    samples.push_back(
        griffin_lim({magnitude.data() + static_cast<size_t>(c) * per_channel, per_channel}, stft,
                    {.iterations = options.num_griffin_lim_iters,
                     .seed = options.seed + 1 + static_cast<uint64_t>(c)},
                    job));
  }
  Samples16 quantised = to_int16_peak(samples);
  if (options.apply_filters) apply_filters_compat(quantised);
  Waveform result{params.sample_rate, {}};
  for (const auto& channel : quantised) {
    auto& out = result.samples.emplace_back();
    for (const int16_t v : channel) out.push_back(static_cast<float>(v) / 32768.0F);
  }
  return result;
}

}  // namespace riffle::audio
