// SPDX-License-Identifier: GPL-3.0-or-later
// Which songs of a folder are for training, validation and testing.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "corpus/source_songs.h"
#include "shards/record.h"

namespace riffle::corpus::detail {

// FNV-1a
uint64_t hash_of(std::string_view text, uint64_t hash = 14695981039346656037ULL);

struct SplitShares {
  double valid = 0.05;  // of the songs, where the folder does not tell the split itself
  double test = 0.05;
  uint64_t seed = 1;
};

// A song's place depends on its name alone, so songs stay in their split when others come.
std::vector<shards::Split> splits_of(const std::vector<SourceSong>& songs,
                                     const SplitShares& shares);

}  // namespace riffle::corpus::detail
