// SPDX-License-Identifier: GPL-3.0-or-later
#include "shards/pair_reader.h"

#include <fmt/format.h>

#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/json_lines.h"
#include "shards/corpus_files.h"
#include "weights/safetensors.h"

namespace riffle::shards {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxLines = uint64_t{1} << 30;  // bytes of a .jsonl

at::Tensor require(const weights::TensorSource& file, const std::string& name, weights::DType dtype,
                   int64_t rows, int64_t columns) {
  const weights::TensorInfo& info = file.require(name);
  const bool fits = info.dtype == dtype && info.shape.size() == 2 &&
                    (rows < 0 || info.shape[0] == rows) && info.shape[1] == columns;
  if (!fits) {
    throw Error(
        ErrorCode::BadFile,
        fmt::format("{}: {} is {} {}, expected {} [{}, {}]", file.where(), name,
                    weights::name_of(info.dtype), weights::shape_text(info.shape),
                    weights::name_of(dtype), rows < 0 ? "any" : std::to_string(rows), columns));
  }
  return file.view(name);
}

}  // namespace

PairReader::PairReader(fs::path pairs, const Job& job) : pairs_(std::move(pairs)) {
  const fs::path path = pair_header_path(pairs_);
  std::error_code ec;
  if (!fs::exists(path, ec)) {
    throw Error(ErrorCode::NotFound,
                fmt::format("{}: no pairs there: pairs.json is missing", pairs_.string()),
                "make them: riffle corpus pairs");
  }
  header_ = pair_header_from_json(read_json_file(path), path.string());
  shards_ = list_shards(pairs_);
  for (const int64_t shard : shards_) {
    job.check();
    for_each_json_line(records_path(pairs_, shard), kMaxLines,
                       [&](const Json& line, const std::string& where) {
                         songs_.push_back(pair_song_from_json(line, where));
                         shard_of_.push_back(shard);
                       });
  }
  style_dim_ = find_style_dim();
}

int64_t PairReader::find_style_dim() const {
  std::error_code ec;
  for (const int64_t shard : shards_) {
    if (!fs::exists(embeddings_path(pairs_, shard), ec)) return 0;
  }
  for (size_t i = 0; i < songs_.size(); ++i) {
    if (songs_[i].stems.empty()) continue;
    const auto& file = source(embeddings_path(pairs_, shard_of_[i]));
    const weights::TensorInfo& info = file.require(style_name(songs_[i].id, 0));
    if (info.shape.size() == 2) return info.shape[1];
  }
  return 0;
}

std::vector<size_t> PairReader::indices(Split split) const {
  std::vector<size_t> found;
  for (size_t i = 0; i < songs_.size(); ++i) {
    if (songs_[i].split == split) found.push_back(i);
  }
  return found;
}

const weights::TensorSource& PairReader::source(const fs::path& path) const {
  const std::scoped_lock lock(mutex_);
  auto& source = sources_[path];
  if (!source) source = weights::open_safetensors(path).tensors;
  return *source;
}

at::Tensor PairReader::tensor(size_t song, const std::string& name, int64_t rows) const {
  return require(source(tensors_path(pairs_, shard_of_.at(song))), name, weights::DType::F16, rows,
                 songs_[song].columns);
}

at::Tensor PairReader::stem(size_t song, size_t stem) const {
  return tensor(song, stem_name(songs_.at(song).id, stem), header_.channels);
}

at::Tensor PairReader::mix(size_t song, size_t mix) const {
  return tensor(song, mix_name(songs_.at(song).id, mix), header_.channels);
}

at::Tensor PairReader::stem_chroma(size_t song, size_t stem) const {
  return tensor(song, chroma_name(stem_name(songs_.at(song).id, stem)), kPairChromaRows);
}

at::Tensor PairReader::mix_chroma(size_t song, size_t mix) const {
  return tensor(song, chroma_name(mix_name(songs_.at(song).id, mix)), kPairChromaRows);
}

at::Tensor PairReader::active(size_t song) const {
  const PairSong& facts = songs_.at(song);
  return require(source(tensors_path(pairs_, shard_of_[song])), active_name(facts.id),
                 weights::DType::U8, static_cast<int64_t>(facts.stems.size()), facts.columns);
}

at::Tensor PairReader::styles(size_t song, size_t stem) const {
  return require(source(embeddings_path(pairs_, shard_of_.at(song))),
                 style_name(songs_[song].id, stem), weights::DType::F16, -1, style_dim_);
}

at::Tensor PairReader::words(size_t song, size_t stem) const {
  const auto& file = source(embeddings_path(pairs_, shard_of_.at(song)));
  const std::string name = words_name(songs_[song].id, stem);
  if (file.find(name) == nullptr) return {};
  return require(file, name, weights::DType::F16, -1, style_dim_);
}

}  // namespace riffle::shards
