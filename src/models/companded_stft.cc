// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/companded_stft.h"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/fft_irfft.h>
#include <ATen/ops/fft_rfft.h>
#include <ATen/ops/hann_window.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/view_as_complex.h>
#include <ATen/ops/view_as_real.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "core/error.h"

namespace riffle::models {
namespace {

constexpr double kLeastAmplitude = 1e-12;

// parts: [..., 2], real and imaginary -> the amplitude's power `exponent`, the phase as it is.
at::Tensor with_amplitude_power(const at::Tensor& parts, double exponent, double factor) {
  const at::Tensor amplitude = parts.norm(2, -1, /*keepdim=*/true).clamp_min(kLeastAmplitude);
  return parts * (amplitude.pow(exponent - 1) * factor);
}

}  // namespace

at::Tensor companded_stft(const at::Tensor& mono, const ConsistencyConfig& config) {
  if (mono.dim() != 2 || mono.size(1) < config.window()) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("sound: expected [B, samples], at least {} of them, got [{}]",
                            config.window(), fmt::join(mono.sizes(), ", ")));
  }
  const auto window = at::hann_window(config.window(), mono.options());
  const at::Tensor frames = mono.unfold(1, config.window(), config.hop) * window;
  const at::Tensor spectrum = at::view_as_real(at::fft_rfft(frames)).narrow(2, 0, config.bins());
  // [B, frames, bins, 2]
  return with_amplitude_power(spectrum, config.alpha_rescale, config.beta_rescale)
      .permute({0, 3, 2, 1})
      .contiguous();
}

at::Tensor inverse_companded_stft(const at::Tensor& picture, const ConsistencyConfig& config) {
  const int64_t hop = config.hop;
  const int64_t overlaps = config.window() / hop;
  // |c| = (|c~| / beta)^(1 / alpha)
  const double exponent = 1 / config.alpha_rescale;
  const at::Tensor parts = with_amplitude_power(picture.permute({0, 3, 2, 1}), exponent,
                                                std::pow(config.beta_rescale, -exponent));
  const at::Tensor spectrum =
      at::view_as_complex(at::constant_pad_nd(parts, {0, 0, 0, 1}).contiguous());
  const auto window = at::hann_window(config.window(), picture.options());
  const at::Tensor squares = window.square().view({overlaps, hop}).sum(0).repeat({overlaps});
  const at::Tensor frames = at::fft_irfft(spectrum, config.window()) * (window / squares);
  const int64_t count = frames.size(1);
  const at::Tensor pieces = frames.view({frames.size(0), count, overlaps, hop});
  at::Tensor sound = at::zeros({frames.size(0), count + overlaps - 1, hop}, frames.options());
  for (int64_t i = 0; i < overlaps; ++i) sound.narrow(1, i, count).add_(pieces.select(2, i));
  return sound.flatten(1).clamp(-1, 1);
}

}  // namespace riffle::models
