// SPDX-License-Identifier: GPL-3.0-or-later
#include "shards/pair_writer.h"

#include <fmt/format.h>

#include <string>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "shards/corpus_files.h"
#include "shards/detail/writing.h"

namespace riffle::shards {
namespace {

namespace fs = std::filesystem;

using Tensors = std::vector<std::pair<std::string, at::Tensor>>;

std::optional<weights::SafetensorsMetadata> metadata_of(const fs::path& tensors,
                                                        const fs::path& whole_once) {
  std::error_code ec;
  if (!fs::exists(whole_once, ec)) return std::nullopt;
  return weights::open_safetensors(tensors).metadata;
}

void check_shape(const at::Tensor& tensor, int64_t rows, int64_t columns, const std::string& name) {
  if (tensor.defined() && tensor.dim() == 2 && tensor.size(0) == rows &&
      tensor.size(1) == columns) {
    return;
  }
  throw Error(ErrorCode::InvalidArgument,
              fmt::format("{}: expected [{}, {}]", name, rows, columns));
}

void add_song(const NewPairSong& made, const PairHeader& header, Tensors& tensors) {
  const PairSong& song = made.song;
  if (made.stems.size() != song.stems.size() || made.mixes.size() != song.mixes.size()) {
    throw Error(
        ErrorCode::InvalidArgument,
        fmt::format("{}: latents of {} stems and {} mixes, expected {} and {}", song.id,
                    made.stems.size(), made.mixes.size(), song.stems.size(), song.mixes.size()));
  }
  const auto add = [&](const std::string& name, const NewPairSound& sound) {
    check_shape(sound.latents, header.channels, song.columns, name);
    tensors.emplace_back(name, sound.latents.to(at::kHalf));
    check_shape(sound.chroma, kPairChromaRows, song.columns, chroma_name(name));
    tensors.emplace_back(chroma_name(name), sound.chroma.to(at::kHalf));
  };
  for (size_t i = 0; i < made.stems.size(); ++i) add(stem_name(song.id, i), made.stems[i]);
  for (size_t i = 0; i < made.mixes.size(); ++i) add(mix_name(song.id, i), made.mixes[i]);
  check_shape(made.active, static_cast<int64_t>(song.stems.size()), song.columns,
              active_name(song.id));
  tensors.emplace_back(active_name(song.id), made.active);
}

}  // namespace

PairWriter::PairWriter(fs::path pairs, PairHeader header)
    : pairs_(std::move(pairs)), header_(std::move(header)), lock_(detail::lock_corpus(pairs_)) {
  detail::adopt_header(pair_header_path(pairs_), to_json(header_));
  detail::remove_unfinished(pairs_);
}

PairWriter::~PairWriter() = default;

std::optional<weights::SafetensorsMetadata> PairWriter::find(int64_t shard) const {
  return metadata_of(tensors_path(pairs_, shard), records_path(pairs_, shard));
}

void PairWriter::write(int64_t shard, const std::vector<NewPairSong>& songs,
                       const weights::SafetensorsMetadata& metadata, const Job& job) const {
  Tensors tensors;
  std::string lines;
  for (const NewPairSong& made : songs) {
    add_song(made, header_, tensors);
    lines += to_json(made.song).dump() + "\n";
  }
  // As ShardWriter does: at no moment is there a .jsonl beside other tensors than its own.
  std::error_code ec;
  fs::remove(records_path(pairs_, shard), ec);
  fs::remove(embeddings_path(pairs_, shard), ec);
  weights::write_safetensors(tensors_path(pairs_, shard), tensors, metadata, job);
  write_text_file(records_path(pairs_, shard), lines);
}

std::optional<weights::SafetensorsMetadata> find_styles(const fs::path& pairs, int64_t shard) {
  return metadata_of(embeddings_path(pairs, shard), embeddings_path(pairs, shard));
}

void write_styles(const fs::path& pairs, int64_t shard, const std::vector<NewStyles>& styles,
                  const weights::SafetensorsMetadata& metadata, const Job& job) {
  Tensors tensors;
  for (const NewStyles& song : styles) {
    for (size_t i = 0; i < song.stems.size(); ++i) {
      tensors.emplace_back(style_name(song.id, i), song.stems[i].to(at::kHalf));
    }
    for (size_t i = 0; i < song.words.size(); ++i) {
      if (!song.words[i].defined()) continue;
      tensors.emplace_back(words_name(song.id, i), song.words[i].to(at::kHalf));
    }
  }
  const fs::path path = embeddings_path(pairs, shard);
  std::error_code ec;
  fs::create_directories(path.parent_path(), ec);
  weights::write_safetensors(path, tensors, metadata, job);
}

}  // namespace riffle::shards
