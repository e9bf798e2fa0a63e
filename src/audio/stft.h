// SPDX-License-Identifier: GPL-3.0-or-later
// Short-time Fourier transform as torch.stft makes it: periodic Hann window centred in a
// zero-padded FFT frame, no normalisation, one-sided, centred frames with reflected edges; and its
// inverse (windowed overlap-add divided by the summed squared window; Griffin and Lim 1984, eq. 6).
#pragma once

#include <complex>
#include <cstdint>
#include <span>
#include <vector>

#include "audio/fft.h"
#include "core/job.h"

namespace riffle::audio {

// 0.5 - 0.5 cos(2 pi n / length)
std::vector<float> hann_window(int length);

// The index into [0, length) that reflection without repeating the edge sample gives for any index:
// -1 -> 1, length -> length - 2, repeated as often as needed; 0 for a length of 1.
int64_t reflect_index(int64_t index, int64_t length);

// samples with `margin` reflected samples on both sides (torch's reflect padding, but defined for
// any length >= 1).
std::vector<float> reflect_pad(std::span<const float> samples, int64_t margin);

// Complex spectrogram, [frames, bins] in row-major order.
struct ComplexSpectrogram {
  int64_t frames = 0;
  int bins = 0;
  std::vector<std::complex<float>> values;
};

class Stft {
 public:
  // 1 <= hop <= win <= n_fft, in samples.
  Stft(int n_fft, int win, int hop);

  int n_fft() const { return fft_.size(); }
  int win() const { return static_cast<int>(window_.size()); }
  int hop() const { return hop_; }
  int bins() const { return fft_.bins(); }

  // One frame's spectrum; frame: `win` samples, out: bins(). Thread-safe with one Scratch a thread.
  // The phase origin is the middle of the FFT frame minus n_fft/2, as torch has it.
  struct Scratch {
    AlignedBuffer<float> time;
    AlignedBuffer<std::complex<float>> spectrum;
  };
  Scratch scratch() const;
  void analyse(const float* frame, std::complex<float>* out, Scratch& scratch) const;

  // samples [n] -> 1 + n / hop frames. n >= 1.
  ComplexSpectrogram forward(std::span<const float> samples, const Job& job = {}) const;
  // frames -> hop * (frames - 1) samples.
  std::vector<float> inverse(const ComplexSpectrogram& spectrogram, const Job& job = {}) const;

 private:
  RealFft fft_;
  std::vector<float> window_;
  int hop_;
};

}  // namespace riffle::audio
