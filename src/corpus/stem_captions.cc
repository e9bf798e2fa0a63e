// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/stem_captions.h"

#include <fmt/format.h>

#include <algorithm>

#include "corpus/random.h"

namespace riffle::corpus {
namespace {

constexpr int kTriesPerCaption = 8;

// "a", "a and b", "a, b and c"
std::string listed(const std::vector<std::string>& words, bool with_and) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += with_and && i + 1 == words.size() ? " and " : ", ";
    text += words[i];
  }
  return text;
}

std::string one_caption(const StemFacts& facts, Random& random) {
  std::vector<std::string> words = facts.words;
  for (size_t i = words.size(); i > 1; --i) std::swap(words[i - 1], words[random.index(i)]);
  const bool genre = !facts.genre.empty() && random.chance(0.6);
  if (words.empty()) return facts.genre.empty() ? "music" : facts.genre;
  const std::string list = listed(words, random.chance(0.6));
  std::string text;
  if (words.size() == 1 && !facts.unnamed && random.chance(0.6)) {
    text = random.chance(0.5) ? "solo " + list : list + " alone";
    if (genre) text = facts.genre + " " + text;
  } else if (genre) {
    constexpr std::string_view kLinks[] = {" with ", ", ", " featuring "};
    text = facts.genre + std::string(kLinks[random.index(3)]) + list;
  } else {
    text = list;
  }
  if (facts.unnamed) return text;
  if (!facts.drums && random.chance(0.3)) {
    text += random.chance(0.5) ? " without drums" : ", no drums";
  } else if (!facts.bass && facts.drums && random.chance(0.25)) {
    text += ", no bass";
  }
  return text;
}

}  // namespace

std::vector<std::string> stem_captions(const StemFacts& facts, uint64_t seed, int count) {
  Random random(seed);
  std::vector<std::string> captions;
  for (int i = 0; i < count * kTriesPerCaption && static_cast<int>(captions.size()) < count; ++i) {
    std::string caption = one_caption(facts, random);
    if (std::find(captions.begin(), captions.end(), caption) == captions.end()) {
      captions.push_back(std::move(caption));
    }
  }
  return captions;
}

}  // namespace riffle::corpus
