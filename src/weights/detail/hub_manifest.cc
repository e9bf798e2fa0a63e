// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/detail/hub_manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "core/error.h"
#include "core/files.h"
#include "core/json.h"
#include "weights/detail/digest.h"

namespace riffle::weights::detail {

namespace fs = std::filesystem;

bool is_safe_path(const std::string& path) {
  if (path.empty() || path.size() > 1000 || path.front() == '/' || path.back() == '/') return false;
  const bool odd = std::any_of(path.begin(), path.end(),
                               [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '\\'; });
  if (odd || path.find("//") != std::string::npos) return false;
  const fs::path parts(path);
  return std::none_of(parts.begin(), parts.end(),
                      [](const fs::path& part) { return part == "." || part == ".."; });
}

bool is_intact(const fs::path& path, const HubFile& file, const Job& job) {
  std::error_code ec;
  const auto size = fs::file_size(path, ec);
  if (ec || size != static_cast<uint64_t>(file.size)) return false;
  return file.sha256.empty() ? git_id_of_file(path, job) == file.git_id
                             : sha256_of_file(path, job) == file.sha256;
}

void write_manifest(const fs::path& folder, const HubListing& listing) {
  Json files = Json::array();
  for (const HubFile& f : listing.files) {
    files.push_back(
        {{"path", f.path}, {"size", f.size}, {"sha256", f.sha256}, {"git_id", f.git_id}});
  }
  const Json manifest = {
      {"repository", listing.repository}, {"commit", listing.commit}, {"files", files}};
  write_text_file(folder / kManifestName, manifest.dump(1) + "\n");
}

std::optional<HubListing> read_manifest(const fs::path& folder) {
  const fs::path path = folder / kManifestName;
  std::error_code ec;
  if (!fs::exists(path, ec)) return std::nullopt;
  const std::string where = path.string();
  const Json json = read_json_file(path);
  HubListing listing{json_get<std::string>(json, "repository", where),
                     json_get<std::string>(json, "commit", where),
                     {}};
  for (const Json& f : json.value("files", Json::array())) {
    HubFile file{json_get<std::string>(f, "path", where), json_get<int64_t>(f, "size", where),
                 json_get<std::string>(f, "sha256", where),
                 json_get<std::string>(f, "git_id", where)};
    if (!is_safe_path(file.path)) {
      throw Error(ErrorCode::BadFile,
                  fmt::format("{}: \"{}\" is no path below the model", where, file.path));
    }
    listing.files.push_back(std::move(file));
  }
  return listing;
}

}  // namespace riffle::weights::detail
