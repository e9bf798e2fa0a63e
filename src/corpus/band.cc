// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/band.h"

#include <algorithm>
#include <string>
#include <vector>

#include "corpus/mma.h"
#include "corpus/text.h"

namespace riffle::corpus {
namespace {

bool is_kit(std::string_view word) {
  return std::ranges::any_of(drum_kits(), [word](const DrumKit& kit) { return kit.word == word; });
}

struct Level {
  std::string_view role;
  double gain_db;
  double pan;  // how far from the middle it may stand
};
constexpr Level kLevels[] = {{"drums", 0, 0},     {"bass", 0, 0.05},      {"chords", -4, 0.5},
                             {"pad", -8, 0.3},    {"arpeggio", -5, 0.55}, {"lead", -1, 0.2},
                             {"counter", -6, 0.5}};

// Who else could play a melody: now and then somebody from outside the genre
// does, so that genres and instruments can be told apart.
std::string_view any_lead(Random& random) {
  while (true) {
    const Instrument& player = instruments()[random.index(instruments().size())];
    if (player.family != Family::Bass && player.highest - player.lowest >= 24) return player.word;
  }
}

// The same range, its middle up to a fifth higher or lower.
Register shifted(Register range, Random& random) {
  const int room =
      std::max(std::min(range.centre - range.lowest, range.highest - range.centre) - 7, 0);
  range.centre += random.between(-std::min(room, 7), std::min(room, 7));
  return range;
}

// In a band, one of the genre's. Alone, one that fills the bar, which short
// strokes between a drum's do not.
std::string_view chord_style(const Score& score, const Instrument& player, Random& random) {
  static constexpr std::string_view kThin[] = {"chop", "stab", "skank", "disco", "whole", "lo-fi"};
  std::vector<std::string_view> styles = split(score.genre->chord_styles);
  if (score.song.groove == "solo") {
    std::erase_if(styles, [&](std::string_view style) {
      return std::ranges::find(kThin, style) != std::end(kThin) &&
             !(player.sustained && style == "whole");
    });
    const bool plucked = player.family == Family::Guitar || player.family == Family::Plucked;
    styles.push_back(plucked ? "strum" : "beats");
    if (styles.size() == 1) styles.push_back(plucked ? "eighths" : "syncopated");
  }
  return random.pick(styles);
}

void add_part(Score& score, std::string_view words, std::string_view role, Random& random) {
  std::vector<std::string_view> pool = split(words);
  // One player does not come twice in a band.
  std::erase_if(pool, [&](std::string_view word) {
    return std::ranges::any_of(score.song.tracks, [&](const Track& track) {
      return track.instrument == word && word.find("guitar") == std::string::npos &&
             word != "synth lead" && word != "strings";
    });
  });
  if (pool.empty()) return;
  Track track = make_track(random.pick(pool), role, random);
  Random own = random.fork();
  const Genre& genre = *score.genre;
  if (track.drums) {
    add_drums(score, own, track);
  } else {
    const Instrument& player = instrument(track.instrument);
    const Register range = register_of(player, role);
    if (role == "bass") {
      add_bass(score, own.pick(split(genre.bass_styles)), range, own, track);
    } else if (role == "chords") {
      add_chords(score, chord_style(score, player, own), player, range, own, track);
    } else if (role == "pad") {
      add_pad(score, range, own, track);
    } else if (role == "arpeggio") {
      add_arpeggio(score, range, player.chords && score.song.groove == "solo", own, track);
    } else if (role == "lead") {
      add_melody(score, player, shifted(range, own), own, track);
    } else {
      add_counter(score, range, own, track);
    }
  }
  score.song.tracks.push_back(std::move(track));
}

void add_lead(Score& score, Random& random) {
  const bool guest = random.chance(0.12);
  const std::string_view other = any_lead(random);
  if (random.chance(score.genre->with_lead)) {
    add_part(score, guest ? other : score.genre->lead, "lead", random);
  }
}

// A piano alone: left hand low, right hand a melody or chords.
void add_two_hands(Score& score, const Instrument& player, Random& random, Track& track) {
  const Register left{player.lowest + 4, 64, 50};
  const Register right{60, player.highest, 72};
  switch (random.between(0, 3)) {
    case 0:
      add_melody(score, player, right, random, track);
      add_arpeggio(score, {player.lowest + 4, 69, 48}, false, random, track);
      break;
    case 1:
      add_melody(score, player, right, random, track);
      add_chords(score, score.song.beats_per_bar == 3 ? "waltz" : "ballad", player, left, random,
                 track);
      break;
    case 2:
      add_chords(score, chord_style(score, player, random), player, {52, 84, 64}, random, track);
      add_bass(score, random.chance(0.5) ? "long" : "plain", {player.lowest, 54, 43}, random,
               track);
      break;
    default:
      add_chords(score, random.chance(0.5) ? "ballad" : "whole", player, {42, 84, 60}, random,
                 track);
  }
}

// Mostly one of the genre's; else anybody, drummers only where the genre has
// drums.
std::string_view draw_soloist(const Genre& genre, Random& random) {
  const std::vector<std::string_view> usual = split(genre.solo);
  if (random.chance(0.7)) return random.pick(usual);
  const size_t drawn = random.index(instruments().size() + drum_kits().size());
  if (drawn < instruments().size()) return instruments()[drawn].word;
  return genre.drums.empty() ? random.pick(usual) : drum_kits()[drawn - instruments().size()].word;
}

std::string_view solo_role(const Instrument& player, const Genre& genre, Random& random) {
  if (player.family == Family::Bass) return "bass";
  if (player.word == "synth pad" || player.word == "synth strings") return "pad";
  if (player.word == "synth pluck") return random.chance(0.8) ? "arpeggio" : "lead";
  if (player.word == "choir" || player.word == "strings")
    return random.chance(0.6) ? "pad" : "chords";
  if (!player.chords) return "lead";
  const bool strums = !genre.chord_styles.empty();
  static constexpr std::string_view kRoles[] = {"chords", "chords", "arpeggio", "lead"};
  const std::string_view role = random.pick(kRoles);
  return role == "chords" && !strums ? "arpeggio" : role;
}

}  // namespace

Track make_track(std::string_view word, std::string_view role, Random& random) {
  Track track;
  track.instrument = word;
  track.role = role;
  track.drums = is_kit(word);
  const std::vector<int>& programs =
      track.drums ? drum_kit(word).programs : instrument(word).programs;
  // The first program is the usual one.
  track.program = random.chance(0.6) ? programs.front() : random.pick(programs);
  for (const Level& level : kLevels) {
    if (level.role != role) continue;
    track.gain_db = level.gain_db + 1.5 * random.normal();
    track.pan = std::clamp(level.pan * random.uniform(-1, 1), -1.0, 1.0);
  }
  track.gain_db = std::clamp(track.gain_db, -14.0, 4.0);
  return track;
}

Register register_of(const Instrument& player, std::string_view role) {
  const auto inside = [&player](int low, int high, int centre) {
    Register range{std::max(low, player.lowest), std::min(high, player.highest), centre};
    if (range.highest - range.lowest < 14) range = {player.lowest, player.highest, centre};
    range.centre = std::clamp(centre, range.lowest + 6, range.highest - 6);
    return range;
  };
  if (role == "bass") return inside(player.lowest, player.lowest + 28, player.lowest + 8);
  if (role == "chords") return inside(45, 84, player.family == Family::Guitar ? 57 : 62);
  if (role == "pad") return inside(48, 84, 64);
  if (role == "arpeggio") return inside(45, 96, 67);
  if (role == "counter") return inside(48, 84, 62);
  return inside(52, 96, std::clamp((player.lowest + player.highest) / 2 + 1, 62, 76));
}

void add_band(Score& score, Random& random) {
  const Genre& genre = *score.genre;
  score.song.groove = std::string(genre.name);
  const auto perhaps = [&](double chance, std::string_view words, std::string_view role) {
    // Drawn in any case, so that later draws do not hang on it.
    if (random.chance(chance) && !words.empty()) add_part(score, words, role, random);
  };
  perhaps(genre.with_drums, genre.kits, "drums");
  perhaps(genre.with_bass, genre.bass, "bass");
  perhaps(genre.with_chords, genre.chords, "chords");
  perhaps(genre.with_pad, genre.pad, "pad");
  perhaps(genre.with_arpeggio, genre.arpeggio, "arpeggio");
  add_lead(score, random);
  perhaps(genre.with_counter, genre.lead, "counter");
  if (score.song.tracks.empty()) add_part(score, genre.lead, "lead", random);
  if (score.song.tracks.size() < 2) {
    const bool chords = score.song.tracks.front().role == "chords";
    add_part(score, chords ? genre.lead : genre.chords, chords ? "lead" : "chords", random);
  }
}

bool add_mma_band(Score& score, Random& random) {
  const std::vector<std::string_view> grooves =
      mma_grooves(score.genre->name, score.song.beats_per_bar);
  if (grooves.empty()) return false;
  const std::string_view groove = random.pick(grooves);
  std::vector<Track> tracks = mma_accompaniment(score, groove, random);
  if (tracks.empty()) return false;
  score.song.groove = "mma " + std::string(groove);
  score.played = tracks.size();
  score.song.tracks = std::move(tracks);
  if (score.played == 1) add_part(score, score.genre->chords, "chords", random);
  add_lead(score, random);
  return true;
}

void add_soloist(Score& score, Random& random) {
  const Genre& genre = *score.genre;
  score.song.groove = "solo";
  const std::string_view word = draw_soloist(genre, random);
  if (is_kit(word)) return add_part(score, word, "drums", random);
  const Instrument& player = instrument(word);
  const std::string_view role = solo_role(player, genre, random);
  if (player.family == Family::Keys && role != "arpeggio" && random.chance(0.8)) {
    Track track = make_track(word, role, random);
    add_two_hands(score, player, random, track);
    track.role = role;
    score.song.tracks.push_back(std::move(track));
    return;
  }
  if (role == "bass" && random.chance(0.4)) {
    Track track = make_track(word, role, random);
    add_bass(score, "riff", register_of(player, role), random, track);
    score.song.tracks.push_back(std::move(track));
    return;
  }
  add_part(score, word, role, random);
}

}  // namespace riffle::corpus
