// SPDX-License-Identifier: GPL-3.0-or-later
// The last part of sound_latents.h: sound of an exact length, and loops without a click.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "audio/spectrogram_decoder.h"
#include "core/error.h"
#include "pipelines/sound_latents.h"

namespace riffle::pipelines {
namespace {

// Wrapped into [0, size).
int64_t wrapped(int64_t i, int64_t size) { return ((i % size) + size) % size; }

// A loop of mel frames spread over another number of frames, by linear interpolation of the roots
// pictures hold (of amplitudes it would favour the louder frame).
audio::MelSpectrogram stretched_loop(const audio::MelSpectrogram& mel, int64_t frames,
                                     float power) {
  audio::MelSpectrogram result(mel.channels, frames, mel.rows);
  for (int channel = 0; channel < mel.channels; ++channel) {
    for (int64_t t = 0; t < frames; ++t) {
      const double place =
          static_cast<double>(t) * static_cast<double>(mel.frames) / static_cast<double>(frames);
      const auto before = static_cast<int64_t>(place);
      const auto share = static_cast<float>(place - static_cast<double>(before));
      const auto a = mel.frame(channel, before);
      const auto b = mel.frame(channel, wrapped(before + 1, mel.frames));
      const auto out = result.frame(channel, t);
      for (size_t row = 0; row < out.size(); ++row) {
        const float root = (1 - share) * std::pow(a[row], power) + share * std::pow(b[row], power);
        out[row] = std::pow(root, 1 / power);
      }
    }
  }
  return result;
}

// The loop with some of its end before it and some of its beginning after it.
audio::MelSpectrogram with_context(const audio::MelSpectrogram& loop, int64_t context) {
  audio::MelSpectrogram result(loop.channels, loop.frames + 2 * context, loop.rows);
  for (int channel = 0; channel < loop.channels; ++channel) {
    for (int64_t t = 0; t < result.frames; ++t) {
      const auto from = loop.frame(channel, wrapped(t - context, loop.frames));
      std::ranges::copy(from, result.frame(channel, t).begin());
    }
  }
  return result;
}

// One period out of a longer stretch. Its beginning is faded in over what followed its end, so that
// the last sample is followed by the sample that was decoded after it.
std::vector<float> closed_period(const std::vector<float>& stretch, int64_t start, int64_t period,
                                 int64_t fade) {
  std::vector<float> loop(stretch.begin() + start, stretch.begin() + start + period);
  for (int64_t i = 0; i < fade; ++i) {
    const double angle =
        std::numbers::pi / 2 * (static_cast<double>(i) + 0.5) / static_cast<double>(fade);
    const auto rise = static_cast<float>(std::sin(angle) * std::sin(angle));
    auto& sample = loop[static_cast<size_t>(i)];
    sample = rise * sample + (1 - rise) * stretch[static_cast<size_t>(start + period + i)];
  }
  return loop;
}

// A loop of samples read at another speed, by 48 taps of a sinc under a raised cosine. The speeds
// differ by less than a thousandth, so nothing folds over.
std::vector<float> respeeded_loop(const std::vector<float>& loop, int64_t samples) {
  const auto period = static_cast<int64_t>(loop.size());
  if (period == samples) return loop;
  constexpr int64_t kHalf = 24;
  std::vector<float> result(static_cast<size_t>(samples));
  for (int64_t i = 0; i < samples; ++i) {
    const double place =
        static_cast<double>(i) * static_cast<double>(period) / static_cast<double>(samples);
    const auto middle = static_cast<int64_t>(place);
    double sum = 0;
    double weight_sum = 0;
    for (int64_t k = middle - kHalf + 1; k <= middle + kHalf; ++k) {
      const double x = place - static_cast<double>(k);
      const double sinc = x == 0 ? 1 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x);
      const double weight = sinc * (0.5 + 0.5 * std::cos(std::numbers::pi * x / kHalf));
      sum += weight * static_cast<double>(loop[static_cast<size_t>(wrapped(k, period))]);
      weight_sum += weight;
    }
    result[static_cast<size_t>(i)] = static_cast<float>(sum / weight_sum);
  }
  return result;
}

audio::Waveform loop_of_mel(const audio::MelSpectrogram& mel,
                            const audio::SpectrogramParams& params, int64_t samples,
                            const audio::DecodeOptions& decode, const Job& job) {
  const int64_t hop = params.hop_length();
  const int64_t frames = std::max<int64_t>(1, (samples + hop / 2) / hop);
  const int64_t fade = std::min<int64_t>(params.win_length() / 2, frames * hop / 2);
  // A window and the fade fit into the context.
  const int64_t context = 2 * (params.win_length() + hop - 1) / hop;
  const audio::MelSpectrogram loop =
      mel.frames == frames ? mel : stretched_loop(mel, frames, params.power_for_image);
  const audio::Waveform stretch =
      audio::decode_spectrogram(with_context(loop, context), params, decode, job);
  audio::Waveform result{.sample_rate = params.sample_rate, .samples = {}};
  for (const auto& channel : stretch.samples) {
    result.samples.push_back(
        respeeded_loop(closed_period(channel, context * hop, frames * hop, fade), samples));
  }
  return result;
}

}  // namespace

audio::Waveform sound_of_mel(const audio::MelSpectrogram& mel, const Geometry& geometry,
                             int64_t samples, const DecodeSoundOptions& options, const Job& job) {
  audio::SpectrogramParams params = geometry.codec;
  params.stereo = mel.channels == 2;
  const audio::DecodeOptions decode{.iterations = options.iterations, .seed = options.seed};
  if (options.circular) return loop_of_mel(mel, params, samples, decode, job);
  if (samples > params.samples_of(mel.frames)) {
    throw Error(ErrorCode::Internal,
                fmt::format("{} samples wanted of {} frames that hold {}", samples, mel.frames,
                            params.samples_of(mel.frames)));
  }
  // What lies beyond the end helps the last window's phases and is cut off.
  audio::Waveform sound = audio::decode_spectrogram(mel, params, decode, job);
  for (auto& channel : sound.samples) channel.resize(static_cast<size_t>(samples));
  return sound;
}

}  // namespace riffle::pipelines
