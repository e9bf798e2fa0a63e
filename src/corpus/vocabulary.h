// SPDX-License-Identifier: GPL-3.0-or-later
// All that captions can say, by kind: the words a model trained on the corpus knows.
#pragma once

#include <string>
#include <vector>

namespace riffle::corpus {

struct VocabularyEntry {
  std::string word;                 // may be several: "drum and bass"
  std::vector<std::string> others;  // that mean the same
};

struct VocabularyGroup {
  std::string name;  // "Genres"
  std::vector<VocabularyEntry> entries;
};

std::vector<VocabularyGroup> vocabulary();

// Every single word of it, sorted, each once. Keys and numbers are not among them.
std::vector<std::string> vocabulary_words();

// docs/vocabulary.md.
std::string vocabulary_page();

}  // namespace riffle::corpus
