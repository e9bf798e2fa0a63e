// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/perform.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>

#include "corpus/instruments.h"

namespace riffle::corpus {
namespace {

// Position inside a unit of two halves, the first stretched by `swing` up to
// two thirds.
int64_t stretched(int64_t position, int64_t unit, double swing) {
  const int64_t half = unit / 2;
  const auto middle =
      static_cast<int64_t>(std::lround(static_cast<double>(unit) * (0.5 + swing / 6)));
  if (position < half) return position * middle / half;
  return middle + (position - half) * (unit - middle) / half;
}

// Notes that begin in a section where the track rests go; those that reach into
// one are cut.
void rest_in_sections(const Score& score, int track_index, Track& track) {
  std::vector<Note> kept;
  for (Note note : track.notes) {
    for (const Section& section : score.song.sections) {
      const int64_t from = section.first_bar * score.bar_ticks();
      const int64_t to = from + section.bars * score.bar_ticks();
      if (note.start < from || note.start >= to) continue;
      if (std::ranges::find(section.tracks, track_index) == section.tracks.end()) break;
      note.length = std::min(note.length, to - note.start);
      kept.push_back(note);
      break;
    }
  }
  track.notes = std::move(kept);
}

void humanise(const Score& score, Random& random, Track& track) {
  const double loose = score.genre->loose_ticks * (track.drums ? 0.6 : 1.0);
  // A player is a little early or late as a whole, too; chords struck together
  // stay together.
  const double lean = loose > 0 ? random.normal() * loose * 0.4 : 0;
  int64_t last_start = -1;
  double shift = 0;
  for (Note& note : track.notes) {
    if (note.start != last_start) {
      last_start = note.start;
      shift = lean + random.normal() * loose;
    }
    const double velocity = note.velocity + random.normal() * (loose > 0 ? 5.0 : 1.5);
    note.velocity = std::clamp(static_cast<int>(std::lround(velocity)), 12, 127);
    const int64_t moved = std::max<int64_t>(note.start + std::lround(shift), 0);
    note.length = std::max<int64_t>(note.length, 1);
    note.start = moved;
  }
}

}  // namespace

int64_t swung(int64_t tick, double eighths, double sixteenths) {
  const int64_t beat = tick / kTicksPerBeat;
  int64_t position = tick % kTicksPerBeat;
  const int64_t half = kTicksPerBeat / 2;
  position = position / half * half + stretched(position % half, half, sixteenths);
  return beat * kTicksPerBeat + stretched(position, kTicksPerBeat, eighths);
}

void tidy(const Song& song, Track& track) {
  const int64_t end = song.ticks();
  std::ranges::sort(track.notes, [](const Note& a, const Note& b) {
    return std::tie(a.start, a.key, b.velocity, b.length) <
           std::tie(b.start, b.key, a.velocity, a.length);
  });
  std::array<Note*, 128> sounding{};
  for (Note& note : track.notes) {
    note.length = std::min(note.length, end - note.start);
    Note*& before = sounding[static_cast<size_t>(note.key)];
    if (before != nullptr && before->start + before->length > note.start) {
      if (before->start == note.start) {
        note.length = 0;  // the same note twice
        continue;
      }
      before->length = note.start - before->start;
    }
    before = &note;
  }
  std::erase_if(track.notes, [](const Note& note) { return note.length < 1; });
}

void one_at_a_time(Track& track) {
  for (size_t i = 0; i + 1 < track.notes.size(); ++i) {
    const int64_t room = track.notes[i + 1].start - track.notes[i].start;
    track.notes[i].length = std::min(track.notes[i].length, room);
  }
  std::erase_if(track.notes, [](const Note& note) { return note.length < 1; });
}

void perform(Score& score, Random& random) {
  const Genre& genre = *score.genre;
  for (size_t i = 0; i < score.song.tracks.size(); ++i) {
    Track& track = score.song.tracks[i];
    Random own = random.fork();
    rest_in_sections(score, static_cast<int>(i), track);
    if (i < score.played) {
      tidy(score.song, track);
      continue;
    }
    for (Note& note : track.notes) {
      const int64_t end =
          swung(note.start + note.length, genre.swing_eighths, genre.swing_sixteenths);
      note.start = swung(note.start, genre.swing_eighths, genre.swing_sixteenths);
      note.length = std::max<int64_t>(end - note.start, 1);
    }
    std::ranges::stable_sort(track.notes, {}, &Note::start);
    humanise(score, own, track);
    tidy(score.song, track);
    if (!track.drums && !instrument(track.instrument).chords) one_at_a_time(track);
  }
}

}  // namespace riffle::corpus
