// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/open_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <map>
#include <string>

#include "core/error.h"
#include "core/files.h"
#include "core/json.h"
#include "weights/safetensors.h"
#include "weights/torch_checkpoint.h"

namespace riffle::weights {
namespace {

namespace fs = std::filesystem;
using namespace std::string_view_literals;

// The first bytes, enough for every form below.
std::string head_of(const fs::path& path) {
  require_file(path, "weights");
  std::ifstream in(path, std::ios::binary);
  std::string head(512, '\0');
  in.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<size_t>(in.gcount()));
  return head;
}

bool is_safetensors(std::string_view head) { return head.size() > 8 && head[8] == '{'; }
bool is_zip(std::string_view head) { return head.starts_with("PK\x03\x04"sv); }
bool is_pickle(std::string_view head) { return head.starts_with("\x80\x02"sv); }
bool is_gguf(std::string_view head) { return head.starts_with("GGUF"); }
bool is_lfs_pointer(std::string_view head) { return head.starts_with("version https://git-lfs"); }
bool is_web_page(std::string_view head) {
  const size_t start = head.find_first_not_of(" \t\r\n");
  return start != std::string_view::npos && head[start] == '<';
}
bool is_message(std::string_view head) {
  return head.starts_with("{\"error\"") || head.starts_with("Entry not found") ||
         head.starts_with("Invalid username") || head.starts_with("Access to model");
}

// Checkpoints wrap the weights in dictionaries beside optimizer states and counters.
TensorSourcePtr state_dict_of(TensorSourcePtr all) {
  for (const std::string_view wrapper :
       {"state_dict."sv, "gen_state_dict."sv, "model_state_dict."sv}) {
    const auto& tensors = all->tensors();
    if (std::any_of(tensors.begin(), tensors.end(),
                    [&](const TensorInfo& info) { return info.name.starts_with(wrapper); })) {
      return without_prefix(std::move(all), wrapper);
    }
  }
  return all;
}

TensorSourcePtr open_plain(const fs::path& path) { return open_safetensors(path).tensors; }
TensorSourcePtr open_torch(const fs::path& path) {
  return state_dict_of(open_torch_checkpoint(path).tensors);
}

[[noreturn]] TensorSourcePtr refuse_gguf(const fs::path& path) {
  throw Error(ErrorCode::Unsupported, fmt::format("{}: GGUF weights are not read", path.string()),
              "use the safetensors or diffusers form of the model");
}
[[noreturn]] TensorSourcePtr refuse_pointer(const fs::path& path) {
  throw Error(ErrorCode::BadFile,
              fmt::format("{}: a Git LFS pointer stands here instead of the file", path.string()),
              "run `git lfs pull` where the model was cloned, or `riffle models pull`");
}
[[noreturn]] TensorSourcePtr refuse_page(const fs::path& path) {
  throw Error(ErrorCode::BadFile,
              fmt::format("{}: a web page or error message was saved here instead of the file",
                          path.string()),
              "fetch the file itself, or use `riffle models pull`");
}

struct Form {
  bool (*matches)(std::string_view head);
  TensorSourcePtr (*open)(const fs::path& path);
};
// The first row that matches decides.
constexpr std::array<Form, 7> kForms{{
    {is_lfs_pointer, refuse_pointer},
    {is_web_page, refuse_page},
    {is_message, refuse_page},
    {is_zip, open_torch},
    {is_pickle, open_torch},
    {is_gguf, refuse_gguf},
    {is_safetensors, open_plain},
}};

TensorSourcePtr open_file(const fs::path& path) {
  const std::string head = head_of(path);
  for (const Form& form : kForms) {
    if (form.matches(head)) return form.open(path);
  }
  throw Error(ErrorCode::BadFile,
              fmt::format("{}: neither safetensors nor a PyTorch checkpoint", path.string()),
              "the download may be incomplete");
}

// {"weight_map": {"conv_in.weight": "model-00001-of-00002.safetensors", ...}}
TensorSourcePtr open_shards(const fs::path& index) {
  const std::string where = index.string();
  const Json map = read_json_file(index);
  if (!map.is_object() || !map.contains("weight_map") || !map["weight_map"].is_object()) {
    throw Error(ErrorCode::BadFile, fmt::format("{}: expected an object \"weight_map\"", where));
  }
  std::map<std::string, NamePairs> names_by_file;
  for (const auto& [name, file] : map["weight_map"].items()) {
    if (!file.is_string() ||
        fs::path(file.get<std::string>()).filename() != file.get<std::string>()) {
      throw Error(ErrorCode::BadFile,
                  fmt::format("{}: \"{}\" is not in a file beside the index", where, name));
    }
    names_by_file[file.get<std::string>()].emplace_back(name, name);
  }
  std::vector<TensorSourcePtr> parts;
  for (const auto& [file, names] : names_by_file) {
    auto shard = open_file(index.parent_path() / file);
    for (const auto& [name, same] : names) shard->require(name);
    parts.push_back(renamed(std::move(shard), names));
  }
  return merged(std::move(parts), where);
}

}  // namespace

TensorSourcePtr open_weights(const fs::path& path) {
  return path.string().ends_with(".index.json") ? open_shards(path) : open_file(path);
}

}  // namespace riffle::weights
