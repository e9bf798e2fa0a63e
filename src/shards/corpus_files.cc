// SPDX-License-Identifier: GPL-3.0-or-later
#include "shards/corpus_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <system_error>

namespace riffle::shards {

namespace fs = std::filesystem;

fs::path header_path(const fs::path& corpus) { return corpus / "corpus.json"; }
fs::path shard_folder(const fs::path& corpus) { return corpus / "shards"; }

fs::path tensors_path(const fs::path& corpus, int64_t shard) {
  return shard_folder(corpus) / fmt::format("{:05}.safetensors", shard);
}
fs::path records_path(const fs::path& corpus, int64_t shard) {
  return shard_folder(corpus) / fmt::format("{:05}.jsonl", shard);
}

std::string levels_name(const std::string& id) { return id + ".levels"; }
std::string events_name(const std::string& id) { return id + ".events"; }

std::vector<int64_t> list_shards(const fs::path& corpus) {
  std::vector<int64_t> numbers;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(shard_folder(corpus), ec)) {
    if (entry.path().extension() != ".jsonl") continue;
    const std::string stem = entry.path().stem().string();
    int64_t number = 0;
    const auto [end, error] = std::from_chars(stem.data(), stem.data() + stem.size(), number);
    if (error != std::errc{} || end != stem.data() + stem.size()) continue;
    if (entry.path() == records_path(corpus, number)) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace riffle::shards
