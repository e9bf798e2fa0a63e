// SPDX-License-Identifier: GPL-3.0-or-later
// Clips into the library, and out of it in any format.
#pragma once

#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "library/library.h"
#include "pipelines/clip.h"

namespace riffle::server {

struct KeepOptions {
  std::string title = {};  // empty: the prompt
  std::vector<std::string> tags = {};
  std::vector<std::string> parents = {};
  std::string job = {};  // empty: none
};

class ClipKeeper {
 public:
  explicit ClipKeeper(library::Library& library) : library_(library) {}

  // Of a clip without parts. Writes the files, then the row: the clip is there or it is not.
  library::ClipRecord keep(const pipelines::Clip& clip, const KeepOptions& options,
                           const Job& job = {});
  // The same with its parts, each of which becomes a clip of its own: all are there or none. The
  // clip itself comes first.
  std::vector<library::ClipRecord> keep_all(const pipelines::Clip& clip, const KeepOptions& options,
                                            const Job& job = {});

  // The clip's sound as a file with that ending (without dot): the WAV itself, or one that is made
  // when first asked for. Throws ProblemError{404} for an ending there is no writer for.
  std::filesystem::path sound(const library::ClipRecord& clip, const std::string& ending);

 private:
  library::Library& library_;
  std::mutex encoding_;  // a format of a clip is made once
};

// Endings without dot.
std::vector<std::string> sound_endings();
// "audio/flac" for "flac", "image/png" for "png"; "application/octet-stream" for others.
std::string media_type_of(const std::string& ending);

}  // namespace riffle::server
