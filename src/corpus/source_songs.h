// SPDX-License-Identifier: GPL-3.0-or-later
// What lies in a folder of one's own: recordings with captions, or songs as stems in the layouts of
// MUSDB18-HQ, MoisesDB and Slakh2100. Nothing is decoded here.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/job.h"
#include "corpus/captions_file.h"

namespace riffle::corpus {

struct SourceStem {
  std::string word;  // "bass guitar"; empty: cannot be named ("other")
  bool drums = false;
  bool bass = false;
  bool vocals = false;
  std::vector<std::filesystem::path> files;  // sound together
};

struct SourceSong {
  std::string name;                 // path within the folder
  Described facts;                  // captions: of recordings only
  std::filesystem::path recording;  // either this
  std::vector<SourceStem> stems;    // or these
};

struct RefusedSource {
  std::string name;
  std::string reason;
};

struct SourceFolder {
  std::string layout;                  // "recordings", "musdb", "moisesdb", "slakh"
  std::vector<SourceSong> songs;       // in natural order of their names
  std::vector<RefusedSource> refused;  // what cannot be used, and why
};

// Looks at the layout of the first song found:
//   musdb      NAME/mixture.wav beside drums.wav, bass.wav, vocals.wav, other.wav
//   moisesdb   NAME/data.json beside drums/*.wav, guitar/*.wav, ...
//   slakh      NAME/metadata.yaml beside stems/S00.flac, ...
//   recordings sound files anywhere below the folder, with captions as captions_file.h reads them;
//              default_caption serves those without
// Parents named train, test, valid or validation tell the split. Throws Error{NotFound} where there
// is no folder or nothing usable in it, Error{BadFile} for a captions file that cannot be read.
SourceFolder read_source_folder(const std::filesystem::path& folder,
                                const std::optional<std::string>& maybe_default_caption = {},
                                const Job& job = {});

}  // namespace riffle::corpus
