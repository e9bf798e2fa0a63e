// SPDX-License-Identifier: GPL-3.0-or-later
#include "shards/shard_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "core/error.h"
#include "core/json_lines.h"
#include "shards/corpus_files.h"
#include "weights/safetensors.h"

namespace riffle::shards {
namespace {

constexpr uint64_t kMaxLines = uint64_t{1} << 30;  // bytes of a .jsonl

std::vector<Record> read_records(const std::filesystem::path& path) {
  std::vector<Record> records;
  for_each_json_line(path, kMaxLines, [&](const Json& line, const std::string& where) {
    records.push_back(record_from_json(line, where));
  });
  return records;
}

}  // namespace

ShardReader::ShardReader(std::filesystem::path corpus, const Job& job)
    : corpus_(std::move(corpus)) {
  const auto path = header_path(corpus_);
  std::error_code ec;
  if (!std::filesystem::exists(path, ec)) {
    throw Error(ErrorCode::NotFound,
                fmt::format("{}: no corpus there: corpus.json is missing", corpus_.string()),
                "make one: riffle corpus synth, or riffle corpus build");
  }
  header_ = header_from_json(read_json_file(path), path.string());
  refresh(job);
}

std::vector<size_t> ShardReader::indices(Split split) const {
  std::vector<size_t> found;
  for (size_t i = 0; i < records_.size(); ++i) {
    if (records_[i].split == split) found.push_back(i);
  }
  return found;
}

size_t ShardReader::refresh(const Job& job) {
  const size_t before = records_.size();
  const auto there = list_shards(corpus_);
  for (size_t i = 0; i < there.size(); ++i) {
    const int64_t shard = there[i];
    if (std::binary_search(shards_read_.begin(), shards_read_.end(), shard)) continue;
    job.check();
    for (Record& record : read_records(records_path(corpus_, shard))) {
      records_.push_back(std::move(record));
      shard_of_.push_back(shard);
    }
    shards_read_.insert(std::lower_bound(shards_read_.begin(), shards_read_.end(), shard), shard);
    job.report("read corpus", static_cast<int64_t>(i + 1), static_cast<int64_t>(there.size()));
  }
  return records_.size() - before;
}

const weights::TensorSource& ShardReader::source(size_t index) const {
  const int64_t shard = shard_of_.at(index);
  const std::scoped_lock lock(mutex_);
  auto& source = sources_[shard];
  if (!source) source = weights::open_safetensors(tensors_path(corpus_, shard)).tensors;
  return *source;
}

at::Tensor ShardReader::tensor(size_t index, const std::string& name, int64_t rows,
                               int64_t columns) const {
  const weights::TensorSource& file = source(index);
  const weights::TensorInfo& info = file.require(name);
  if (info.dtype != weights::DType::U8 || info.shape != std::vector<int64_t>{rows, columns}) {
    throw Error(ErrorCode::BadFile, fmt::format("{}: {} is {} {}, expected U8 [{}, {}]",
                                                file.where(), name, weights::name_of(info.dtype),
                                                weights::shape_text(info.shape), rows, columns));
  }
  return file.view(name);
}

at::Tensor ShardReader::levels(size_t index) const {
  const Record& record = records_.at(index);
  return tensor(index, levels_name(record.id), header_.rows, record.frames);
}

at::Tensor ShardReader::events(size_t index) const {
  const Record& record = records_.at(index);
  const std::string name = events_name(record.id);
  if (source(index).find(name) == nullptr) return {};
  return tensor(index, name, static_cast<int64_t>(header_.event_rows.size()),
                (record.frames + header_.frames_per_event - 1) / header_.frames_per_event);
}

}  // namespace riffle::shards
