// SPDX-License-Identifier: GPL-3.0-or-later
// A corpus whose instruments can be seen: violins are lines high up, organs lines low down, drums
// upright strokes. Enough for a tagger to learn in seconds.
#pragma once

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <filesystem>
#include <random>
#include <vector>

#include "shards/shard_reader.h"
#include "shards/shard_writer.h"

namespace riffle::eval::test {

inline constexpr int64_t kToyRows = 64;

struct ToyFacts {
  bool violin = false;
  bool organ = false;
  bool drums = false;
};

inline ToyFacts toy_facts(int64_t number) {
  return {.violin = number % 2 == 0, .organ = number % 2 == 1, .drums = number / 2 % 2 == 0};
}

// uint8 [kToyRows, frames]
inline at::Tensor toy_levels(const ToyFacts& facts, int64_t frames, uint32_t seed) {
  std::mt19937 random(seed);
  at::manual_seed(seed);
  at::Tensor levels = at::randint(225, 256, {kToyRows, frames}).to(at::kByte);
  const auto line = [&](int64_t first, int64_t last) {
    for (int i = 0; i < 3; ++i) {
      const auto row = first + static_cast<int64_t>(random() % static_cast<uint64_t>(last - first));
      levels.select(0, row).fill_(static_cast<int64_t>(random() % 60));
    }
  };
  if (facts.violin) line(4, 24);
  if (facts.organ) line(40, 60);
  if (facts.drums) {
    for (int64_t t = static_cast<int64_t>(random() % 16); t < frames; t += 24) {
      levels.select(1, t).fill_(40);
    }
  }
  return levels;
}

inline shards::Record toy_record(int64_t number, shards::Split split) {
  const ToyFacts facts = toy_facts(number);
  const std::string instrument = facts.violin ? "violin" : "organ";
  shards::Record record;
  record.id = fmt::format("toy-{}-{}", shards::name_of(split), number);
  record.song = record.id;
  record.split = split;
  record.frames = 272;
  record.max_value = 1e5;
  record.source = "synth";
  record.seed = static_cast<uint64_t>(number);
  record.maybe_bpm = 100 + static_cast<double>(number % 20);
  record.maybe_key = "F#";
  record.maybe_mode = "minor";
  record.genre = facts.drums ? "rock" : "folk";
  record.soundfont = split == shards::Split::Test && number % 3 == 0 ? "other.sf2" : "one.sf2";
  record.segments = {
      {.first_frame = 0,
       .last_frame = 272,
       .captions = {fmt::format("{} {}, {} bpm, in f# minor, {}", record.genre, instrument,
                                100 + number % 20, facts.drums ? "drums" : "no drums")},
       .instruments = {instrument},
       .drums = facts.drums,
       .genre = record.genre,
       .mood = "calm"}};
  return record;
}

// 48 records to learn from, 16 to set thresholds on, 16 to test on.
inline void write_toy_corpus(const std::filesystem::path& folder) {
  shards::CorpusHeader header;
  header.spectrogram = {{"sample_rate", 22050},        {"step_size_ms", 20},
                        {"window_duration_ms", 80},    {"padded_duration_ms", 160},
                        {"num_frequencies", kToyRows}, {"min_frequency", 20},
                        {"max_frequency", 10000},      {"power_for_image", 0.25}};
  header.rows = static_cast<int>(kToyRows);
  const shards::ShardWriter writer(folder, header);
  std::vector<shards::NewRecord> records;
  const auto add = [&](shards::Split split, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
      records.push_back(
          {.record = toy_record(i, split),
           .levels = toy_levels(toy_facts(i), 272, static_cast<uint32_t>(100 * records.size() + 1)),
           .events = {}});
    }
  };
  add(shards::Split::Train, 48);
  add(shards::Split::Valid, 16);
  add(shards::Split::Test, 16);
  writer.write(0, records);
}

}  // namespace riffle::eval::test
