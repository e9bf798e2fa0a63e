// SPDX-License-Identifier: GPL-3.0-or-later
// Standard MIDI files (RP-001): songs written as format 1, files of others read note by note.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "corpus/song.h"

namespace riffle::corpus {

struct MidiTrack {
  std::string name;
  int channel = 0;                  // of its first event; 9: drums
  int program = 0;                  // the first one set
  std::vector<Note> notes{};        // sorted by start
  std::vector<Control> controls{};  // sorted by tick, kPitchBend included
};

struct MidiFile {
  int ticks_per_beat = 480;
  double bpm = 120;                 // the first tempo
  int beats_per_bar = 4;            // the first time signature's numerator
  std::vector<MidiTrack> tracks{};  // those with notes; in format 0 one a channel
};

// The whole song: tempo and meter in a track of their own, then one track each, drums on channel
// 9. Throws Error{InvalidArgument} for more than 15 tracks that are not drums.
std::vector<uint8_t> write_midi(const Song& song);

// Formats 0 and 1 with ticks per beat. A note that is never ended lasts to the end of its track.
// Throws Error{BadFile} for anything else, and for files cut short.
MidiFile read_midi(std::span<const uint8_t> bytes);

}  // namespace riffle::corpus
