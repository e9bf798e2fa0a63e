// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/captions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

#include "corpus/caption_words.h"
#include "corpus/random.h"

namespace riffle::corpus {
namespace {

// What a caption tells.
struct Telling {
  bool mood = false;
  bool tempo_word = false;
  bool genre = false;
  bool bpm = false;
  bool key = false;
  bool drums = false;
  bool no_drums = false;
  bool no_bass = false;
  bool meter = false;
  bool alone = false;     // says "solo" of a single part
  size_t parts = 0;       // so many of them
  double part_words = 0;  // how often a part's name follows its instrument
};

bool has_bass(const ExcerptFacts& facts) {
  return std::ranges::any_of(facts.parts, [](const AudiblePart& part) {
    return part.role == "bass" || part.instrument.find("bass") != std::string::npos ||
           part.instrument == "tuba" || part.instrument == "cello";
  });
}

// Of an ensemble: the genre without its players, or some of them. Who names instruments names the
// drums too, so that a prompt without drums means none.
void tell_some(const ExcerptFacts& facts, Telling& tell, Random& random) {
  const bool headed = tell.genre || tell.mood;
  if (headed && random.chance(0.45)) {
    tell.parts = 0;
    return;
  }
  const size_t all = facts.parts.size();
  const size_t least = tell.genre ? 1 : (all + 1) / 2;
  tell.parts = least + random.index(all - least + 1);
}

// level 0: nearly all; 1: a few words.
Telling draw_telling(const ExcerptFacts& facts, double level, Random& random) {
  const auto keep = [&](double most, double least) {
    return random.chance(most + (least - most) * level);
  };
  Telling tell;
  tell.mood = keep(0.9, 0.3) && !facts.mood.empty();
  tell.tempo_word = keep(0.35, 0.2) && facts.bpm > 0 && !tempo_words(facts.bpm).empty();
  tell.genre = keep(0.95, 0.5) && !facts.genre.empty();
  tell.bpm = keep(0.9, 0.15) && facts.bpm > 0;
  tell.key = keep(0.85, 0.1) && facts.key >= 0 && !facts.parts.empty();
  tell.drums = keep(0.95, 0.4) && !facts.drums.empty();
  tell.no_drums = keep(0.3, 0.12) && facts.drums.empty();
  tell.no_bass = keep(0.2, 0.08) && !has_bass(facts) && !facts.drums.empty();
  tell.meter = keep(0.6, 0.15) && facts.beats_per_bar == 3;
  tell.part_words = 0.7 - 0.35 * level;
  const size_t all = facts.parts.size();
  tell.parts = all;
  if (all == 1 && facts.drums.empty()) {
    tell.parts = keep(1, 0.75) ? 1 : 0;
    tell.alone = tell.parts == 1 && keep(0.6, 0.4);
  } else if (all == 0) {
    tell.drums = keep(1, 0.85) && !facts.drums.empty();
  } else if (level > 0.3) {
    tell_some(facts, tell, random);
  }
  if (tell.parts > 0) tell.drums = !facts.drums.empty();
  if (!tell.genre && !tell.mood && !tell.drums && tell.parts == 0) {
    tell.genre = !facts.genre.empty();
    tell.parts = facts.genre.empty() ? std::min<size_t>(all, 1) : 0;
    tell.drums = facts.genre.empty() && all == 0;
  }
  return tell;
}

std::string_view one_of(std::span<const std::string_view> words, Random& random) {
  return words[random.index(words.size())];
}

std::string name_of_part(const AudiblePart& part, const Telling& tell, Random& random) {
  std::string text = word_of(instrument_words(part.instrument), random);
  if (!random.chance(tell.part_words)) return text;
  const auto adjectives = part_adjectives(part.role);
  if (!adjectives.empty() && random.chance(0.35)) {
    return fmt::format("{} {}", one_of(adjectives, random), text);
  }
  std::vector<std::string_view> nouns = part_words(part);
  std::erase_if(nouns, [&](std::string_view noun) {
    return text.ends_with(noun) || (tell.alone && noun == "solo");
  });
  return nouns.empty() ? text : fmt::format("{} {}", text, random.pick(nouns));
}

std::string name_of_drums(const ExcerptFacts& facts, bool only, Random& random) {
  std::string word = word_of(instrument_words(facts.drums), random);
  if (word.ends_with(" beat")) return word;
  if (!only || random.chance(0.4)) return word;
  if (word == "drums") word = "drum";
  return fmt::format("{} {}", word, one_of(drum_part_words(), random));
}

std::string joined(const std::vector<std::string>& items, std::string_view last) {
  std::string text;
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) text += i + 1 == items.size() ? last : std::string_view(", ");
    text += items[i];
  }
  return text;
}

std::string_view last_word(std::string_view text) { return text.substr(text.rfind(' ') + 1); }

std::string tempo_phrase(double bpm) { return fmt::format("{} bpm", std::lround(bpm)); }

std::string key_phrase(const ExcerptFacts& facts) {
  return fmt::format("{} {}", key_word(facts.key), facts.mode);
}

std::vector<std::string> adjectives_of(const ExcerptFacts& facts, const Telling& tell,
                                       Random& random) {
  std::vector<std::string> words;
  if (tell.mood) words.push_back(word_of(mood_words(facts.mood), random));
  if (tell.tempo_word) words.emplace_back(one_of(tempo_words(facts.bpm), random));
  if (words.size() == 2 && random.chance(0.5)) std::swap(words[0], words[1]);
  return words;
}

std::vector<std::string> players_of(const ExcerptFacts& facts, const Telling& tell,
                                    Random& random) {
  std::vector<std::string> players;
  std::vector<AudiblePart> parts;
  for (const AudiblePart& part : facts.parts) {  // two guitars are named once
    if (std::ranges::find(parts, part.instrument, &AudiblePart::instrument) == parts.end()) {
      parts.push_back(part);
    }
  }
  while (parts.size() > tell.parts) {  // any of them, in their order
    parts.erase(parts.begin() + static_cast<int64_t>(random.index(parts.size())));
  }
  for (const AudiblePart& part : parts) players.push_back(name_of_part(part, tell, random));
  if (tell.alone) {
    players[0] = random.chance(0.65) ? "solo " + players[0] : players[0] + " alone";
  }
  if (tell.drums) {
    std::string drums = name_of_drums(facts, facts.parts.empty(), random);
    if (facts.parts.empty() && random.chance(0.2)) drums = "only " + drums;
    players.insert(random.chance(0.3) ? players.begin() : players.end(), drums);
  }
  return players;
}

// What follows the main phrase: tempo, key, what is missing.
std::vector<std::string> tail_of(const ExcerptFacts& facts, const Telling& tell, bool sentence,
                                 Random& random) {
  std::vector<std::string> tail;
  if (tell.bpm) tail.push_back((sentence ? "at " : "") + tempo_phrase(facts.bpm));
  if (tell.key) tail.push_back((sentence || random.chance(0.4) ? "in " : "") + key_phrase(facts));
  if (tail.size() == 2 && random.chance(0.5)) std::swap(tail[0], tail[1]);
  if (tell.meter) tail.emplace_back(random.chance(0.6) ? "in three four time" : "in triple meter");
  if (tell.no_drums) tail.emplace_back(random.chance(0.5) ? "no drums" : "without drums");
  if (tell.no_bass) tail.emplace_back(random.chance(0.5) ? "no bass" : "without bass");
  return tail;
}

// "dark techno with drums and synth bass at 130 bpm in e minor"
std::string as_sentence(const ExcerptFacts& facts, const Telling& tell, Random& random) {
  std::vector<std::string> head = adjectives_of(facts, tell, random);
  const std::vector<std::string> players = players_of(facts, tell, random);
  if (tell.genre) {
    std::string genre = word_of(genre_words(facts.genre), random);
    // "slow slow ballad", "heavy heavy metal"
    const bool doubled = std::ranges::any_of(
        head, [&](const std::string& word) { return genre.starts_with(word.substr(0, 4)); });
    head.push_back(doubled ? facts.genre : genre);
  }
  std::string text = fmt::format("{}", fmt::join(head, " "));
  const std::string list = joined(players, " and ");
  if (players.empty()) {
    if (!tell.genre || random.chance(0.3)) text += random.chance(0.6) ? " music" : " track";
  } else if (text.empty()) {
    text = list;
  } else if (players.size() == 1 && random.chance(0.7) && !list.starts_with("only ") &&
             !list.starts_with(last_word(text))) {
    text += " " + list;
  } else if (!tell.genre) {
    text += (random.chance(0.5) ? " music with " : " ") + list;
  } else {
    text += (random.chance(0.75) ? " with " : " featuring ") + list;
  }
  for (const std::string& item : tail_of(facts, tell, true, random)) {
    text += (item.starts_with("no ") ? ", " : " ") + item;
  }
  return text.starts_with(' ') ? text.substr(1) : text;
}

// "techno, drums, synth bass, 130 bpm, e minor, dark"
std::string as_list(const ExcerptFacts& facts, const Telling& tell, Random& random) {
  std::vector<std::string> items;
  if (tell.genre) items.push_back(word_of(genre_words(facts.genre), random));
  std::vector<std::string> adjectives = adjectives_of(facts, tell, random);
  std::vector<std::string> players = players_of(facts, tell, random);
  std::vector<std::string> tail = tail_of(facts, tell, false, random);
  std::array<std::vector<std::string>*, 3> groups{&adjectives, &players, &tail};
  for (size_t i = groups.size() - 1; i > 0; --i) std::swap(groups[i], groups[random.index(i + 1)]);
  for (const auto* group : groups) items.insert(items.end(), group->begin(), group->end());
  if (items.size() > 1 && random.chance(0.3)) std::swap(items.front(), items[1]);
  std::string text = joined(items, ", ");
  return text.starts_with("in ") && items.front() == "in " + key_phrase(facts) ? text.substr(3)
                                                                               : text;
}

int importance(std::string_view role) {
  static constexpr std::string_view kOrder[] = {"lead",     "chords", "bass",
                                                "arpeggio", "pad",    "counter"};
  return static_cast<int>(std::ranges::find(kOrder, role) - std::begin(kOrder));
}

bool audible(const Track& track, int64_t from, int64_t to) {
  int begun = 0;
  int64_t sounding = 0;
  for (const Note& note : track.notes) {
    if (note.start >= to) break;
    begun += note.start >= from ? 1 : 0;
    sounding +=
        std::max<int64_t>(std::min(note.start + note.length, to) - std::max(note.start, from), 0);
  }
  return begun > 0 || sounding * 2 >= to - from;
}

}  // namespace

std::string key_word(int pitch_class) {
  static constexpr std::string_view kNames[] = {"c",  "c#", "d",  "d#", "e",  "f",
                                                "f#", "g",  "g#", "a",  "a#", "b"};
  return std::string(kNames[((pitch_class % 12) + 12) % 12]);
}

std::string key_name(int pitch_class) {
  std::string name = key_word(pitch_class);
  name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
  return name;
}

ExcerptFacts facts_of(const Song& song, int64_t first_tick, int64_t last_tick) {
  ExcerptFacts facts{.genre = song.genre,
                     .mood = song.mood,
                     .bpm = song.bpm,
                     .beats_per_bar = song.beats_per_bar,
                     .mode = song.mode};
  for (const Track& track : song.tracks) {
    if (!audible(track, first_tick, last_tick)) continue;
    if (track.drums) {
      facts.drums = track.instrument;
      continue;
    }
    facts.key = song.key;
    const bool told = std::ranges::any_of(facts.parts, [&](const AudiblePart& part) {
      return part.instrument == track.instrument && part.role == track.role;
    });
    if (!told) facts.parts.push_back({track.instrument, track.role});
  }
  std::ranges::stable_sort(facts.parts, {},
                           [](const AudiblePart& part) { return importance(part.role); });
  const int64_t bar_ticks = song.beats_per_bar * kTicksPerBeat;
  for (const Section& section : song.sections) {
    if (section.first_bar * bar_ticks <= first_tick) facts.section = section.name;
  }
  return facts;
}

std::vector<std::string> captions(const ExcerptFacts& facts, uint64_t seed, int count) {
  Random random(seed ^ 0x63617074696f6e73U);
  std::vector<std::string> texts;
  for (int i = 0; i < count; ++i) {
    const double level = count > 1 ? std::max(0.0, (3.0 * i / (count - 1) - 0.75) / 2.25) : 0;
    std::string text;
    for (int attempt = 0; attempt < 12; ++attempt) {
      const Telling tell = draw_telling(facts, level, random);
      text = random.chance(0.55) ? as_sentence(facts, tell, random) : as_list(facts, tell, random);
      if (!text.empty() && std::ranges::find(texts, text) == texts.end()) break;
    }
    texts.push_back(text);
  }
  return texts;
}

}  // namespace riffle::corpus
