// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/form.h"

#include <algorithm>
#include <string>

#include "corpus/text.h"

namespace riffle::corpus {
namespace {

constexpr double kColumnSeconds = 0.16;
constexpr double kShortestSection = 5.3;
constexpr double kLongestSong = 30;

// 60 * beats / (columns * 0.16) bpm, for the columns that fall into the genre's range; 0: none.
double tempo_on_columns(const Genre& genre, int beats, Random& random) {
  std::vector<double> tempi;
  for (int columns = 6; columns <= 25; ++columns) {
    const double bpm = 60.0 * beats / (columns * kColumnSeconds);
    if (bpm < genre.slowest || bpm > genre.fastest) continue;
    tempi.push_back(bpm);
    if (columns % beats == 0) tempi.push_back(bpm);  // beats fall on columns too
  }
  return tempi.empty() ? 0 : random.pick(tempi);
}

void draw_mood(Score& score, Random& random) {
  Song& song = score.song;
  std::vector<const Mood*> fitting;
  for (const std::string_view word : split(score.genre->moods)) {
    for (const Mood& mood : mood_table()) {
      const bool light_fits = mood.light == 0 || (mood.light < 0) == is_dark(song.mode);
      if (mood.word == word && light_fits && song.bpm >= mood.slowest && song.bpm <= mood.fastest) {
        fitting.push_back(&mood);
      }
    }
  }
  score.energy = 0.5;
  song.mood.clear();
  if (fitting.empty()) return;
  const Mood& mood = *random.pick(fitting);
  song.mood = mood.word;
  score.energy = std::clamp(mood.energy + random.uniform(-0.12, 0.12), 0.0, 1.0);
}

}  // namespace

std::span<const Mood> mood_table() {
  static constexpr Mood kTable[] = {
      {"happy", 1, 84, 999, 0.65},      {"sad", -1, 0, 112, 0.25},
      {"calm", 0, 0, 104, 0.2},         {"peaceful", 1, 0, 92, 0.15},
      {"gentle", 0, 0, 140, 0.25},      {"relaxed", 0, 0, 140, 0.35},
      {"warm", 0, 0, 128, 0.4},         {"romantic", 0, 0, 144, 0.35},
      {"dreamy", 0, 0, 180, 0.35},      {"nostalgic", 0, 0, 140, 0.4},
      {"mysterious", -1, 0, 130, 0.35}, {"dark", -1, 0, 999, 0.6},
      {"heavy", -1, 0, 999, 0.85},      {"aggressive", -1, 100, 999, 0.95},
      {"powerful", 0, 76, 999, 0.85},   {"epic", 0, 0, 999, 0.85},
      {"energetic", 0, 96, 999, 0.8},   {"driving", 0, 92, 999, 0.75},
      {"uplifting", 1, 66, 999, 0.65},  {"uplifting", -1, 124, 999, 0.7},
      {"euphoric", 0, 124, 999, 0.85},  {"groovy", 0, 64, 999, 0.6},
      {"funky", 0, 84, 999, 0.65},      {"catchy", 0, 84, 999, 0.6},
      {"playful", 0, 84, 999, 0.55},    {"lively", 0, 88, 999, 0.65},
      {"sunny", 1, 60, 999, 0.5},       {"soulful", 0, 0, 132, 0.5},
      {"hypnotic", 0, 0, 999, 0.55},    {"elegant", 0, 0, 999, 0.4},
  };
  return kTable;
}

void draw_facts(Score& score, Random& random) {
  const Genre& genre = *score.genre;
  Song& song = score.song;
  song.genre = genre.name;
  song.beats_per_bar = random.pick(split(genre.beats)) == "3" ? 3 : 4;
  song.mode = random.pick(split(genre.modes));
  song.key = random.between(0, 11);
  score.scale = scale_of(song.key, song.mode);
  song.bpm = random.chance(0.34) ? tempo_on_columns(genre, song.beats_per_bar, random) : 0;
  if (song.bpm == 0) {
    song.bpm = random.between(static_cast<int>(genre.slowest), static_cast<int>(genre.fastest));
  }
  draw_mood(score, random);
  std::vector<int64_t> lengths{8};
  const double bar_s = song.seconds_of(score.bar_ticks());
  for (const int64_t bars : {8, 12, 16, 16}) {
    if (static_cast<double>(bars) * bar_s <= kLongestSong &&
        static_cast<double>(bars) * bar_s > 13) {
      lengths.push_back(bars);
    }
  }
  if (8 * bar_s < 13 && lengths.size() > 1) lengths.erase(lengths.begin());
  song.bars = random.pick(lengths);
}

void draw_sections(Score& score, bool solo, Random& random) {
  Song& song = score.song;
  song.sections.clear();
  const double bar_s = song.seconds_of(score.bar_ticks());
  const int64_t part = 4 * bar_s >= kShortestSection ? 4 : 8;  // bars
  std::vector<std::pair<std::string, int64_t>> plan;
  if (solo || song.bars < 2 * part) {
    plan = {{solo ? "solo" : (random.chance(0.5) ? "verse" : "chorus"), song.bars}};
  } else if (song.bars == 2 * part) {
    plan = random.chance(0.4)   ? decltype(plan){{"intro", part}, {"chorus", part}}
           : random.chance(0.5) ? decltype(plan){{"verse", part}, {"chorus", part}}
                                : decltype(plan){{"chorus", song.bars}};
  } else if (song.bars == 3 * part) {
    plan = random.chance(0.5) ? decltype(plan){{"intro", part}, {"verse", part}, {"chorus", part}}
                              : decltype(plan){{"verse", part}, {"break", part}, {"chorus", part}};
  } else {
    switch (random.between(0, 3)) {
      case 0:
        plan = {{"intro", part}, {"verse", part}, {"chorus", song.bars - 2 * part}};
        break;
      case 1:
        plan = {{"verse", song.bars / 2}, {"chorus", song.bars - song.bars / 2}};
        break;
      case 2:
        plan = {{"verse", part}, {"break", part}, {"chorus", song.bars - 2 * part}};
        break;
      default:
        plan = {{"verse", part}, {"chorus", song.bars - 2 * part}, {"outro", part}};
        break;
    }
  }
  int64_t bar = 0;
  for (const auto& [name, bars] : plan) {
    song.sections.push_back({.name = name, .first_bar = bar, .bars = bars});
    bar += bars;
  }
}

void cast_sections(Score& score, Random& random) {
  Song& song = score.song;
  const int count = static_cast<int>(song.tracks.size());
  for (Section& section : song.sections) {
    section.tracks.clear();
    const std::string& name = section.name;
    for (int i = 0; i < count; ++i) {
      const std::string& role = song.tracks[static_cast<size_t>(i)].role;
      double stays = 1;
      if (name == "intro") stays = role == "lead" || role == "counter" ? 0.1 : 0.5;
      if (name == "outro") stays = role == "lead" ? 0.3 : 0.6;
      if (name == "break") stays = role == "drums" ? 0.2 : role == "bass" ? 0.4 : 0.65;
      if (name == "verse") stays = role == "lead" ? 0.75 : role == "counter" ? 0.2 : 0.9;
      if (random.chance(stays)) section.tracks.push_back(i);
    }
    if (section.tracks.empty()) section.tracks.push_back(random.between(0, count - 1));
  }
  // A track that plays nowhere would be no track.
  for (int i = 0; i < count; ++i) {
    const bool plays = std::ranges::any_of(song.sections, [i](const Section& section) {
      return std::ranges::find(section.tracks, i) != section.tracks.end();
    });
    if (!plays) {
      std::vector<int>& last = song.sections.back().tracks;
      last.insert(std::ranges::upper_bound(last, i), i);
    }
  }
}

}  // namespace riffle::corpus
