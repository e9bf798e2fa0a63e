// SPDX-License-Identifier: GPL-3.0-or-later
// Which soundfonts there are to render songs with.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace riffle::corpus {

struct Soundfont {
  std::string name;  // the file's name without its ending, links followed: "FluidR3_GM"
  std::filesystem::path path;
};

// The folders in which distributions put them.
std::vector<std::filesystem::path> soundfont_folders();

// `wanted`: files, or names of files in those folders ("TimGM6mb"); empty: all that lie there. Each
// file once, sorted by name. Throws Error{NotFound} for one that is wanted and not there, and
// where there is none at all (the hint names packages).
std::vector<Soundfont> find_soundfonts(const std::vector<std::string>& wanted = {});

// Whether `name` begins with one of `prefixes`: "MuseScore_General" means "MuseScore_General_Lite"
// too.
bool name_begins_with(const std::string& name, const std::vector<std::string>& prefixes);

}  // namespace riffle::corpus
