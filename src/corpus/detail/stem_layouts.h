// SPDX-License-Identifier: GPL-3.0-or-later
// How data sets of stems lay out a song: one row each.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "corpus/source_songs.h"

namespace riffle::corpus::detail {

struct StemLayout {
  std::string name;
  std::string marker;  // the file that makes a folder a song
  // Fills stems and facts from the song's folder. Throws Error{BadFile}.
  std::function<void(const std::filesystem::path& folder, SourceSong& song)> read;
};

std::span<const StemLayout> stem_layouts();

// By its ending.
bool is_sound_file(const std::filesystem::path& path);

}  // namespace riffle::corpus::detail
