// SPDX-License-Identifier: GPL-3.0-or-later
// What a mixing desk does to stems: equalizer, chorus, reverb, compressor, saturation. All on
// stereo sounds in place, deterministic, without allocation that grows with anything but the sound.
#pragma once

#include <vector>

#include "audio/waveform.h"

namespace riffle::corpus {

// Shelves and a bell after R. Bristow-Johnson's cookbook; 0 dB leaves a band as it is.
struct Equalizer {
  double low_hz = 200;
  double low_db = 0;
  double mid_hz = 1000;
  double mid_db = 0;
  double mid_q = 0.7;
  double high_hz = 6000;
  double high_db = 0;
};
void equalize(audio::Waveform& sound, const Equalizer& eq);

// Two delayed copies whose delays swing, in opposite phase on the two sides.
struct Chorus {
  double delay_ms = 12;
  double depth_ms = 2;
  double rate_hz = 0.6;
  double wet = 0.4;  // of the copies; 0 leaves the sound as it is
};
void add_chorus(audio::Waveform& sound, const Chorus& chorus);

// A feedback delay network of eight lines with a Hadamard matrix and a low-pass in each (Jot and
// Chaigne, "Digital delay networks for designing artificial reverberators", AES 90, 1991).
struct Reverb {
  double decay_s = 1.2;  // to -60 dB
  double size = 1;       // of the room: scales the delays, 0.5..2
  double damping = 0.4;  // 0 bright .. 0.9 dull
  double predelay_ms = 12;
};
// The reverberation alone, as long as the sound, with about the sound's energy where nothing is
// damped. Linear: of a sum it is the sum.
audio::Waveform reverberation(const audio::Waveform& sound, const Reverb& reverb);

// Both channels get the same gain.
struct Compressor {
  double threshold_db = -20;  // of the mean square
  double ratio = 2;           // 1 leaves the sound as it is
  double attack_ms = 10;
  double release_ms = 150;
};
void compress(audio::Waveform& sound, const Compressor& compressor);

// tanh(g x) / g: quiet sounds pass unchanged.
void saturate(audio::Waveform& sound, double drive_db);

void scale(audio::Waveform& sound, double gain);
// sum += gain * part, of equal length.
void add_scaled(audio::Waveform& sum, const audio::Waveform& part, double gain);

// Level of the parts in which it sounds (blocks of 50 ms, not more than 30 dB below the loudest),
// as RMS above 80 Hz in dB; -200 for silence.
double active_level_db(const audio::Waveform& sound);

}  // namespace riffle::corpus
