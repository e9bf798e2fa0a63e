// SPDX-License-Identifier: GPL-3.0-or-later
// What is in a corpus, counted.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "shards/shard_reader.h"

namespace riffle::corpus {

struct CorpusSummary {
  int64_t shards = 0;
  int64_t records = 0;
  int64_t songs = 0;
  int64_t segments = 0;
  int64_t captions = 0;
  double seconds = 0;          // of all records
  double segment_seconds = 0;  // of what captions speak of
  struct PerSplit {
    int64_t records = 0;
    int64_t songs = 0;
    double seconds = 0;
  };
  std::map<std::string, PerSplit> splits;
  // Seconds of segments; an instrument has those of every segment it sounds in.
  std::map<std::string, double> genres;
  std::map<std::string, double> instruments;
  std::map<std::string, double> soundfonts;
  std::map<std::string, double> keys;  // "F# dorian"
  double drums_seconds = 0;
  std::map<int, int64_t> tempi;  // records by tens of bpm: 110 is 110 up to 120
  int64_t without_tempo = 0;
};

CorpusSummary summarize(const shards::ShardReader& corpus);

}  // namespace riffle::corpus
