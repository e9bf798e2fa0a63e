// SPDX-License-Identifier: GPL-3.0-or-later
// What is written beside a pulled model: where it came from and what its files should be.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "weights/hub.h"

namespace riffle::weights::detail {

inline constexpr const char* kManifestName = ".riffle-pull.json";

// Whether a file has the size and hash that the hub gave for it.
bool is_intact(const std::filesystem::path& path, const HubFile& file, const Job& job);

void write_manifest(const std::filesystem::path& folder, const HubListing& listing);
// Empty when the folder has none. Throws Error{BadFile} for a damaged one.
std::optional<HubListing> read_manifest(const std::filesystem::path& folder);

// Whether `path` names a file below a folder: no "..", no empty components, nothing absolute.
bool is_safe_path(const std::string& path);

}  // namespace riffle::weights::detail
