// SPDX-License-Identifier: GPL-3.0-or-later
// Where the parts of a corpus lie:
//   CORPUS/corpus.json
//   CORPUS/shards/00000.safetensors   <id>.levels uint8 [rows, frames]: picture levels, 255 = white
//                                     = silence, the lowest mel row last, 0 = the record's loudest
//                                     <id>.events uint8 [event rows, ceil(frames / 8)]: 0 or 255;
//                                     absent where nothing is known
//   CORPUS/shards/00000.jsonl         one record a line; a shard is there once this file is
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace riffle::shards {

std::filesystem::path header_path(const std::filesystem::path& corpus);
std::filesystem::path shard_folder(const std::filesystem::path& corpus);
std::filesystem::path tensors_path(const std::filesystem::path& corpus, int64_t shard);
std::filesystem::path records_path(const std::filesystem::path& corpus, int64_t shard);

std::string levels_name(const std::string& id);
std::string events_name(const std::string& id);

// The numbers of the shards that are there, rising.
std::vector<int64_t> list_shards(const std::filesystem::path& corpus);

}  // namespace riffle::shards
