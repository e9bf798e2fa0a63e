// SPDX-License-Identifier: GPL-3.0-or-later
// The last part of sound_latents.h: sound of an exact length, loops without a click, and what such
// a loop looks like.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <vector>

#include "audio/spectrogram_decoder.h"
#include "audio/spectrogram_encoder.h"
#include "core/error.h"
#include "pipelines/sound_latents.h"

namespace riffle::pipelines {
namespace {

// Wrapped into [0, size).
int64_t wrapped(int64_t i, int64_t size) { return ((i % size) + size) % size; }

// The frame `share` of the way from a to b: linear in the roots pictures hold (in amplitudes it
// would favour the louder frame).
void interpolate(std::span<const float> a, std::span<const float> b, float share, float power,
                 std::span<float> out) {
  for (size_t row = 0; row < out.size(); ++row) {
    const float root = (1 - share) * std::pow(a[row], power) + share * std::pow(b[row], power);
    out[row] = share == 0 ? a[row] : std::pow(root, 1 / power);
  }
}

// Frames of a loop of so many samples, a hop apart; the first lies `before` frames ahead of its
// beginning. The mel's frames are spread over the samples.
audio::MelSpectrogram frames_of_loop(const audio::MelSpectrogram& mel, int64_t samples,
                                     const audio::SpectrogramParams& params, int64_t before,
                                     int64_t count) {
  const float power = params.power_for_image;
  audio::MelSpectrogram result(mel.channels, count, mel.rows);
  for (int channel = 0; channel < mel.channels; ++channel) {
    for (int64_t t = 0; t < count; ++t) {
      const int64_t sample = wrapped((t - before) * params.hop_length(), samples);
      const double place = static_cast<double>(sample * mel.frames) / static_cast<double>(samples);
      const auto frame = static_cast<int64_t>(place);
      const auto share = static_cast<float>(place - static_cast<double>(frame));
      interpolate(mel.frame(channel, frame), mel.frame(channel, wrapped(frame + 1, mel.frames)),
                  share, power, result.frame(channel, t));
    }
  }
  return result;
}

// 0 to 1: how much two equally long stretches have in common.
double likeness(std::span<const float> a, std::span<const float> b) {
  double ab = 0;
  double aa = 1e-20;
  double bb = 1e-20;
  for (size_t i = 0; i < a.size(); ++i) {
    ab += double{a[i]} * double{b[i]};
    aa += double{a[i]} * double{a[i]};
    bb += double{b[i]} * double{b[i]};
  }
  return std::clamp(ab / std::sqrt(aa * bb), 0.0, 1.0);
}

// One period out of a longer stretch. Its beginning is faded in over what followed its end, so that
// the last sample is followed by the sample that was decoded after it. The gains keep the power of
// two sounds as alike as these.
std::vector<float> closed_period(const std::vector<float>& stretch, int64_t start, int64_t period,
                                 int64_t fade) {
  std::vector<float> loop(stretch.begin() + start, stretch.begin() + start + period);
  const std::span<const float> after(stretch.data() + start + period, static_cast<size_t>(fade));
  const double alike = likeness(std::span(loop).first(after.size()), after);
  for (int64_t i = 0; i < fade; ++i) {
    const double angle =
        std::numbers::pi / 2 * (static_cast<double>(i) + 0.5) / static_cast<double>(fade);
    const double rise = std::sin(angle) * std::sin(angle);
    const double fall = 1 - rise;
    const double gain = 1 / std::sqrt(rise * rise + fall * fall + 2 * alike * rise * fall);
    auto& sample = loop[static_cast<size_t>(i)];
    sample = static_cast<float>(gain * rise) * sample +
             static_cast<float>(gain * fall) * after[static_cast<size_t>(i)];
  }
  return loop;
}

audio::Waveform loop_of_mel(const audio::MelSpectrogram& mel,
                            const audio::SpectrogramParams& params, int64_t samples,
                            const audio::DecodeOptions& decode, const Job& job) {
  const int64_t hop = params.hop_length();
  const int64_t fade = std::min<int64_t>(params.win_length() / 2, samples / 2);
  // A window and the fade fit into the context.
  const int64_t context = 2 * (params.win_length() + hop - 1) / hop + 1;
  const int64_t frames = (samples + hop - 1) / hop + 2 * context;
  const audio::Waveform stretch = audio::decode_spectrogram(
      frames_of_loop(mel, samples, params, context, frames), params, decode, job);
  audio::Waveform result{.sample_rate = params.sample_rate, .samples = {}};
  for (const auto& channel : stretch.samples) {
    result.samples.push_back(closed_period(channel, context * hop, samples, fade));
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

audio::MelSpectrogram mel_of_loop(const audio::Waveform& sound,
                                  const audio::SpectrogramParams& params, int64_t frames,
                                  const Job& job) {
  const int64_t hop = params.hop_length();
  const int64_t samples = sound.frames();
  // What the first and the last window see beyond the ends.
  const int64_t before = (params.win_length() + hop - 1) / hop;
  audio::Waveform around{.sample_rate = sound.sample_rate, .samples = {}};
  for (const auto& channel : sound.samples) {
    auto& longer = around.samples.emplace_back();
    for (int64_t i = -before * hop; i < samples + before * hop; ++i) {
      longer.push_back(channel[static_cast<size_t>(wrapped(i, samples))]);
    }
  }
  const audio::MelSpectrogram mel = audio::encode_spectrogram(around, params, Job{job.stop, {}});
  audio::MelSpectrogram loop(mel.channels, frames, mel.rows);
  for (int channel = 0; channel < mel.channels; ++channel) {
    for (int64_t t = 0; t < frames; ++t) {
      const double place = static_cast<double>(t * samples) / static_cast<double>(frames * hop) +
                           static_cast<double>(before);
      const auto frame = static_cast<int64_t>(place);
      interpolate(mel.frame(channel, frame),
                  mel.frame(channel, std::min(frame + 1, mel.frames - 1)),
                  static_cast<float>(place - static_cast<double>(frame)), params.power_for_image,
                  loop.frame(channel, t));
    }
  }
  return loop;
}

}  // namespace riffle::pipelines
