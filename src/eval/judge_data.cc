// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/judge_data.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "core/error.h"
#include "eval/asked.h"

namespace riffle::eval {
namespace {

// The place of a word in a sorted list; -1 when it is not there.
int64_t place_of(const std::vector<std::string>& words, const std::string& word) {
  const auto found = std::ranges::lower_bound(words, word);
  return found != words.end() && *found == word ? found - words.begin() : -1;
}

const std::string& genre_of(const shards::Record& record, const shards::Segment& segment) {
  return segment.genre.empty() ? record.genre : segment.genre;
}

void mark(at::Tensor& labels, int64_t row, int64_t column) {
  if (column >= 0) labels.index_put_({at::tensor(row), at::tensor(column)}, at::tensor(1.0F));
}

}  // namespace

JudgeData::JudgeData(const shards::ShardReader& reader, TaggerConfig config)
    : reader_(reader), config_(std::move(config)) {}

std::vector<Piece> JudgeData::pieces(shards::Split split) const {
  std::vector<Piece> pieces;
  for (const size_t index : reader_.indices(split)) {
    const auto& segments = reader_.records()[index].segments;
    for (size_t i = 0; i < segments.size(); ++i) {
      if (segments[i].frames() >= config_.frames) pieces.push_back({index, i});
    }
  }
  return pieces;
}

at::Tensor JudgeData::window(const Piece& piece, std::mt19937_64* random) const {
  const shards::Segment& where = segment(piece);
  const int64_t room = where.frames() - config_.frames;
  const int64_t offset =
      random == nullptr ? room / 2 : std::uniform_int_distribution<int64_t>(0, room)(*random);
  return reader_.levels(piece.record).narrow(1, where.first_frame + offset, config_.frames);
}

at::Tensor JudgeData::middle(const Piece& piece) const { return window(piece, nullptr).clone(); }

LabelledBatch JudgeData::batch(std::span<const Piece> pieces, std::mt19937_64* random) const {
  const auto count = std::ssize(pieces);
  LabelledBatch batch{
      .levels = at::empty({count, config_.rows, config_.frames}, at::kByte),
      .instruments = at::zeros({count, std::ssize(config_.instruments)}),
      .families = at::zeros({count, std::ssize(config_.families)}),
      .drums = at::zeros({count}),
      .genres = at::full({count}, -1, at::kLong),
  };
  for (int64_t i = 0; i < count; ++i) {
    const Piece& piece = pieces[static_cast<size_t>(i)];
    const shards::Segment& facts = segment(piece);
    batch.levels[i].copy_(window(piece, random));
    for (const std::string& word : facts.instruments) {
      mark(batch.instruments, i, place_of(config_.instruments, word));
      mark(batch.families, i, place_of(config_.families, family_of(word)));
    }
    batch.drums[i] = facts.drums ? 1.0 : 0.0;
    batch.genres[i] = place_of(config_.genres, genre_of(record(piece), facts));
  }
  return batch;
}

TaggerConfig vocabulary_of(const shards::ShardReader& reader, int64_t least) {
  std::map<std::string, int64_t> instruments;
  std::map<std::string, int64_t> genres;
  for (const size_t index : reader.indices(shards::Split::Train)) {
    const shards::Record& record = reader.records()[index];
    for (const shards::Segment& segment : record.segments) {
      for (const std::string& word : segment.instruments) ++instruments[word];
      ++genres[genre_of(record, segment)];
    }
  }
  TaggerConfig config;
  config.rows = reader.header().rows;
  std::set<std::string> families;
  for (const auto& [word, count] : instruments) {
    if (count < least) continue;
    config.instruments.push_back(word);
    const std::string family = family_of(word);
    if (!family.empty()) families.insert(family);
  }
  config.families.assign(families.begin(), families.end());
  for (const auto& [word, count] : genres) {
    if (!word.empty() && count >= least) config.genres.push_back(word);
  }
  if (config.instruments.empty()) {
    throw Error(ErrorCode::InvalidArgument,
                "the corpus names no instrument often enough to learn it",
                "a judge needs some hundred labelled songs");
  }
  return config;
}

}  // namespace riffle::eval
