// SPDX-License-Identifier: GPL-3.0-or-later
// A short piece of music from nothing but arithmetic: plucked strings, bass, pad and drums, ten
// seconds in stereo. Shows how to make a Waveform and write it to a file.
//   tune OUT.wav
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <numbers>
#include <random>
#include <vector>

#include "audio/audio_writer.h"
#include "audio/waveform.h"

namespace {

using riffle::audio::Waveform;

constexpr int kRate = 44100;  // Hz
constexpr double kBeatsPerMinute = 96;
constexpr int kBeats = 16;  // four bars
constexpr double kTau = 2 * std::numbers::pi;

struct Note {
  double start_beat;
  double beats;
  int midi;  // 69 is A4, 440 Hz
};

double hz_of(int midi) { return 440 * std::exp2((midi - 69) / 12.0); }
int64_t samples_of(double beats) {
  return static_cast<int64_t>(beats * 60 / kBeatsPerMinute * kRate);
}

// Adds a sound at a beat; pan 0 is left, 1 right, at equal power. What lies beyond the end is cut.
void mix(Waveform& piece, const std::vector<float>& sound, double start_beat, double gain,
         double pan) {
  const int64_t start = samples_of(start_beat);
  const int64_t count =
      std::min<int64_t>(static_cast<int64_t>(sound.size()), piece.frames() - start);
  const auto left = static_cast<float>(gain * std::cos(pan * std::numbers::pi / 2));
  const auto right = static_cast<float>(gain * std::sin(pan * std::numbers::pi / 2));
  for (int64_t i = 0; i < count; ++i) {
    const float sample = sound[static_cast<size_t>(i)];
    piece.samples[0][static_cast<size_t>(start + i)] += left * sample;
    piece.samples[1][static_cast<size_t>(start + i)] += right * sample;
  }
}

// A plucked string: noise that circles in a delay line and loses its treble (Karplus and Strong
// 1983).
std::vector<float> pluck(double hz, double beats, std::mt19937& random) {
  std::uniform_real_distribution<float> noise(-1, 1);
  std::vector<float> line(static_cast<size_t>(kRate / hz));
  for (float& sample : line) sample = noise(random);
  std::vector<float> sound(static_cast<size_t>(samples_of(beats)));
  for (size_t i = 0; i < sound.size(); ++i) {
    float& here = line[i % line.size()];
    const double left_s = static_cast<double>(sound.size() - i) / kRate;
    sound[i] = here * static_cast<float>(std::min(1.0, left_s / 0.02));
    here = 0.498F * (here + line[(i + 1) % line.size()]);
  }
  return sound;
}

// Sines in harmony, each harmonic weaker by `slope`, with a soft start and end.
std::vector<float> tone(double hz, double beats, int harmonics, double slope, double attack_s) {
  std::vector<float> sound(static_cast<size_t>(samples_of(beats)));
  const auto length = static_cast<double>(sound.size()) / kRate;
  for (size_t i = 0; i < sound.size(); ++i) {
    const double t = static_cast<double>(i) / kRate;
    double sample = 0;
    for (int h = 1; h <= harmonics; ++h) {
      sample += std::pow(slope, h - 1) * std::sin(kTau * hz * h * t);
    }
    const double fade = std::min({1.0, t / attack_s, (length - t) / 0.05});
    sound[i] = static_cast<float>(sample * fade);
  }
  return sound;
}

std::vector<float> kick() {
  std::vector<float> sound(static_cast<size_t>(kRate / 4));
  double phase = 0;
  for (size_t i = 0; i < sound.size(); ++i) {
    const double t = static_cast<double>(i) / kRate;
    phase += kTau * (45 + 110 * std::exp(-t * 30)) / kRate;
    sound[i] = static_cast<float>(std::sin(phase) * std::exp(-t * 14));
  }
  return sound;
}

std::vector<float> hat(double decay_s, std::mt19937& random) {
  std::uniform_real_distribution<float> noise(-1, 1);
  std::vector<float> sound(static_cast<size_t>(5 * decay_s * kRate));
  float before = 0;
  for (size_t i = 0; i < sound.size(); ++i) {
    const float now = noise(random);
    const double t = static_cast<double>(i) / kRate;
    sound[i] = (now - before) * static_cast<float>(std::exp(-t / decay_s));
    before = now;
  }
  return sound;
}

void add_drums(Waveform& piece, std::mt19937& random) {
  for (int beat = 0; beat < kBeats; ++beat) {
    if (beat % 2 == 0) mix(piece, kick(), beat, 0.7, 0.5);
    mix(piece, hat(0.015, random), beat, 0.06, 0.6);
    mix(piece, hat(beat % 4 == 3 ? 0.08 : 0.02, random), beat + 0.5, 0.09, 0.6);
  }
}

// A minor, F, C, G, a bar each.
void add_chords(Waveform& piece) {
  const std::vector<std::vector<int>> chords = {
      {57, 60, 64}, {53, 57, 60}, {55, 60, 64}, {55, 59, 62}};
  const std::vector<int> roots = {33, 29, 36, 31};
  for (size_t bar = 0; bar < chords.size(); ++bar) {
    const double start = 4 * static_cast<double>(bar);
    for (size_t voice = 0; voice < 3; ++voice) {
      const double hz = hz_of(chords[bar][voice]);
      const double pan = 0.2 + 0.3 * static_cast<double>(voice);
      mix(piece, tone(hz * 1.002, 4, 4, 0.35, 0.4), start, 0.05, pan);
      mix(piece, tone(hz * 0.998, 4, 4, 0.35, 0.4), start, 0.05, 1 - pan);
    }
    for (const double beat : {0.0, 1.5, 2.0, 3.5}) {
      mix(piece, tone(hz_of(roots[bar]), beat == 3.5 ? 0.5 : 0.9, 6, 0.5, 0.01), start + beat, 0.22,
          0.5);
    }
  }
}

void add_melody(Waveform& piece, std::mt19937& random) {
  const std::vector<Note> melody = {{0, 1, 76},      {1, 0.5, 72},   {1.5, 0.5, 74}, {2, 1, 76},
                                    {3, 0.5, 81},    {3.5, 0.5, 79}, {4, 1.5, 77},   {5.5, 0.5, 76},
                                    {6, 1, 72},      {7, 1, 69},     {8, 1, 67},     {9, 0.5, 72},
                                    {9.5, 0.5, 74},  {10, 1, 76},    {11, 1, 79},    {12, 1.5, 74},
                                    {13.5, 0.5, 71}, {14, 1, 67},    {15, 1, 71}};
  for (const Note& note : melody) {
    mix(piece, pluck(hz_of(note.midi), note.beats + 0.5, random), note.start_beat, 0.3, 0.35);
    mix(piece, pluck(hz_of(note.midi - 12), note.beats, random), note.start_beat + 0.03, 0.12,
        0.75);
  }
}

Waveform compose() {
  std::mt19937 random(1);
  Waveform piece;
  piece.sample_rate = kRate;
  piece.samples.assign(2, std::vector<float>(static_cast<size_t>(samples_of(kBeats))));
  add_drums(piece, random);
  add_chords(piece);
  add_melody(piece, random);
  float peak = 0;
  for (const auto& channel : piece.samples) {
    for (const float sample : channel) peak = std::max(peak, std::abs(sample));
  }
  for (auto& channel : piece.samples) {
    for (float& sample : channel) sample *= 0.7F / peak;
  }
  return piece;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: tune OUT.wav\n", stderr);
    return 2;
  }
  try {
    riffle::audio::write_audio(argv[1], compose());
  } catch (const std::exception& e) {
    std::fprintf(stderr, "tune: %s\n", e.what());
    return 1;
  }
  return 0;
}
