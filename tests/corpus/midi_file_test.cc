// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/midi_file.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/error.h"
#include "corpus/compose.h"
#include "support/test_files.h"

namespace riffle::corpus {
namespace {

TEST(MidiFile, WhatIsWrittenIsReadBack) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const Song song = compose(seed, {.mma_share = 0});
    const MidiFile file = read_midi(write_midi(song));
    EXPECT_EQ(file.ticks_per_beat, kTicksPerBeat);
    EXPECT_NEAR(file.bpm, song.bpm, 1e-3);
    EXPECT_EQ(file.beats_per_bar, song.beats_per_bar);
    ASSERT_EQ(file.tracks.size(), song.tracks.size());
    for (size_t i = 0; i < song.tracks.size(); ++i) {
      const Track& track = song.tracks[i];
      const MidiTrack& read = file.tracks[i];
      EXPECT_EQ(read.name, track.instrument);
      EXPECT_EQ(read.program, track.program);
      EXPECT_EQ(read.channel == 9, track.drums);
      ASSERT_EQ(read.notes.size(), track.notes.size());
      for (size_t n = 0; n < read.notes.size(); ++n) {
        EXPECT_EQ(read.notes[n].start, track.notes[n].start);
        EXPECT_EQ(read.notes[n].length, track.notes[n].length);
        EXPECT_EQ(read.notes[n].key, track.notes[n].key);
        EXPECT_EQ(read.notes[n].velocity, track.notes[n].velocity);
      }
      EXPECT_EQ(read.controls.size(), track.controls.size());
    }
  }
}

TEST(MidiFile, ControlsAndBendsAreReadBack) {
  Song song;
  song.bars = 1;
  song.tracks.push_back({.instrument = "violin", .role = "lead", .program = 40});
  song.tracks[0].notes = {{0, 100, 60, 90}};
  song.tracks[0].controls = {
      {0, 11, 100}, {10, kPitchBend, -8192}, {20, kPitchBend, 8191}, {30, kPitchBend, 0}};
  const MidiFile file = read_midi(write_midi(song));
  ASSERT_EQ(file.tracks.size(), 1U);
  ASSERT_EQ(file.tracks[0].controls.size(), 4U);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(file.tracks[0].controls[i].tick, song.tracks[0].controls[i].tick);
    EXPECT_EQ(file.tracks[0].controls[i].controller, song.tracks[0].controls[i].controller);
    EXPECT_EQ(file.tracks[0].controls[i].value, song.tracks[0].controls[i].value);
  }
}

std::vector<uint8_t> file_of(const std::vector<uint8_t>& events) {
  std::string bytes("MThd\0\0\0\6\0\0\0\1\0\x60MTrk\0\0\0", 21);
  bytes.push_back(static_cast<char>(events.size()));
  std::vector<uint8_t> file(bytes.begin(), bytes.end());
  for (const uint8_t byte : events) file.push_back(byte);
  return file;
}

TEST(MidiFile, RunningStatusAndNotesEndedByVelocityZero) {
  // program 5; note 60 at 0, its end by running status at 96; note 62 never ended, file ends at 120
  const MidiFile file =
      read_midi(file_of({0, 0xc0, 5, 0, 0x90, 60, 80, 96, 60, 0, 0, 62, 70, 24, 0xff, 0x2f, 0}));
  ASSERT_EQ(file.tracks.size(), 1U);
  EXPECT_EQ(file.tracks[0].program, 5);
  ASSERT_EQ(file.tracks[0].notes.size(), 2U);
  EXPECT_EQ(file.tracks[0].notes[0].length, 96);
  EXPECT_EQ(file.tracks[0].notes[1].start, 96);
  EXPECT_EQ(file.tracks[0].notes[1].length, 24);
}

TEST(MidiFile, BadFilesAreRefusedWhereverTheyAreCut) {
  EXPECT_RIFFLE_ERROR(read_midi({}), ErrorCode::BadFile, "bytes");
  EXPECT_RIFFLE_ERROR(read_midi(file_of({0, 60, 80})), ErrorCode::BadFile, "without an event");
  EXPECT_RIFFLE_ERROR(read_midi(file_of({0, 0x90, 200, 80})), ErrorCode::BadFile, "above 127");
  const std::vector<uint8_t> whole = write_midi(compose(3, {.mma_share = 0}));
  for (size_t size = 0; size < whole.size(); size += 7) {
    EXPECT_THROW(read_midi(std::span(whole).first(size)), Error) << size;
  }
}

}  // namespace
}  // namespace riffle::corpus
