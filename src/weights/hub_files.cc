// SPDX-License-Identifier: GPL-3.0-or-later
// Which files of a repository on the hub a model is made of.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>

#include "core/error.h"
#include "core/json.h"
#include "weights/detail/weight_files.h"
#include "weights/hub.h"

namespace riffle::weights {
namespace {

using namespace std::string_view_literals;

const HubFile* find(const HubListing& listing, std::string_view path) {
  const auto found = std::find_if(listing.files.begin(), listing.files.end(),
                                  [&](const HubFile& f) { return f.path == path; });
  return found != listing.files.end() ? &*found : nullptr;
}

bool is_settings(std::string_view name) {
  return (name.ends_with(".json") && !name.ends_with(".index.json")) || name.ends_with(".txt") ||
         name.ends_with(".model");
}
bool is_notice(std::string_view name) { return name == "README.md" || name.starts_with("LICENSE"); }

// Adds the files directly in `folder` ("" or "unet/") whose names satisfy `wanted`.
template <class Wanted>
void add_if(std::vector<HubFile>& chosen, const HubListing& listing, std::string_view folder,
            const Wanted& wanted) {
  for (const HubFile& file : listing.files) {
    if (!file.path.starts_with(folder)) continue;
    const std::string_view name = std::string_view(file.path).substr(folder.size());
    if (name.find('/') == std::string_view::npos && wanted(name)) chosen.push_back(file);
  }
}

// One form of the part's weights, with all of its shards.
void add_weights(std::vector<HubFile>& chosen, const HubListing& listing, const std::string& folder,
                 bool half) {
  std::vector<std::string_view> order(detail::kWeightFiles.begin(), detail::kWeightFiles.end());
  if (half) {
    std::stable_partition(order.begin(), order.end(), [](std::string_view n) {
      return n.find(".fp16.") != std::string_view::npos;
    });
  }
  for (const std::string_view name : order) {
    const HubFile* file = find(listing, folder + std::string(name));
    if (file == nullptr) continue;
    chosen.push_back(*file);
    constexpr std::string_view kShardIndex = ".safetensors.index.json";
    if (name.ends_with(kShardIndex)) {
      const std::string stem = std::string(name.substr(0, name.size() - kShardIndex.size())) + "-";
      add_if(chosen, listing, folder, [&](std::string_view n) {
        return n.starts_with(stem) && n.ends_with(".safetensors");
      });
    }
    return;
  }
}

std::vector<HubFile> diffusers_files(const HubListing& listing, const std::string& model_index,
                                     bool half) {
  const std::string where = fmt::format("{}: {}", listing.repository, detail::kModelIndex);
  const Json index = parse_json(model_index, where);
  if (!index.is_object())
    throw Error(ErrorCode::BadFile, fmt::format("{}: expected an object", where));
  std::vector<HubFile> chosen;
  add_if(chosen, listing, "", [](std::string_view n) {
    return is_notice(n) || n == detail::kModelIndex || n == "spectrogram.json" ||
           n == "defaults.json" || n == "few_steps.safetensors";
  });
  for (const auto& [part, value] : index.items()) {
    const bool there = value.is_array() && value.size() == 2 && value[1].is_string();
    if (!there || part == "safety_checker" || part == "feature_extractor") continue;
    add_if(chosen, listing, part + "/", is_settings);
    add_weights(chosen, listing, part + "/", half);
  }
  return chosen;
}

// The checkpoints at the top of the repository; safetensors alone when there are any.
std::vector<HubFile> checkpoints(const HubListing& listing) {
  std::vector<HubFile> found;
  for (const auto& endings :
       {std::vector{".safetensors"sv}, std::vector{".ckpt"sv, ".pt"sv, ".pth"sv, ".bin"sv}}) {
    add_if(found, listing, "", [&](std::string_view n) {
      return std::any_of(endings.begin(), endings.end(),
                         [&](std::string_view e) { return n.ends_with(e); });
    });
    if (!found.empty()) return found;
  }
  return found;
}

std::vector<HubFile> single_file_files(const HubListing& listing) {
  std::vector<HubFile> chosen = checkpoints(listing);
  if (chosen.size() != 1) {
    std::vector<std::string> names;
    for (const HubFile& f : chosen) names.push_back(f.path);
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("{}: no {} and {} checkpoints at its top{}{}", listing.repository,
                            detail::kModelIndex, chosen.size(), names.empty() ? "" : ": ",
                            fmt::join(names, ", ")),
                chosen.empty() ? "is it a model for diffusers?" : "name the file to fetch");
  }
  add_if(chosen, listing, "", [](std::string_view n) { return is_notice(n) || is_settings(n); });
  add_if(chosen, listing, "tokenizer/", is_settings);
  return chosen;
}

}  // namespace

std::vector<HubFile> files_of_bundle(const HubListing& listing, const std::string& model_index,
                                     bool half_precision) {
  return find(listing, detail::kModelIndex) != nullptr
             ? diffusers_files(listing, model_index, half_precision)
             : single_file_files(listing);
}

}  // namespace riffle::weights
