// SPDX-License-Identifier: GPL-3.0-or-later
// The numbers that tie a mel spectrogram picture to sound. Field names and defaults are Riffusion's
// SpectrogramParams.
#pragma once

#include <cstdint>

namespace riffle::audio {

struct SpectrogramParams {
  bool stereo = false;
  int sample_rate = 44100;        // Hz
  int step_size_ms = 10;          // hop
  int window_duration_ms = 100;   // Hann window
  int padded_duration_ms = 400;   // FFT frame; the window lies centred in it
  int num_frequencies = 512;      // mel rows
  int min_frequency = 0;          // Hz
  int max_frequency = 10000;      // Hz
  float power_for_image = 0.25F;  // exponent from amplitude to picture level

  // In samples, truncated as the original truncates: 441, 4410 and 17640 at the defaults.
  int hop_length() const { return samples(step_size_ms); }
  int win_length() const { return samples(window_duration_ms); }
  int n_fft() const { return samples(padded_duration_ms); }
  int channels() const { return stereo ? 2 : 1; }
  int stft_bins() const { return n_fft() / 2 + 1; }

  // STFT frames of a sound of that many samples (centred frames): 1 + floor(samples / hop).
  int64_t frames_of(int64_t samples) const { return 1 + samples / hop_length(); }
  // Samples a picture that wide decodes to: hop * (frames - 1).
  int64_t samples_of(int64_t frames) const { return frames > 0 ? hop_length() * (frames - 1) : 0; }

  // Throws Error{InvalidArgument} naming the field for values outside the ranges the codec can work
  // with (rates 4 to 384 kHz, 1 <= hop <= window <= FFT frame <= 2^20 samples, 1 to 8192 rows, 0 <=
  // min < max <= rate / 2, power in (0, 4]).
  void validate() const;

  friend bool operator==(const SpectrogramParams&, const SpectrogramParams&) = default;

 private:
  int samples(int ms) const { return static_cast<int>(ms / 1000.0 * sample_rate); }
};

}  // namespace riffle::audio
