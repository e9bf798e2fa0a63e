// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/clap_features.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/fft_rfft.h>
#include <ATen/ops/hann_window.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/error.h"
#include "models/config_reader.h"

namespace riffle::models {
namespace {

constexpr double kLinearHz = 200.0 / 3;  // a mel below 1 kHz
constexpr double kCornerHz = 1000;
constexpr double kCornerMel = kCornerHz / kLinearHz;
const double kLogStep = std::log(6.4) / 27;

constexpr double kLeastPower = 1e-10;
constexpr int64_t kFramesAtOnce = 4096;

// Levels of a corpus.
constexpr double kSilenceDb = -100;
constexpr double kLoudestDb = 40;
constexpr double kLevelsPerDb = 255 / (kLoudestDb - kSilenceDb);

// [bins, bands]: triangles between neighbouring corners, each of unit area in Hz.
at::Tensor slaney_filters(const ClapFeatureConfig& config) {
  const int64_t bins = config.fft_window_size / 2 + 1;
  const double low = slaney_mel_of_hz(config.frequency_min);
  const double high = slaney_mel_of_hz(config.frequency_max);
  std::vector<double> corners;
  for (int64_t i = 0; i < config.feature_size + 2; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(config.feature_size + 1);
    corners.push_back(slaney_hz_of_mel(low + share * (high - low)));
  }
  at::Tensor filters = at::zeros({bins, config.feature_size}, at::kDouble);
  auto* values = filters.data_ptr<double>();
  const double bin_hz =
      static_cast<double>(config.sampling_rate) / static_cast<double>(config.fft_window_size);
  for (int64_t bin = 0; bin < bins; ++bin) {
    const double hz = static_cast<double>(bin) * bin_hz;
    for (size_t band = 0; band + 2 < corners.size(); ++band, ++values) {
      const double rise = (hz - corners[band]) / (corners[band + 1] - corners[band]);
      const double fall = (corners[band + 2] - hz) / (corners[band + 2] - corners[band + 1]);
      *values = std::max(0.0, std::min(rise, fall)) * 2 / (corners[band + 2] - corners[band]);
    }
  }
  return filters;
}

// [n] -> [n + 2 margin], reflected without repeating the edges, however short it is.
at::Tensor reflect(const at::Tensor& samples, int64_t margin) {
  const int64_t n = samples.size(0);
  if (n == 1) return samples.expand({1 + 2 * margin});
  const int64_t period = 2 * (n - 1);
  // Where each sample of the two margins comes from.
  const at::Tensor before = (at::arange(-margin, 0, at::kLong) % period + period) % period;
  const at::Tensor after = at::arange(n, n + margin, at::kLong) % period;
  const auto from = [&](const at::Tensor& at) {
    return samples.index_select(0, (n - 1) - (at - (n - 1)).abs());
  };
  return at::cat({from(before), samples, from(after)});
}

}  // namespace

double slaney_mel_of_hz(double hz) {
  return hz < kCornerHz ? hz / kLinearHz : kCornerMel + std::log(hz / kCornerHz) / kLogStep;
}

double slaney_hz_of_mel(double mel) {
  return mel < kCornerMel ? mel * kLinearHz : kCornerHz * std::exp((mel - kCornerMel) * kLogStep);
}

ClapFeatureConfig ClapFeatureConfig::from_json(const Json& json, const std::string& where) {
  ConfigReader reader(json, where);
  ClapFeatureConfig c;
  c.sampling_rate = reader.integer("sampling_rate", c.sampling_rate, 1000, 1000000);
  c.fft_window_size = reader.integer("fft_window_size", c.fft_window_size, 16, 1 << 16);
  c.hop_length = reader.integer("hop_length", c.hop_length, 1, 1 << 16);
  c.feature_size = reader.integer("feature_size", c.feature_size, 1, 1024);
  c.frequency_min = reader.number("frequency_min", c.frequency_min);
  c.frequency_max = reader.number("frequency_max", c.frequency_max);
  c.nb_max_samples = reader.integer("nb_max_samples", c.nb_max_samples, 1, 1 << 26);
  reader.choice("padding", "repeatpad", {"repeatpad"});
  if (!(c.frequency_min >= 0) || !(c.frequency_max > c.frequency_min) ||
      c.frequency_max > static_cast<double>(c.sampling_rate) / 2) {
    reader.bad("frequency_max",
               "frequencies with 0 <= frequency_min < frequency_max <= half the "
               "sampling rate");
  }
  if (c.fft_window_size % 2 != 0) reader.bad("fft_window_size", "an even number");
  return c;
}

Json ClapFeatureConfig::to_json() const {
  return {{"feature_extractor_type", "ClapFeatureExtractor"},
          {"sampling_rate", sampling_rate},
          {"fft_window_size", fft_window_size},
          {"nb_frequency_bins", fft_window_size / 2 + 1},
          {"hop_length", hop_length},
          {"feature_size", feature_size},
          {"frequency_min", frequency_min},
          {"frequency_max", frequency_max},
          {"nb_max_samples", nb_max_samples},
          {"max_length_s", nb_max_samples / sampling_rate},
          {"padding", "repeatpad"},
          {"truncation", "rand_trunc"}};
}

ClapFeatures::ClapFeatures(ClapFeatureConfig config)
    : config_(config),
      window_(at::hann_window(config.fft_window_size, /*periodic=*/true, at::kDouble)),
      filters_(slaney_filters(config)) {}

at::Tensor ClapFeatures::log_mel(const at::Tensor& mono) const {
  if (mono.dim() != 1 || mono.numel() == 0 || !mono.is_floating_point()) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("CLAP: sound: expected [samples], at least one, got [{}]",
                            fmt::join(mono.sizes(), ", ")));
  }
  at::Tensor samples = mono.detach().to(at::kCPU, at::kDouble);
  if (config_.int16_round_trip) {
    samples = (samples.clamp(-1, 1) * 32767).trunc() / 32767;
  }
  const at::Tensor padded = reflect(samples, config_.fft_window_size / 2);
  const at::Tensor frames = padded.unfold(0, config_.fft_window_size, config_.hop_length);
  std::vector<at::Tensor> spectra;
  // In double precision: quiet bands beside loud ones would drown in single precision's rounding.
  for (int64_t at = 0; at < frames.size(0); at += kFramesAtOnce) {
    const int64_t count = std::min(kFramesAtOnce, frames.size(0) - at);
    const at::Tensor power = at::fft_rfft(frames.narrow(0, at, count) * window_).abs().square();
    spectra.push_back(
        (at::matmul(power, filters_).clamp_min(kLeastPower).log10() * 10).to(at::kFloat));
  }
  return at::cat(spectra);
}

at::Tensor clap_levels(const at::Tensor& log_mel) {
  const at::Tensor loud = (log_mel - kSilenceDb) * kLevelsPerDb;
  return (255 - loud).round().clamp(0, 255).to(at::kByte).t().flip(0).contiguous();
}

at::Tensor clap_log_mel(const at::Tensor& levels) {
  return (255 - levels.to(at::kFloat)).flip(0).t() / kLevelsPerDb + kSilenceDb;
}

at::Tensor ClapFeatures::clips(const at::Tensor& mono, const Job& job) const {
  const int64_t length = config_.nb_max_samples;
  const int64_t samples = mono.dim() == 1 ? mono.size(0) : 0;
  if (samples == 0 || samples == length) return log_mel(mono).unsqueeze(0);
  if (samples < length) {
    const at::Tensor whole = mono.repeat({length / samples});
    return log_mel(at::constant_pad_nd(whole, {0, length - whole.size(0)})).unsqueeze(0);
  }
  const int64_t count = (samples + length - 1) / length;
  std::vector<at::Tensor> clips;
  for (int64_t i = 0; i < count; ++i) {
    job.check();
    clips.push_back(log_mel(mono.narrow(0, i * (samples - length) / (count - 1), length)));
  }
  return at::stack(clips);
}

}  // namespace riffle::models
