// SPDX-License-Identifier: GPL-3.0-or-later
#include "shards/detail/writing.h"

#include <fmt/format.h>

#include <string>
#include <system_error>
#include <vector>

#include "core/error.h"
#include "core/files.h"
#include "shards/corpus_files.h"

namespace riffle::shards::detail {

namespace fs = std::filesystem;

FolderLock lock_corpus(const fs::path& folder) {
  std::error_code ec;
  fs::create_directories(shard_folder(folder), ec);
  if (ec) {
    throw Error(ErrorCode::Io,
                fmt::format("cannot make {}: {}", shard_folder(folder).string(), ec.message()));
  }
  return {folder, Error(ErrorCode::InvalidArgument,
                        fmt::format("{}: another process is writing this corpus", folder.string()),
                        "wait for it, or choose another folder")};
}

void adopt_header(const fs::path& path, const OrderedJson& header) {
  std::error_code ec;
  if (!fs::exists(path, ec)) {
    write_text_file(path, header.dump(2) + "\n");
    return;
  }
  const Json there = read_json_file(path);
  const Json wanted = Json::parse(header.dump());
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

void remove_unfinished(const fs::path& corpus) {
  for (const auto& folder : {corpus, shard_folder(corpus)}) {
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

}  // namespace riffle::shards::detail
