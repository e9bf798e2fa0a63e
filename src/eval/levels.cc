// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/levels.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "audio/downmix.h"
#include "audio/mel_spectrogram.h"
#include "audio/resample.h"
#include "audio/spectrogram_decoder.h"
#include "audio/spectrogram_encoder.h"

namespace riffle::eval {

at::Tensor levels_of_sound(const audio::Waveform& sound, const audio::SpectrogramParams& params,
                           const Job& job, double max_value) {
  audio::SpectrogramParams mono = params;
  mono.stereo = false;
  const audio::Waveform own = audio::resample(audio::mix_channels(sound, audio::kUnknownLayout, 1),
                                              params.sample_rate, job);
  const audio::MelSpectrogram mel = audio::encode_spectrogram(own, mono, job);
  const at::Tensor amplitudes =
      at::from_blob(const_cast<float*>(mel.values.data()), {mel.frames, mel.rows}, at::kFloat)
          .t()
          .flip(0);
  const double black = max_value > 0 ? max_value : amplitudes.max().item<double>();
  if (!(black > 0)) return at::full({mel.rows, mel.frames}, 255, at::kByte);
  return (255 * (1 - (amplitudes / black).pow(params.power_for_image)))
      .clamp_min(0)
      .round()
      .to(at::kByte);
}

audio::Waveform sound_of_levels(const at::Tensor& levels, const audio::SpectrogramParams& params,
                                double max_value, int iterations, const Job& job) {
  const at::Tensor amplitudes =
      ((1 - levels.to(at::kFloat) / 255).pow(1.0 / double{params.power_for_image}) * max_value)
          .flip(0)
          .t()
          .contiguous();
  audio::MelSpectrogram mel(1, amplitudes.size(0), static_cast<int>(amplitudes.size(1)));
  std::copy_n(amplitudes.data_ptr<float>(), amplitudes.numel(), mel.values.begin());
  audio::SpectrogramParams mono = params;
  mono.stereo = false;
  return audio::decode_spectrogram(mel, mono, {.iterations = iterations}, job);
}

at::Tensor windows_of(const at::Tensor& levels, int64_t frames) {
  const int64_t length = levels.size(1);
  if (length <= frames) {
    return at::constant_pad_nd(levels, {0, frames - length}, 255).unsqueeze(0);
  }
  const int64_t count = std::max<int64_t>(2, 2 * length / frames - 1);
  std::vector<at::Tensor> windows;
  for (int64_t i = 0; i < count; ++i) {
    windows.push_back(levels.narrow(1, (length - frames) * i / (count - 1), frames));
  }
  return at::stack(windows);
}

}  // namespace riffle::eval
