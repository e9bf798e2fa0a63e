// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/mma.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "corpus/band.h"
#include "corpus/detail/mma_grooves.h"
#include "corpus/detail/run_program.h"
#include "corpus/midi_file.h"
#include "corpus/text.h"

namespace riffle::corpus {
namespace {

constexpr uint64_t kMaxMidiBytes = 4 << 20;

const std::optional<std::filesystem::path>& program() {
  static const auto found = detail::find_program("mma");
  return found;
}

// A folder for one call's files, removed with them.
class Workplace {
 public:
  Workplace() {
    static std::atomic<uint64_t> next{0};
    folder_ = std::filesystem::temp_directory_path() /
              fmt::format("riffle-mma-{}-{}", getpid(), next.fetch_add(1));
    std::filesystem::create_directories(folder_);
  }
  ~Workplace() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;
  std::filesystem::path operator/(std::string_view name) const { return folder_ / name; }

 private:
  std::filesystem::path folder_;
};

// MMA's spelling of our qualities.
std::string chord_name(const Chord& chord) {
  static constexpr std::string_view kRoots[] = {"C",  "C#", "D",  "Eb", "E",  "F",
                                                "F#", "G",  "Ab", "A",  "Bb", "B"};
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kNames = {
      {{"maj", ""},
       {"min", "m"},
       {"dim", "dim3"},
       {"min6", "m6"},
       {"maj7", "M7"},
       {"min7", "m7"},
       {"minmaj7", "mM7"},
       {"maj9", "M9"},
       {"min9", "m9"},
       {"7sus4", "7sus"}}};
  std::string_view quality = chord.quality;
  for (const auto& [ours, theirs] : kNames) {
    if (ours == chord.quality) quality = theirs;
  }
  return fmt::format("{}{}", kRoots[chord.root], quality);
}

bool named(const MidiTrack& track, std::string_view word) {
  return track.name.find(word) != std::string::npos;
}

bool is_bass(const MidiTrack& track) { return named(track, "Bass") || named(track, "Walk"); }

// Tracks of MMA are named Drum-..., Bass-..., Walk-..., Chord-..., Arpeggio-... and so on.
std::string_view role_of(const MidiTrack& track, const Instrument& player) {
  if (is_bass(track)) return "bass";
  if (named(track, "Arpeggio")) return "arpeggio";
  for (const std::string_view line : {"Melody", "Solo", "Scale", "Aria"}) {
    if (named(track, line)) return "counter";
  }
  const bool pad =
      player.sustained && player.family != Family::Organ && player.family != Family::Guitar;
  return pad ? "pad" : "chords";
}

// Who plays a track: the instrument of its program; a bass line on something else is given to a
// bass of the genre. nullptr: nobody we know.
const Instrument* player_of(const MidiTrack& track, const Score& score, Random& random) {
  const Instrument* player = instrument_of_program(track.program);
  if (!is_bass(track) || (player != nullptr && player->lowest < 38)) return player;
  const std::string_view words = score.genre->bass.empty() ? "upright bass" : score.genre->bass;
  return &instrument(random.pick(split(words)));
}

Track& track_for(std::vector<Track>& tracks, std::string_view word, std::string_view role,
                 Random& random) {
  for (Track& track : tracks) {
    if (track.instrument == word && (track.role == role || track.drums)) return track;
  }
  tracks.push_back(make_track(word, role, random));
  return tracks.back();
}

void take_drums(const MidiTrack& from, Track& to) {
  for (const Note& note : from.notes) {
    if (note.key >= 35 && note.key <= 81) to.notes.push_back(note);
  }
}

void take_notes(const MidiTrack& from, const Instrument& player, Track& to) {
  for (Note note : from.notes) {
    note.key = into_range(note.key, player.lowest, player.highest);
    if (note.key <= player.highest) to.notes.push_back(note);
  }
}

std::vector<Track> tracks_of(const MidiFile& file, const Score& score, Random& random) {
  std::vector<Track> tracks;
  const std::string_view kits = score.genre->kits.empty() ? "drums" : score.genre->kits;
  const std::string kit(random.pick(split(kits)));
  for (const bool drums : {true, false}) {
    for (const MidiTrack& track : file.tracks) {
      if ((track.channel == 9) != drums) continue;
      if (drums) {
        take_drums(track, track_for(tracks, kit, "drums", random));
      } else if (const Instrument* player = player_of(track, score, random)) {
        Track& to = track_for(tracks, player->word, role_of(track, *player), random);
        if (instrument_of_program(track.program) == player) to.program = track.program;
        take_notes(track, *player, to);
      }
    }
  }
  for (Track& track : tracks) {
    for (Note& note : track.notes) {
      const int64_t end = (note.start + note.length) * kTicksPerBeat / file.ticks_per_beat;
      note.start = note.start * kTicksPerBeat / file.ticks_per_beat;
      note.length = std::max<int64_t>(end - note.start, 1);
      note.velocity = std::clamp(note.velocity, 12, 127);
    }
  }
  std::erase_if(tracks, [](const Track& track) { return track.notes.size() < 4; });
  return tracks;
}

}  // namespace

bool mma_installed() { return program().has_value(); }

std::vector<std::string_view> mma_grooves(std::string_view genre, int beats_per_bar) {
  for (const detail::GenreGrooves& entry : detail::mma_groove_table()) {
    if (entry.genre == genre && entry.beats == beats_per_bar) return split(entry.grooves);
  }
  return {};
}

std::string mma_text(const Score& score, std::string_view groove, uint64_t seed) {
  std::string text =
      fmt::format("RndSeed {}\nTempo {:.3f}\nGroove {}\n", seed % 100000, score.song.bpm, groove);
  for (int64_t bar = 0; bar < score.song.bars; ++bar) {
    text += fmt::format("{}", bar + 1);
    const int64_t from = bar * score.bar_ticks();
    for (int beat = 0; beat < score.song.beats_per_bar; ++beat) {
      const Chord& chord = score.chord_at(from + beat * kTicksPerBeat);
      const bool begins = beat == 0 || chord.tick == from + beat * kTicksPerBeat;
      text += begins ? " " + chord_name(chord) : " /";
    }
    text += '\n';
  }
  return text;
}

std::vector<Track> mma_accompaniment(const Score& score, std::string_view groove, Random& random) {
  if (!mma_installed()) return {};
  try {
    const Workplace files;
    write_text_file(files / "song.mma", mma_text(score, groove, random.next()));
    // An init file of its own, so that nobody's settings change the song.
    write_text_file(files / "init", "");
    const int status = detail::run_program(
        *program(), {"-w", "-i", (files / "init").string(), "-f", (files / "song.mid").string(),
                     (files / "song.mma").string()});
    if (status != 0) {
      log::debug("mma: groove {} ended with status {}", groove, status);
      return {};
    }
    return tracks_of(read_midi(read_file(files / "song.mid", kMaxMidiBytes)), score, random);
  } catch (const Error& error) {
    log::debug("mma: groove {}: {}", groove, error.message());
    return {};
  }
}

}  // namespace riffle::corpus
