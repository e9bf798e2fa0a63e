// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/stft.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/parallel.h"

namespace riffle::audio {

std::vector<float> hann_window(int length) {
  std::vector<float> window(static_cast<size_t>(length));
  for (int i = 0; i < length; ++i) {
    window[static_cast<size_t>(i)] =
        static_cast<float>(0.5 - 0.5 * std::cos(2.0 * std::numbers::pi * i / length));
  }
  return window;
}

int64_t reflect_index(int64_t index, int64_t length) {
  if (length <= 1) return 0;
  const int64_t period = 2 * (length - 1);
  int64_t folded = index % period;
  if (folded < 0) folded += period;
  return folded < length ? folded : period - folded;
}

std::vector<float> reflect_pad(std::span<const float> samples, int64_t margin) {
  const auto length = static_cast<int64_t>(samples.size());
  std::vector<float> padded(static_cast<size_t>(length + 2 * margin));
  for (int64_t i = 0; i < margin; ++i) {
    padded[static_cast<size_t>(i)] =
        samples[static_cast<size_t>(reflect_index(i - margin, length))];
    padded[static_cast<size_t>(margin + length + i)] =
        samples[static_cast<size_t>(reflect_index(length + i, length))];
  }
  std::copy(samples.begin(), samples.end(), padded.begin() + margin);
  return padded;
}

Stft::Stft(int n_fft, int win, int hop) : fft_(n_fft), window_(hann_window(win)), hop_(hop) {}

Stft::Scratch Stft::scratch() const {
  return {AlignedBuffer<float>(static_cast<size_t>(n_fft())),
          AlignedBuffer<std::complex<float>>(static_cast<size_t>(bins()))};
}

void Stft::analyse(const float* frame, std::complex<float>* out, Scratch& scratch) const {
  // The scratch frame is zero outside the window and stays so: forward() keeps its input.
  float* const time = scratch.time.data() + (n_fft() - win()) / 2;
  for (int i = 0; i < win(); ++i) time[i] = frame[i] * window_[static_cast<size_t>(i)];
  fft_.forward(scratch.time.data(), scratch.spectrum.data());
  std::copy_n(scratch.spectrum.data(), bins(), out);
}

ComplexSpectrogram Stft::forward(std::span<const float> samples, const Job& job) const {
  ComplexSpectrogram result;
  result.bins = bins();
  result.frames = 1 + static_cast<int64_t>(samples.size()) / hop_;
  result.values.resize(static_cast<size_t>(result.frames) * static_cast<size_t>(bins()));
  // Only the window's reach needs padding, not the whole FFT frame's: the rest is multiplied by
  // zero.
  const int64_t margin = win() / 2 + 1;
  const std::vector<float> padded = reflect_pad(samples, margin);
  const int64_t first = margin - n_fft() / 2 + (n_fft() - win()) / 2;
  parallel_for(result.frames, 16, [&](int64_t begin, int64_t end) {
    job.check();
    Scratch buffers = scratch();
    for (int64_t t = begin; t < end; ++t) {
      analyse(padded.data() + first + t * hop_, result.values.data() + t * bins(), buffers);
    }
  });
  return result;
}

std::vector<float> Stft::inverse(const ComplexSpectrogram& spectrogram, const Job& job) const {
  const int64_t frames = spectrogram.frames;
  if (frames < 2) return {};
  const int64_t offset = (n_fft() - win()) / 2;
  std::vector<float> pieces(static_cast<size_t>(frames * win()));
  parallel_for(frames, 16, [&](int64_t begin, int64_t end) {
    job.check();
    Scratch buffers = scratch();
    for (int64_t t = begin; t < end; ++t) {
      std::copy_n(spectrogram.values.data() + t * bins(), bins(), buffers.spectrum.data());
      fft_.inverse(buffers.spectrum.data(), buffers.time.data());
      for (int i = 0; i < win(); ++i) {
        pieces[static_cast<size_t>(t * win() + i)] = buffers.time[static_cast<size_t>(offset + i)] *
                                                     window_[static_cast<size_t>(i)] /
                                                     static_cast<float>(n_fft());
      }
    }
  });
  // Sample s of the result lies at s + n_fft/2 of the padded signal; frame t covers [t hop +
  // offset, + win).
  const int64_t length = hop_ * (frames - 1);
  std::vector<float> samples(static_cast<size_t>(length));
  parallel_for(length, 4096, [&](int64_t begin, int64_t end) {
    for (int64_t s = begin; s < end; ++s) {
      const int64_t at = s + n_fft() / 2 - offset;
      const int64_t last = std::min(frames - 1, at / hop_);
      const int64_t first = std::max<int64_t>(0, (at - win()) / hop_ + (at >= win() ? 1 : 0));
      float sum = 0;
      float weight = 0;
      for (int64_t t = first; t <= last; ++t) {
        const int64_t i = at - t * hop_;
        sum += pieces[static_cast<size_t>(t * win() + i)];
        weight += window_[static_cast<size_t>(i)] * window_[static_cast<size_t>(i)];
      }
      samples[static_cast<size_t>(s)] = weight > 1e-11F ? sum / weight : 0.0F;
    }
  });
  return samples;
}

}  // namespace riffle::audio
