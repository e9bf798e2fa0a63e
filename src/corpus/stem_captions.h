// SPDX-License-Identifier: GPL-3.0-or-later
// Captions for mixtures of stems of which only the names are known.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace riffle::corpus {

struct StemFacts {
  std::vector<std::string> words{};  // of what sounds, drums among them
  bool drums = false;
  bool bass = false;
  bool unnamed = false;  // something else sounds too, so nothing is "alone"
  std::string genre{};   // empty: not known
};

// Up to `count` captions, all different; at least one. None says what the facts do not. The same
// facts and seed give the same captions.
std::vector<std::string> stem_captions(const StemFacts& facts, uint64_t seed, int count);

}  // namespace riffle::corpus
