// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/vocabulary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "corpus/caption_words.h"
#include "corpus/form.h"
#include "corpus/genres.h"
#include "corpus/instruments.h"
#include "corpus/text.h"
#include "corpus/theory.h"

namespace riffle::corpus {
namespace {

VocabularyEntry entry_of(std::vector<std::string> words) {
  VocabularyEntry entry{words.front(), {}};
  entry.others.assign(words.begin() + 1, words.end());
  return entry;
}

std::string_view title_of(Family family) {
  switch (family) {
    case Family::Keys:
      return "Keyboards";
    case Family::Mallets:
      return "Bells and mallets";
    case Family::Organ:
      return "Organs and accordion";
    case Family::Guitar:
      return "Guitars";
    case Family::Bass:
      return "Basses";
    case Family::Strings:
      return "Strings";
    case Family::Voice:
      return "Voices";
    case Family::Brass:
      return "Brass";
    case Family::Reed:
      return "Reeds";
    case Family::Flute:
      return "Flutes";
    case Family::Synth:
      return "Synthesizers";
    case Family::Plucked:
      return "Other plucked strings";
  }
  return "";
}

VocabularyGroup group_of(std::string_view name, std::string_view entries) {
  VocabularyGroup group{std::string(name), {}};
  for (const std::string_view entry : split(entries, ';')) {
    std::vector<std::string> words;
    for (const std::string_view word : split(entry)) words.emplace_back(word);
    group.entries.push_back(entry_of(std::move(words)));
  }
  return group;
}

VocabularyGroup instruments_of(Family family) {
  VocabularyGroup group{std::string(title_of(family)), {}};
  for (const Instrument& player : instruments()) {
    if (player.family == family) group.entries.push_back(entry_of(instrument_words(player.word)));
  }
  return group;
}

VocabularyGroup moods() {
  VocabularyGroup group{"Moods", {}};
  std::set<std::string_view> seen;
  for (const Mood& mood : mood_table()) {
    if (seen.insert(mood.word).second) group.entries.push_back(entry_of(mood_words(mood.word)));
  }
  return group;
}

VocabularyGroup tempi() {
  VocabularyGroup group{"Tempo", {}};
  for (const double bpm : {60.0, 108.0, 160.0}) {
    const auto words = tempo_words(bpm);
    group.entries.push_back(entry_of({words.begin(), words.end()}));
  }
  return group;
}

VocabularyGroup parts() {
  VocabularyGroup group{"Parts", {}};
  for (const PartVocabulary& part : part_vocabulary()) {
    group.entries.push_back({std::string(part.role), {part.words.begin(), part.words.end()}});
  }
  return group;
}

}  // namespace

std::vector<VocabularyGroup> vocabulary() {
  std::vector<VocabularyGroup> groups;
  VocabularyGroup genres{"Genres", {}};
  for (const Genre& genre : genre_table()) {
    genres.entries.push_back(entry_of(genre_words(genre.name)));
  }
  groups.push_back(std::move(genres));
  groups.push_back(moods());
  groups.push_back(tempi());
  for (const Family family : {Family::Keys, Family::Organ, Family::Mallets, Family::Guitar,
                              Family::Plucked, Family::Bass, Family::Strings, Family::Voice,
                              Family::Brass, Family::Reed, Family::Flute, Family::Synth}) {
    groups.push_back(instruments_of(family));
  }
  VocabularyGroup drums{"Drums", {}};
  for (const DrumKit& kit : drum_kits())
    drums.entries.push_back(entry_of(instrument_words(kit.word)));
  groups.push_back(std::move(drums));
  groups.push_back(parts());
  VocabularyGroup modes{"Modes", {}};
  for (const std::string_view mode : mode_names()) modes.entries.push_back({std::string(mode), {}});
  groups.push_back(std::move(modes));
  groups.push_back(group_of("What is missing",
                            "no drums, without drums; no bass, without bass; solo, alone; only"));
  groups.push_back(group_of("Meter", "in three four time, in triple meter"));
  groups.push_back(group_of("Words between", "with, featuring; and; at; in; music, track; bpm"));
  return groups;
}

std::vector<std::string> vocabulary_words() {
  std::set<std::string> words;
  const auto add = [&words](const std::string& phrase) {
    for (const std::string_view part : split(phrase, ' ')) {
      for (const std::string_view word : split(part, '-')) words.emplace(word);
    }
  };
  for (const VocabularyGroup& group : vocabulary()) {
    for (const VocabularyEntry& entry : group.entries) {
      if (group.name != "Parts") add(entry.word);
      for (const std::string& other : entry.others) add(other);
    }
  }
  return {words.begin(), words.end()};
}

std::string vocabulary_page() {
  std::string page = fmt::format(
      "# The words the model knows\n\n"
      "The captions of the training corpus say these {} words and no others; a prompt does best to "
      "keep to them. What\nstands in one row means the same. This page is made from the tables of "
      "`src/corpus` and a test compares the two\n(`RIFFLE_UPDATE_DOCS=1 "
      "corpus_test --gtest_filter=Vocabulary.*` writes it anew).\n\n"
      "Prompts are short and plain: `funky slap bass riff at 112 bpm in e minor`, `slow sad solo "
      "violin`, `techno, electronic\ndrums, no bass, 130 bpm`. Capitals do not matter. A tempo is "
      "`112 bpm`, from 60 to 180; a key is `e minor` or `in f# dorian`,\non any of the twelve "
      "tones. Who names instruments and wants drums names the drums too.\n",
      vocabulary_words().size());
  for (const VocabularyGroup& group : vocabulary()) {
    const bool parts = group.name == "Parts";
    page += fmt::format("\n## {}\n\n| {} | {} |\n|---|---|\n", group.name, parts ? "part" : "word",
                        parts ? "words for it" : "or");
    for (const VocabularyEntry& entry : group.entries) {
      page += fmt::format("| {} | {} |\n", entry.word, fmt::join(entry.others, ", "));
    }
  }
  return page;
}

}  // namespace riffle::corpus
