// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/detail/splits.h"

#include "corpus/random.h"

namespace riffle::corpus::detail {
namespace {

constexpr size_t kFewestForValidation = 4;

// A number in 0..1 that depends on the song's name alone, so that songs stay in their split when
// others come.
double place_of(const SourceSong& song, uint64_t seed) {
  return Random(hash_of(song.name) ^ seed).unit();
}

}  // namespace

uint64_t hash_of(std::string_view text, uint64_t hash) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

std::vector<shards::Split> splits_of(const std::vector<SourceSong>& songs,
                                     const SplitShares& shares) {
  std::vector<shards::Split> splits;
  bool valid = false;
  for (const SourceSong& song : songs) {
    const double place = place_of(song, shares.seed);
    shards::Split split = shards::Split::Train;
    if (song.facts.split == "test" || (song.facts.split.empty() && place > 1 - shares.test)) {
      split = shards::Split::Test;
    } else if (song.facts.split == "valid" || (song.facts.split.empty() && place < shares.valid)) {
      split = shards::Split::Valid;
    }
    valid = valid || split == shards::Split::Valid;
    splits.push_back(split);
  }
  // A trainer wants something to validate on.
  if (!valid && shares.valid > 0 && songs.size() >= kFewestForValidation) {
    size_t lowest = songs.size();
    for (size_t i = 0; i < songs.size(); ++i) {
      if (!songs[i].facts.split.empty() || splits[i] == shards::Split::Test) continue;
      if (lowest == songs.size() ||
          place_of(songs[i], shares.seed) < place_of(songs[lowest], shares.seed)) {
        lowest = i;
      }
    }
    if (lowest < songs.size()) splits[lowest] = shards::Split::Valid;
  }
  return splits;
}

}  // namespace riffle::corpus::detail
