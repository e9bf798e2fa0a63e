// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/source_songs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <system_error>

#include "core/error.h"
#include "corpus/detail/stem_layouts.h"

namespace riffle::corpus {
namespace {

namespace fs = std::filesystem;

// Sorted by path, so that a folder is read the same way on every machine.
std::vector<fs::path> everything_below(const fs::path& folder, const Job& job) {
  std::vector<fs::path> paths;
  std::error_code ec;
  auto entries =
      fs::recursive_directory_iterator(folder, fs::directory_options::follow_directory_symlink, ec);
  for (; !ec && entries != fs::recursive_directory_iterator(); entries.increment(ec)) {
    job.check();
    if (entries->path().filename().string().starts_with('.')) {
      std::error_code status;
      if (entries->is_directory(status)) entries.disable_recursion_pending();
      continue;
    }
    paths.push_back(entries->path());
  }
  if (ec) throw Error(ErrorCode::Io, fmt::format("{}: {}", folder.string(), ec.message()));
  std::sort(paths.begin(), paths.end());
  return paths;
}

// A folder of the path within the data set that tells the split.
std::string split_of(const fs::path& relative) {
  for (const fs::path& part : relative.parent_path()) {
    if (part == "train") return "train";
    if (part == "test") return "test";
    if (part == "valid" || part == "validation") return "valid";
  }
  return {};
}

void add_stem_songs(const fs::path& folder, const std::vector<fs::path>& paths,
                    const detail::StemLayout& layout, SourceFolder& found) {
  for (const fs::path& path : paths) {
    if (path.filename() != layout.marker) continue;
    const fs::path song_folder = path.parent_path();
    SourceSong song;
    const fs::path relative = song_folder.lexically_relative(folder);
    song.name = relative.string();
    try {
      layout.read(song_folder, song);
      if (song.stems.empty()) {
        found.refused.push_back({song.name, "no stems there"});
        continue;
      }
      if (song.facts.split.empty()) song.facts.split = split_of(relative / "x");
      found.songs.push_back(std::move(song));
    } catch (const Error& e) {
      found.refused.push_back({song.name, e.message()});
    }
  }
}

void add_recordings(const fs::path& folder, const std::vector<fs::path>& paths,
                    const std::optional<std::string>& maybe_default_caption, SourceFolder& found) {
  Descriptions described = read_descriptions(folder);
  for (const fs::path& path : paths) {
    if (!detail::is_sound_file(path)) continue;
    SourceSong song;
    song.recording = path;
    song.name = path.lexically_relative(folder).string();
    if (const auto entry = described.find(song.name); entry != described.end()) {
      song.facts = std::move(entry->second);
      described.erase(entry);
    }
    for (auto& line : read_sidecar(path)) song.facts.captions.push_back(std::move(line));
    if (song.facts.captions.empty() && maybe_default_caption) {
      song.facts.captions = {*maybe_default_caption};
    }
    if (song.facts.captions.empty()) {
      found.refused.push_back({song.name,
                               "no caption: neither a line in captions.jsonl or "
                               "captions.csv nor a .txt beside it"});
      continue;
    }
    if (song.facts.split.empty()) song.facts.split = split_of(song.name);
    found.songs.push_back(std::move(song));
  }
  for (const auto& [name, facts] : described) {
    found.refused.push_back({name, "has captions, but there is no such sound file"});
  }
}

}  // namespace

SourceFolder read_source_folder(const fs::path& folder,
                                const std::optional<std::string>& maybe_default_caption,
                                const Job& job) {
  std::error_code ec;
  if (!fs::is_directory(folder, ec)) {
    throw Error(ErrorCode::NotFound, fmt::format("{}: no such folder", folder.string()),
                "check the path");
  }
  const std::vector<fs::path> paths = everything_below(folder, job);
  SourceFolder found;
  for (const detail::StemLayout& layout : detail::stem_layouts()) {
    add_stem_songs(folder, paths, layout, found);
    if (found.songs.empty() && found.refused.empty()) continue;
    found.layout = layout.name;
    break;
  }
  if (found.layout.empty()) {
    found.layout = "recordings";
    add_recordings(folder, paths, maybe_default_caption, found);
  }
  if (found.songs.empty()) {
    const std::string first =
        found.refused.empty()
            ? ""
            : fmt::format(" ({}: {})", found.refused[0].name, found.refused[0].reason);
    throw Error(ErrorCode::NotFound,
                fmt::format("{}: nothing to train on there{}", folder.string(), first),
                "expected sound files with captions (captions.jsonl, captions.csv or a .txt beside "
                "each), or songs as MUSDB18-HQ, MoisesDB or Slakh2100 lay them out");
  }
  return found;
}

}  // namespace riffle::corpus
