// SPDX-License-Identifier: GPL-3.0-or-later
// The words of captions: synonyms of moods, genres, instruments and parts, words for tempi.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "corpus/captions.h"
#include "corpus/random.h"

namespace riffle::corpus {

// The word itself, and others that may stand for it; mostly the first is drawn.
std::vector<std::string> mood_words(std::string_view mood);
std::vector<std::string> genre_words(std::string_view genre);
// Of instruments and kits; "guitar" may stand for any guitar, "drums" for any kit.
std::vector<std::string> instrument_words(std::string_view instrument_or_kit);

// "slow", "mid tempo", "fast", ...; empty between them, where no word is sure to be true.
std::span<const std::string_view> tempo_words(double bpm);

// What may stand behind the instrument of a part: "riff", "chords", "melody"; and behind drums:
// "beat", "loop".
std::vector<std::string_view> part_words(const AudiblePart& part);
std::span<const std::string_view> drum_part_words();

// All words for the parts of one role, before or behind instruments.
struct PartVocabulary {
  std::string_view role;
  std::vector<std::string_view> words;
};
std::vector<PartVocabulary> part_vocabulary();

// Words before an instrument that tell its part: "arpeggiated", "strummed"; empty for some.
std::span<const std::string_view> part_adjectives(std::string_view role);

// Draws the first with two thirds, one of the others else.
const std::string& word_of(const std::vector<std::string>& words, Random& random);

}  // namespace riffle::corpus
