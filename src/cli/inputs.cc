// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/inputs.h"

#include <fmt/format.h>
#include <fnmatch.h>
#include <glob.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "core/error.h"
#include "core/files.h"

namespace riffle::cli {
namespace {

namespace fs = std::filesystem;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The run of digits at `at`, without leading zeros.
std::string_view number_at(std::string_view text, size_t at) {
  size_t end = at;
  while (end < text.size() && is_digit(text[end])) ++end;
  while (at + 1 < end && text[at] == '0') ++at;
  return text.substr(at, end - at);
}

size_t after_number(std::string_view text, size_t at) {
  while (at < text.size() && is_digit(text[at])) ++at;
  return at;
}

bool path_less(const fs::path& a, const fs::path& b) {
  return natural_less(a.native(), b.native());
}

bool has_picture_ending(const fs::path& path) {
  const std::string ending = lower_ending(path);
  constexpr std::array kEndings = {".png", ".jpg", ".jpeg"};
  return std::find(kEndings.begin(), kEndings.end(), ending) != kEndings.end();
}

std::vector<fs::path> pictures_in(const fs::path& folder) {
  std::vector<fs::path> pictures = list_files(folder, "*", false);
  std::erase_if(pictures, [](const fs::path& path) { return !has_picture_ending(path); });
  if (pictures.empty()) {
    throw Error(ErrorCode::NotFound,
                fmt::format("{}: no .png or .jpg picture in this folder", folder.string()));
  }
  return pictures;
}

std::vector<fs::path> matches_of(const std::string& pattern) {
  std::vector<fs::path> matches;
  glob_t found{};
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    matches.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  ::globfree(&found);
  std::sort(matches.begin(), matches.end(), path_less);
  return matches;
}

}  // namespace

bool natural_less(std::string_view a, std::string_view b) {
  size_t i = 0;
  size_t j = 0;
  while (i < a.size() && j < b.size()) {
    if (is_digit(a[i]) && is_digit(b[j])) {
      const std::string_view x = number_at(a, i);
      const std::string_view y = number_at(b, j);
      if (x.size() != y.size()) return x.size() < y.size();
      if (x != y) return x < y;
      i = after_number(a, i);
      j = after_number(b, j);
    } else {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i;
      ++j;
    }
  }
  const bool a_ended = i == a.size();
  const bool b_ended = j == b.size();
  if (a_ended && b_ended) return a < b;  // they differ in leading zeros at most
  return a_ended;
}

std::vector<fs::path> expand_pictures(const std::vector<std::string>& words) {
  std::vector<fs::path> pictures;
  for (const auto& word : words) {
    std::error_code ec;
    std::vector<fs::path> found;
    if (fs::is_directory(word, ec)) {
      found = pictures_in(word);
    } else if (fs::exists(word, ec)) {
      found = {word};
    } else if (word.find_first_of("*?[") != std::string::npos) {
      found = matches_of(word);
    }
    if (found.empty()) {
      throw Error(ErrorCode::NotFound, fmt::format("picture {}: no such file", word),
                  "check the path; a folder or a pattern in quotes works too");
    }
    pictures.insert(pictures.end(), found.begin(), found.end());
  }
  return pictures;
}

std::vector<fs::path> list_files(const fs::path& folder, const std::string& pattern,
                                 bool recursive) {
  std::error_code ec;
  if (!fs::is_directory(folder, ec)) {
    throw Error(ErrorCode::NotFound, fmt::format("{}: no such folder", folder.string()),
                "check the path");
  }
  std::vector<fs::path> files;
  const auto consider = [&](const fs::directory_entry& entry) {
    const std::string name = entry.path().filename().string();
    if (fnmatch(pattern.c_str(), name.c_str(), FNM_PERIOD) == 0 && entry.is_regular_file()) {
      files.push_back(entry.path());
    }
  };
  if (recursive) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) consider(entry);
  } else {
    for (const auto& entry : fs::directory_iterator(folder)) consider(entry);
  }
  std::sort(files.begin(), files.end(), path_less);
  return files;
}

std::string lower_ending(const fs::path& path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return ending;
}

void require_writable(const fs::path& path) { const PendingFile probe(path); }

fs::path numbered(const fs::path& path, int64_t number) {
  const std::string name =
      fmt::format("{}-{:04}{}", path.stem().string(), number, path.extension().string());
  return path.parent_path() / name;
}

}  // namespace riffle::cli
