// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/toy_corpus.h"

#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "shards/shard_writer.h"
#include "train/random.h"

namespace riffle::test {
namespace {

constexpr int64_t kFramesPerBeat = 16;
constexpr std::array kWords{"bass", "piano", "flute", "drums"};

shards::NewRecord make_record(int index, const ToyCorpusOptions& options) {
  train::Random chance(train::derive_seed(7, "toy corpus", static_cast<uint64_t>(index)));
  const int64_t columns = (options.frames + 7) / 8;
  shards::NewRecord made;
  made.levels = at::full({options.rows, options.frames}, 255, at::kByte);
  made.events = at::zeros({14, columns}, at::kByte);
  for (int64_t beat = 0; beat * kFramesPerBeat < options.frames; ++beat) {
    const int64_t first = beat * kFramesPerBeat;
    const int64_t length = std::min(kFramesPerBeat - 2, options.frames - first);
    const int64_t row = chance.below(options.rows - 1);
    made.levels.narrow(0, row, 2).narrow(1, first, length).fill_(40);
    made.events[chance.below(12)]
        .narrow(0, first / 8, std::min<int64_t>(2, columns - first / 8))
        .fill_(255);
    made.events[12][first / 8] = 255;
  }
  shards::Record& record = made.record;
  record.id = fmt::format("toy-{:03}", index);
  record.song = record.id;
  record.split = index == 3                 ? shards::Split::Test
                 : index == 5 || index == 8 ? shards::Split::Valid
                                            : shards::Split::Train;
  record.frames = options.frames;
  record.max_value = 1000;
  record.source = "synth";
  record.maybe_bpm = 60.0 / (kFramesPerBeat * 0.02);
  record.maybe_key = "E";
  record.maybe_mode = "minor";
  const int64_t length = options.frames / options.segments;
  for (int s = 0; s < options.segments; ++s) {
    const std::string word = kWords[static_cast<size_t>(index) % kWords.size()];
    record.segments.push_back({.first_frame = s * length,
                               .last_frame = (s + 1) * length,
                               .captions = {word + " at 188 bpm in E minor", "a toy " + word},
                               .instruments = {word},
                               .drums = word == "drums",
                               .genre = "toy",
                               .mood = "plain"});
  }
  if (!options.events) made.events = at::Tensor();
  return made;
}

}  // namespace

void write_toy_corpus(const std::filesystem::path& folder, const ToyCorpusOptions& options) {
  const shards::ShardWriter writer(
      folder, {.spectrogram = {{"step_size_ms", 20}, {"num_frequencies", options.rows}},
               .made_by = {},
               .rows = options.rows});
  constexpr int kPerShard = 8;
  for (int first = 0; first < options.records; first += kPerShard) {
    std::vector<shards::NewRecord> records;
    for (int i = first; i < std::min(first + kPerShard, options.records); ++i) {
      records.push_back(make_record(i, options));
    }
    writer.write(first / kPerShard, records);
  }
}

}  // namespace riffle::test
