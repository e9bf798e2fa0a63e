// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/hub.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "core/error.h"
#include "core/json.h"
#include "core/url.h"
#include "weights/detail/http.h"
#include "weights/detail/hub_client.h"
#include "weights/detail/hub_manifest.h"
#include "weights/detail/hub_pull.h"
#include "weights/detail/weight_files.h"

namespace riffle::weights {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostListingBytes = 32 << 20;
constexpr uint64_t kMostIndexBytes = 1 << 20;
constexpr int64_t kMostFileBytes = int64_t{1} << 40;  // sums of sizes stay far from overflowing
constexpr auto kReplace = Json::error_handler_t::replace;

bool is_name(std::string_view text, std::string_view also) {
  return !text.empty() && text.size() <= 200 && text.front() != '.' && text.front() != '/' &&
         text.back() != '/' && text.find("..") == std::string_view::npos &&
         text.find("/.") == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [&](unsigned char c) {
           return std::isalnum(c) != 0 ||
                  std::string_view("._-").find(static_cast<char>(c)) != std::string_view::npos ||
                  also.find(static_cast<char>(c)) != std::string_view::npos;
         });
}

void check_names(const std::string& repository, const HubOptions& options) {
  if (!is_name(repository, "/") || std::count(repository.begin(), repository.end(), '/') > 1) {
    throw Error(ErrorCode::InvalidArgument, fmt::format("\"{}\" is no name on the hub", repository),
                "names look like owner/name, e.g. riffusion/riffusion-model-v1");
  }
  if (!is_name(options.revision, "/")) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("\"{}\" is no branch, tag or commit", options.revision));
  }
  if (!options.endpoint.starts_with("https://") && !options.endpoint.starts_with("http://")) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("the hub's address \"{}\" is neither https nor http", options.endpoint),
                "check $HF_ENDPOINT");
  }
}

bool is_hex(const std::string& text, size_t size) {
  return text.size() == size && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

HubFile parse_file(const Json& json, const std::string& where) {
  HubFile file;
  file.path = json_get<std::string>(json, "rfilename", where);
  file.size = json_get<int64_t>(json, "size", where);
  if (json.contains("lfs") && json["lfs"].is_object())
    file.sha256 = json_get<std::string>(json["lfs"], "sha256", where);
  if (file.sha256.empty()) file.git_id = json_get<std::string>(json, "blobId", where);
  const bool has_hash = is_hex(file.sha256, 64) || is_hex(file.git_id, 40);
  if (!detail::is_safe_path(file.path) || file.size < 0 || file.size > kMostFileBytes ||
      !has_hash) {
    // As JSON: control characters stay visible.
    throw Error(ErrorCode::BadFile,
                fmt::format("{}: the entry {} cannot be used: unsafe path, size or hash", where,
                            Json(file.path.substr(0, 200)).dump(-1, ' ', true, kReplace)));
  }
  return file;
}

std::vector<HubFile> choose(const HubListing& listing, const HubOptions& options, const Job& job) {
  if (options.files.empty()) {
    const bool has_index =
        std::any_of(listing.files.begin(), listing.files.end(),
                    [](const HubFile& f) { return f.path == detail::kModelIndex; });
    const std::string path(detail::kModelIndex);
    const std::string index =
        has_index ? detail::get_text(detail::file_url(listing, path, options),
                                     listing.repository + "/" + path, kMostIndexBytes, options, job)
                  : "";
    return files_of_bundle(listing, index, options.half_precision);
  }
  std::vector<HubFile> chosen;
  for (const std::string& path : options.files) {
    const auto found = std::find_if(listing.files.begin(), listing.files.end(),
                                    [&](const HubFile& f) { return f.path == path; });
    if (found == listing.files.end()) {
      throw Error(ErrorCode::NotFound, fmt::format("{}: there is no file \"{}\" among its {}",
                                                   listing.repository, path, listing.files.size()));
    }
    chosen.push_back(*found);
  }
  return chosen;
}

}  // namespace

HubOptions hub_options_from_environment() {
  HubOptions options;
  if (const char* endpoint = std::getenv("HF_ENDPOINT"); endpoint != nullptr && *endpoint != '\0')
    options.endpoint = endpoint;
  while (options.endpoint.ends_with('/')) options.endpoint.pop_back();
  if (const char* token = std::getenv("HF_TOKEN"); token != nullptr) options.token = token;
  return options;
}

HubListing list_repository(const std::string& repository, const HubOptions& options,
                           const Job& job) {
  check_names(repository, options);
  const std::string url = fmt::format("{}/api/models/{}/revision/{}?blobs=true", options.endpoint,
                                      repository, url_escaped(options.revision));
  const std::string where = fmt::format("{}: listing of {}", options.endpoint, repository);
  const Json json =
      parse_json(detail::get_text(url, repository, kMostListingBytes, options, job), where);
  HubListing listing{repository, json_get<std::string>(json, "sha", where), {}};
  if (!is_name(listing.commit, ""))
    throw Error(ErrorCode::BadFile, fmt::format("{}: \"{}\" is no commit", where, listing.commit));
  const auto siblings = json.find("siblings");
  if (siblings == json.end() || !siblings->is_array())
    throw Error(ErrorCode::BadFile, fmt::format("{}: expected a list \"siblings\"", where));
  for (const Json& json_file : *siblings) {
    HubFile file = parse_file(json_file, where);
    // Hidden files are the repository's own housekeeping (.gitattributes).
    if (!file.path.starts_with('.')) listing.files.push_back(std::move(file));
  }
  return listing;
}

PullReport pull_model(const std::string& repository, const HubOptions& options, const Job& job) {
  HubListing listing = list_repository(repository, options, job);
  listing.files = choose(listing, options, job);
  return detail::pull_files(listing, options, job);
}

std::vector<std::string> damaged_files(const fs::path& folder, const Job& job) {
  const auto manifest = detail::read_manifest(folder);
  if (!manifest) {
    throw Error(ErrorCode::NotFound, fmt::format("{}: not a model that was pulled: there is no {}",
                                                 folder.string(), detail::kManifestName));
  }
  std::vector<std::string> damaged;
  int64_t done = 0;
  int64_t total = 0;
  for (const HubFile& f : manifest->files) total += f.size;
  for (const HubFile& f : manifest->files) {
    if (!detail::is_intact(folder / f.path, f, job)) damaged.push_back(f.path);
    done += f.size;
    job.report("verify", done, total);
  }
  return damaged;
}

}  // namespace riffle::weights
