// SPDX-License-Identifier: GPL-3.0-or-later
#include "shards/shard_writer.h"

#include <fmt/format.h>

#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "shards/corpus_files.h"
#include "shards/detail/writing.h"

namespace riffle::shards {
namespace {

namespace fs = std::filesystem;

void check_shape(const at::Tensor& tensor, int64_t rows, int64_t columns, const std::string& name) {
  if (!tensor.defined() || tensor.scalar_type() != at::kByte || tensor.dim() != 2 ||
      tensor.size(0) != rows || tensor.size(1) != columns) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("{}: expected bytes [{}, {}]", name, rows, columns));
  }
}

}  // namespace

ShardWriter::ShardWriter(fs::path corpus, CorpusHeader header)
    : corpus_(std::move(corpus)),
      header_(std::move(header)),
      lock_(detail::lock_corpus(corpus_)) {
  detail::adopt_header(header_path(corpus_), to_json(header_));
  detail::remove_unfinished(corpus_);
}

ShardWriter::~ShardWriter() = default;

std::optional<weights::SafetensorsMetadata> ShardWriter::find(int64_t shard) const {
  std::error_code ec;
  if (!fs::exists(records_path(corpus_, shard), ec)) return std::nullopt;
  return weights::open_safetensors(tensors_path(corpus_, shard)).metadata;
}

void ShardWriter::remove_from(int64_t shard) const {
  for (const int64_t there : list_shards(corpus_)) {
    if (there < shard) continue;
    fs::remove(records_path(corpus_, there));
    fs::remove(tensors_path(corpus_, there));
  }
}

void ShardWriter::write(int64_t shard, const std::vector<NewRecord>& records,
                        const weights::SafetensorsMetadata& metadata, const Job& job) const {
  std::string lines;
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  const auto event_rows = static_cast<int64_t>(header_.event_rows.size());
  for (const auto& [record, levels, events] : records) {
    check_shape(levels, header_.rows, record.frames, levels_name(record.id));
    tensors.emplace_back(levels_name(record.id), levels);
    if (events.defined()) {
      const int64_t columns =
          (record.frames + header_.frames_per_event - 1) / header_.frames_per_event;
      check_shape(events, event_rows, columns, events_name(record.id));
      tensors.emplace_back(events_name(record.id), events);
    }
    lines += to_json(record).dump() + "\n";
  }
  // The lines go first when a shard is replaced and come last when it is new: at no moment is there
  // a .jsonl beside other tensors than its own.
  std::error_code ec;
  fs::remove(records_path(corpus_, shard), ec);
  weights::write_safetensors(tensors_path(corpus_, shard), tensors, metadata, job);
  write_text_file(records_path(corpus_, shard), lines);
}

}  // namespace riffle::shards
