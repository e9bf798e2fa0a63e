// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "core/error.h"
#include "corpus/midi_file.h"

namespace riffle::corpus {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::BadFile, "MIDI file: " + what,
              "a standard MIDI file of format 0 or 1 is expected");
}

class Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  bool at_end() const { return at_ == bytes_.size(); }

  uint8_t byte() {
    if (at_end()) refuse(fmt::format("cut short after {} bytes", bytes_.size()));
    return bytes_[at_++];
  }
  uint32_t number(int bytes) {
    uint32_t value = 0;
    for (int i = 0; i < bytes; ++i) value = value << 8U | byte();
    return value;
  }
  uint32_t length() {
    uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
      const uint8_t next = byte();
      value = value << 7U | (next & 0x7fU);
      if (next < 0x80) return value;
    }
    refuse("a length of more than four bytes");
  }
  std::span<const uint8_t> take(size_t count) {
    if (count > bytes_.size() - at_) {
      refuse(fmt::format("{} bytes expected, {} are left", count, bytes_.size() - at_));
    }
    at_ += count;
    return bytes_.subspan(at_ - count, count);
  }
  void back() { --at_; }

 private:
  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
};

// What one channel of a track chunk plays.
struct Voice {
  MidiTrack track;
  std::optional<int> program;
  std::array<std::vector<size_t>, 128> open;  // notes not yet ended, by key
};

class TrackReader {
 public:
  TrackReader(std::span<const uint8_t> body, MidiFile& file) : in_(body), file_(file) {}

  void read() {
    while (!in_.at_end() && !ended_) {
      tick_ += in_.length();
      const uint8_t first = in_.byte();
      if (first == 0xff) {
        meta();
      } else if (first == 0xf0 || first == 0xf7) {
        in_.take(in_.length());
      } else {
        if (first >= 0xf0) refuse(fmt::format("event {:#x} in a track", first));
        if (first < 0x80) {
          if (status_ == 0) refuse("data without an event before it");
          in_.back();
        } else {
          status_ = first;
        }
        channel_event();
      }
    }
    finish();
  }

 private:
  void meta() {
    const uint8_t type = in_.byte();
    const std::span<const uint8_t> data = in_.take(in_.length());
    if (type == 0x03) name_.assign(data.begin(), data.end());
    if (type == 0x2f) ended_ = true;
    if (type == 0x51 && data.size() == 3 && !file_tempo_) {
      const int us = data[0] << 16 | data[1] << 8 | data[2];
      if (us > 0) file_.bpm = 60e6 / us;
      file_tempo_ = true;
    }
    if (type == 0x58 && data.size() >= 2 && !file_meter_) {
      file_.beats_per_bar = data[0];
      file_meter_ = true;
    }
  }

  uint8_t data_byte() {
    const uint8_t value = in_.byte();
    if (value >= 0x80) refuse(fmt::format("data byte {:#x} above 127", value));
    return value;
  }

  void channel_event() {
    const int channel = status_ & 0x0f;
    Voice& voice = voices_[static_cast<size_t>(channel)];
    const int kind = status_ & 0xf0;
    const int first = data_byte();
    const int second = kind == 0xc0 || kind == 0xd0 ? 0 : data_byte();
    if (kind == 0x90 && second > 0) {
      voice.open[static_cast<size_t>(first)].push_back(voice.track.notes.size());
      voice.track.notes.push_back({tick_, 0, first, second});
    } else if (kind == 0x80 || kind == 0x90) {
      std::vector<size_t>& open = voice.open[static_cast<size_t>(first)];
      if (open.empty()) return;
      end_note(voice.track.notes[open.front()]);
      open.erase(open.begin());
    } else if (kind == 0xb0) {
      voice.track.controls.push_back({tick_, first, second});
    } else if (kind == 0xe0) {
      voice.track.controls.push_back({tick_, kPitchBend, (second << 7 | first) - 8192});
    } else if (kind == 0xc0 && !voice.program) {
      voice.program = first;
    }
  }

  void end_note(Note& note) const { note.length = std::max<int64_t>(tick_ - note.start, 1); }

  void finish() {
    for (size_t channel = 0; channel < voices_.size(); ++channel) {
      Voice& voice = voices_[channel];
      if (voice.track.notes.empty()) continue;
      for (const std::vector<size_t>& open : voice.open) {
        for (const size_t index : open) end_note(voice.track.notes[index]);
      }
      voice.track.name = name_;
      voice.track.channel = static_cast<int>(channel);
      voice.track.program = voice.program.value_or(0);
      file_.tracks.push_back(std::move(voice.track));
    }
  }

  Reader in_;
  MidiFile& file_;
  std::array<Voice, 16> voices_{};
  std::string name_;
  int64_t tick_ = 0;
  uint8_t status_ = 0;
  bool ended_ = false;
  bool file_tempo_ = false;
  bool file_meter_ = false;
};

void require_type(Reader& in, std::string_view type) {
  const std::span<const uint8_t> found = in.take(4);
  if (!std::equal(type.begin(), type.end(), found.begin())) {
    refuse(fmt::format("no {} where one is expected", type));
  }
}

}  // namespace

MidiFile read_midi(std::span<const uint8_t> bytes) {
  Reader in(bytes);
  require_type(in, "MThd");
  Reader head(in.take(in.number(4)));
  const uint32_t format = head.number(2);
  const uint32_t tracks = head.number(2);
  const uint32_t division = head.number(2);
  if (format > 1) refuse(fmt::format("format {}", format));
  if (division == 0 || division >= 0x8000) refuse("time is not told in ticks per beat");
  MidiFile file;
  file.ticks_per_beat = static_cast<int>(division);
  for (uint32_t i = 0; i < tracks; ++i) {
    require_type(in, "MTrk");
    TrackReader(in.take(in.number(4)), file).read();
  }
  return file;
}

}  // namespace riffle::corpus
