// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/soundfonts.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "core/error.h"

namespace riffle::corpus {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPackages =
    "install soundfonts: apt-get install timgm6mb-soundfont fluid-soundfont-gm minuet-data "
    "musescore-general-soundfont-small; or name a file";

bool is_soundfont(const fs::path& path) {
  const std::string ending = path.extension().string();
  return ending == ".sf2" || ending == ".sf3";
}

Soundfont soundfont_at(const fs::path& path) {
  std::error_code ec;
  const fs::path whole = fs::canonical(path, ec);
  return {(ec ? path : whole).stem().string(), ec ? path : whole};
}

std::vector<Soundfont> installed() {
  std::vector<Soundfont> found;
  for (const fs::path& folder : soundfont_folders()) {
    std::error_code ec;
    for (const auto& entry : fs::directory_iterator(folder, ec)) {
      if (is_soundfont(entry.path()) && fs::is_regular_file(entry.path(), ec)) {
        found.push_back(soundfont_at(entry.path()));
      }
    }
  }
  return found;
}

Soundfont find_one(const std::string& word, const std::vector<Soundfont>& there) {
  std::error_code ec;
  if (fs::is_regular_file(word, ec)) return soundfont_at(word);
  for (const Soundfont& font : there) {
    if (name_begins_with(font.name, {word})) return font;
  }
  throw Error(ErrorCode::NotFound,
              fmt::format("soundfont {}: no such file, and none of that name", word), kPackages);
}

}  // namespace

std::vector<fs::path> soundfont_folders() {
  return {"/usr/share/sounds/sf2", "/usr/share/sounds/sf3", "/usr/share/soundfonts",
          "/usr/share/minuet/soundfonts", "/usr/local/share/soundfonts"};
}

std::vector<Soundfont> find_soundfonts(const std::vector<std::string>& wanted) {
  const std::vector<Soundfont> there = installed();
  std::vector<Soundfont> fonts;
  if (wanted.empty()) fonts = there;
  for (const std::string& word : wanted) fonts.push_back(find_one(word, there));
  std::sort(fonts.begin(), fonts.end(), [](const Soundfont& a, const Soundfont& b) {
    return a.name != b.name ? a.name < b.name : a.path < b.path;
  });
  const auto same = [](const Soundfont& a, const Soundfont& b) { return a.path == b.path; };
  fonts.erase(std::unique(fonts.begin(), fonts.end(), same), fonts.end());
  if (fonts.empty()) {
    throw Error(ErrorCode::NotFound, "there is no soundfont on this machine", kPackages);
  }
  return fonts;
}

bool name_begins_with(const std::string& name, const std::vector<std::string>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](const std::string& prefix) {
    return !prefix.empty() && name.starts_with(prefix);
  });
}

}  // namespace riffle::corpus
