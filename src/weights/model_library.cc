// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/model_library.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <system_error>

#include "core/error.h"
#include "core/files.h"
#include "weights/bundle.h"

namespace riffle::weights {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSeparator = "--";

// "owner--name" -> "owner/name"; other names stay.
std::string shown_name(const fs::path& path) {
  const std::string name = (fs::is_directory(path) ? path.filename() : path.stem()).string();
  const size_t at = name.find(kSeparator);
  if (at == std::string::npos || at == 0) return name;
  return fmt::format("{}/{}", name.substr(0, at), name.substr(at + kSeparator.size()));
}

struct Folder {
  fs::path path;
  ModelOrigin origin;
};

void add_folders_of_environment(std::vector<Folder>& folders) {
  const char* variable = std::getenv("RIFFLE_MODELS");
  std::string_view rest = variable != nullptr ? variable : "";
  while (!rest.empty()) {
    const size_t colon = rest.find(':');
    if (colon != 0) folders.push_back({rest.substr(0, colon), ModelOrigin::Own});
    rest.remove_prefix(colon == std::string_view::npos ? rest.size() : colon + 1);
  }
}

// Installed: PREFIX/bin/riffle and PREFIX/share/riffle/models. Built: build/NAME/riffle in the
// repository, whose "models" is two folders up.
void add_folders_of_program(std::vector<Folder>& folders) {
  std::error_code ec;
  const fs::path folder = fs::read_symlink("/proc/self/exe", ec).parent_path();
  if (ec) return;
  for (const char* relative : {"models", "../share/riffle/models", "../../models"}) {
    folders.push_back({(folder / relative).lexically_normal(), ModelOrigin::Shipped});
  }
}

// Those that exist, each once.
std::vector<Folder> folders_searched() {
  std::vector<Folder> folders;
  add_folders_of_environment(folders);
  folders.push_back({"models", ModelOrigin::Own});
  add_folders_of_program(folders);
  folders.push_back({data_folder() / "models", ModelOrigin::Own});
  folders.push_back({pulled_models_folder(), ModelOrigin::Pulled});

  std::vector<Folder> existing;
  std::map<fs::path, size_t> seen;
  for (const Folder& folder : folders) {
    std::error_code ec;
    if (!fs::is_directory(folder.path, ec)) continue;
    const auto [place, is_new] =
        seen.try_emplace(fs::weakly_canonical(folder.path, ec), existing.size());
    if (is_new) existing.push_back(folder);
    // A folder found by two ways, such as "models" in the program's own, is what the later says.
    else if (folder.origin != ModelOrigin::Own)
      existing[place->second].origin = folder.origin;
  }
  return existing;
}

}  // namespace

std::string_view name_of(ModelOrigin origin) {
  switch (origin) {
    case ModelOrigin::Shipped:
      return "shipped";
    case ModelOrigin::Own:
      return "own";
    case ModelOrigin::Pulled:
      return "pulled";
  }
  return "";
}

fs::path pulled_models_folder() { return cache_folder() / "models"; }

std::string folder_name_of(std::string_view repository) {
  std::string name(repository);
  const size_t slash = name.find('/');
  if (slash != std::string::npos) name.replace(slash, 1, kSeparator);
  return name;
}

std::vector<fs::path> model_folders() {
  std::vector<fs::path> paths;
  for (const Folder& folder : folders_searched()) paths.push_back(folder.path);
  return paths;
}

std::vector<ModelEntry> list_models() {
  std::vector<ModelEntry> models;
  std::set<std::string> names;
  for (const Folder& folder : folders_searched()) {
    std::vector<ModelEntry> here;
    std::error_code ec;
    for (const auto& entry : fs::directory_iterator(folder.path, ec)) {
      const bool hidden = entry.path().filename().string().starts_with(".");
      if (!hidden && looks_like_bundle(entry.path()))
        here.push_back({shown_name(entry.path()), entry.path(), folder.origin});
    }
    std::sort(here.begin(), here.end(),
              [](const auto& a, const auto& b) { return a.path < b.path; });
    for (ModelEntry& model : here) {
      if (names.insert(model.name).second) models.push_back(std::move(model));
    }
  }
  return models;
}

fs::path find_model(const std::string& name) {
  std::error_code ec;
  if (fs::exists(name, ec)) return name;
  for (const ModelEntry& model : list_models()) {
    if (model.name == name || model.path.filename() == name) return model.path;
  }
  std::vector<std::string> places;
  for (const fs::path& folder : model_folders()) places.push_back(folder.string());
  throw Error(ErrorCode::NotFound,
              fmt::format("model \"{}\": neither a path nor a model in {}", name,
                          places.empty() ? "any folder of models (there is none)"
                                         : fmt::format("{}", fmt::join(places, ", "))),
              name.find('/') != std::string::npos
                  ? fmt::format("fetch it first: riffle models pull {}", name)
                  : "see `riffle models list`; $RIFFLE_MODELS names more folders");
}

}  // namespace riffle::weights
