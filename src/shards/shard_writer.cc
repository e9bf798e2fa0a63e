// SPDX-License-Identifier: GPL-3.0-or-later
#include "shards/shard_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "core/error.h"
#include "core/files.h"
#include "shards/corpus_files.h"

namespace riffle::shards {
namespace {

namespace fs = std::filesystem;

// A lock on the folder itself, which leaves nothing behind and ends with the process.
int lock_folder(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) {
    throw Error(ErrorCode::Io, fmt::format("{}: {}", folder.string(), std::strerror(errno)));
  }
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    ::close(descriptor);
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("{}: another process is writing this corpus", folder.string()),
                "wait for it, or choose another folder");
  }
  return descriptor;
}

void check_shape(const at::Tensor& tensor, int64_t rows, int64_t columns, const std::string& name) {
  if (!tensor.defined() || tensor.scalar_type() != at::kByte || tensor.dim() != 2 ||
      tensor.size(0) != rows || tensor.size(1) != columns) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("{}: expected bytes [{}, {}]", name, rows, columns));
  }
}

}  // namespace

ShardWriter::ShardWriter(fs::path corpus, CorpusHeader header)
    : corpus_(std::move(corpus)), header_(std::move(header)) {
  std::error_code ec;
  fs::create_directories(shard_folder(corpus_), ec);
  if (ec) {
    throw Error(ErrorCode::Io,
                fmt::format("cannot make {}: {}", shard_folder(corpus_).string(), ec.message()));
  }
  lock_ = lock_folder(corpus_);
  try {
    adopt_or_create();
    remove_unfinished();
  } catch (...) {
    ::close(lock_);
    throw;
  }
}

ShardWriter::~ShardWriter() { ::close(lock_); }

void ShardWriter::adopt_or_create() const {
  const fs::path path = header_path(corpus_);
  std::error_code ec;
  if (!fs::exists(path, ec)) {
    write_text_file(path, to_json(header_).dump(2) + "\n");
    return;
  }
  const Json there = read_json_file(path);
  const Json wanted = Json::parse(to_json(header_).dump());
  if (there == wanted) return;
  std::string differs;
  for (const auto& [key, value] : wanted.items()) {
    if (differs.empty() && (!there.is_object() || !there.contains(key) || there.at(key) != value)) {
      differs = fmt::format(
          "\"{}\" is {} there, {} here", key,
          there.is_object() && there.contains(key) ? there.at(key).dump() : "absent", value.dump());
    }
  }
  throw Error(ErrorCode::InvalidArgument,
              fmt::format("{}: the corpus there was made otherwise: {}", path.string(), differs),
              "repeat the options it was made with, or choose another folder");
}

void ShardWriter::remove_unfinished() const {
  for (const auto& folder : {corpus_, shard_folder(corpus_)}) {
    std::vector<fs::path> leftovers;
    for (const auto& entry : fs::directory_iterator(folder)) {
      const fs::path& path = entry.path();
      const bool part = path.filename().string().starts_with('.') && path.extension() == ".part";
      const bool alone = path.extension() == ".safetensors" &&
                         !fs::exists(fs::path(path).replace_extension(".jsonl"));
      if (part || alone) leftovers.push_back(path);
    }
    for (const auto& path : leftovers) fs::remove(path);
  }
}

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
