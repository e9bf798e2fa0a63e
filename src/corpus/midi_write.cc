// SPDX-License-Identifier: GPL-3.0-or-later
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "core/error.h"
#include "corpus/midi_file.h"

namespace riffle::corpus {
namespace {

constexpr int kDrumChannel = 9;

using Bytes = std::vector<uint8_t>;

void put(Bytes& out, uint32_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

void put_text(Bytes& out, std::string_view text) {
  out.insert(out.end(), text.begin(), text.end());
}

// Seven bits a byte, the highest first, all but the last with their top bit set.
void put_length(Bytes& out, uint32_t value) {
  Bytes groups{static_cast<uint8_t>(value & 0x7fU)};
  while ((value >>= 7U) != 0) groups.push_back(static_cast<uint8_t>((value & 0x7fU) | 0x80U));
  out.insert(out.end(), groups.rbegin(), groups.rend());
}

void put_chunk(Bytes& out, std::string_view type, const Bytes& body) {
  put_text(out, type);
  put(out, static_cast<uint32_t>(body.size()), 4);
  out.insert(out.end(), body.begin(), body.end());
}

struct Event {
  int64_t tick;
  int order;  // at the same tick: notes end, controls change, notes begin
  Bytes bytes;
};

Event control_event(const Control& control, int channel) {
  const auto low = [](int value) { return static_cast<uint8_t>(value & 0x7f); };
  if (control.controller == kPitchBend) {
    const int bend = std::clamp(control.value + 8192, 0, 16383);
    return {control.tick, 1, {static_cast<uint8_t>(0xe0 | channel), low(bend), low(bend >> 7)}};
  }
  return {control.tick,
          1,
          {static_cast<uint8_t>(0xb0 | channel), low(control.controller), low(control.value)}};
}

std::vector<Event> events_of(const Track& track, int channel) {
  std::vector<Event> events;
  events.push_back(
      {0, 0, {static_cast<uint8_t>(0xc0 | channel), static_cast<uint8_t>(track.program)}});
  for (const Control& control : track.controls) events.push_back(control_event(control, channel));
  for (const Note& note : track.notes) {
    const auto key = static_cast<uint8_t>(note.key);
    const auto velocity = static_cast<uint8_t>(note.velocity);
    events.push_back({note.start, 2, {static_cast<uint8_t>(0x90 | channel), key, velocity}});
    events.push_back(
        {note.start + note.length, 0, {static_cast<uint8_t>(0x80 | channel), key, 64}});
  }
  std::ranges::stable_sort(events, [](const Event& a, const Event& b) {
    return a.tick != b.tick ? a.tick < b.tick : a.order < b.order;
  });
  return events;
}

Bytes track_body(std::string_view name, const std::vector<Event>& events, int64_t end) {
  Bytes body{0x00, 0xff, 0x03};
  put_length(body, static_cast<uint32_t>(name.size()));
  put_text(body, name);
  int64_t tick = 0;
  for (const Event& event : events) {
    put_length(body, static_cast<uint32_t>(event.tick - tick));
    body.insert(body.end(), event.bytes.begin(), event.bytes.end());
    tick = event.tick;
  }
  put_length(body, static_cast<uint32_t>(std::max<int64_t>(end - tick, 0)));
  put(body, 0xff2f00, 3);
  return body;
}

Bytes conductor(const Song& song) {
  std::vector<Event> events(2, {0, 0, {}});
  events[0].bytes = {0xff, 0x51, 0x03};
  put(events[0].bytes, static_cast<uint32_t>(std::lround(60e6 / song.bpm)), 3);
  events[1].bytes = {0xff, 0x58, 0x04, static_cast<uint8_t>(song.beats_per_bar), 2, 24, 8};
  return track_body(song.genre, events, song.ticks());
}

}  // namespace

std::vector<uint8_t> write_midi(const Song& song) {
  Bytes head;
  put(head, 1, 2);
  put(head, static_cast<uint32_t>(song.tracks.size() + 1), 2);
  put(head, static_cast<uint32_t>(kTicksPerBeat), 2);
  Bytes out;
  put_chunk(out, "MThd", head);
  put_chunk(out, "MTrk", conductor(song));
  int next = 0;
  for (const Track& track : song.tracks) {
    if (next == kDrumChannel) ++next;
    if (!track.drums && next > 15) {
      throw Error(ErrorCode::InvalidArgument,
                  fmt::format("a MIDI file holds 15 tracks beside drums, the song has {} tracks",
                              song.tracks.size()));
    }
    const int channel = track.drums ? kDrumChannel : next++;
    put_chunk(out, "MTrk", track_body(track.instrument, events_of(track, channel), song.ticks()));
  }
  return out;
}

}  // namespace riffle::corpus
