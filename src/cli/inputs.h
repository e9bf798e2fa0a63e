// SPDX-License-Identifier: GPL-3.0-or-later
// Which files the words of a command line stand for.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace riffle::cli {

// Order of people: runs of digits count as numbers, so that part-2 comes before part-10.
bool natural_less(std::string_view a, std::string_view b);

// Pictures named by words: a file stands for itself, a folder for its .png, .jpg and .jpeg files in
// natural order, and a word with * ? or [ that is no file for what it matches, in natural order.
// Throws Error{NotFound} for a word that stands for nothing.
std::vector<std::filesystem::path> expand_pictures(const std::vector<std::string>& words);

// Files directly in `folder` (with `recursive`, also below it) whose name matches the pattern, in
// natural order of their paths. Hidden files are passed over. Throws Error{NotFound} when there is
// no such folder.
std::vector<std::filesystem::path> list_files(const std::filesystem::path& folder,
                                              const std::string& pattern, bool recursive);

// ".png" of "Song.PNG".
std::string lower_ending(const std::filesystem::path& path);

// Throws at once what writing this file would throw at the end of the work: Error{Io} when its
// folder is not there or cannot be written to.
void require_writable(const std::filesystem::path& path);

// "song.png", 3 -> "song-0003.png"
std::filesystem::path numbered(const std::filesystem::path& path, int64_t number);

}  // namespace riffle::cli
