// SPDX-License-Identifier: GPL-3.0-or-later
// A composed piece: what every part plays, and every fact about it. The composer makes it, the
// renderer plays it, captions speak of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace riffle::corpus {

inline constexpr int64_t kTicksPerBeat = 480;

struct Note {
  int64_t start = 0;   // ticks from the beginning
  int64_t length = 0;  // ticks, at least 1
  int key = 60;        // MIDI, 0..127; of drums: General MIDI's percussion map
  int velocity = 96;   // 1..127
};

// A MIDI controller (0..127), or with controller = kPitchBend a bend of -8192..8191.
inline constexpr int kPitchBend = -1;
struct Control {
  int64_t tick = 0;
  int controller = 0;
  int value = 0;
};

struct Track {
  std::string instrument;  // the vocabulary's word: "slap bass", "violin", "drums"
  std::string role;        // "drums", "bass", "chords", "pad", "arpeggio", "lead", "counter"
  bool drums = false;
  int program = 0;  // General MIDI; of drums: the kit
  double gain_db = 0;
  double pan = 0;             // -1 left .. 1 right
  std::vector<Note> notes{};  // sorted by start
  std::vector<Control> controls{};
};

struct Chord {
  int64_t tick = 0;
  int root = 0;         // pitch class, 0 = C
  std::string quality;  // "maj", "min", "7", "maj7", "min7", "dim", "sus4", ...
};

struct Section {
  std::string name;  // "intro", "verse", "chorus", "break", "outro"
  int64_t first_bar = 0;
  int64_t bars = 0;
  std::vector<int> tracks{};  // indices of those that play
};

struct Song {
  uint64_t seed = 0;
  double bpm = 120;
  int beats_per_bar = 4;
  int key = 0;         // pitch class of the tonic
  std::string mode;    // "major", "minor", "dorian", "mixolydian", ...
  std::string genre;   // "funk"
  std::string groove;  // MMA's name or the composer's own
  std::string mood;    // "calm", "energetic", ...
  int64_t bars = 0;
  std::vector<Chord> chords{};
  std::vector<Section> sections{};  // cover the whole, in order
  std::vector<Track> tracks{};

  int64_t ticks() const { return bars * beats_per_bar * kTicksPerBeat; }
  double seconds_of(int64_t tick) const {
    return static_cast<double>(tick) / static_cast<double>(kTicksPerBeat) * 60.0 / bpm;
  }
};

}  // namespace riffle::corpus
