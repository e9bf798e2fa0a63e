// SPDX-License-Identifier: GPL-3.0-or-later
// A corpus of a folder of one's own: recordings with captions, or songs as stems of which subsets
// are mixed. Cut into excerpts; split by song.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "audio/spectrogram_params.h"
#include "core/job.h"
#include "corpus/levels.h"
#include "corpus/source_songs.h"

namespace riffle::corpus {

struct FolderOptions {
  audio::SpectrogramParams spectrogram = default_spectrogram();
  double excerpt_s = 20;                               // at most; 6..120
  std::optional<std::string> maybe_default_caption{};  // of recordings without one
  double valid_share = 0.05;  // of the songs, where the folder does not tell the split itself
  double test_share = 0.05;
  uint64_t seed = 1;  // of the splits, the mixtures of stems and their captions
  int captions = 8;   // of a mixture of stems
};

struct FolderReport {
  std::string layout;
  int64_t shards_written = 0;
  int64_t shards_present = 0;  // from earlier runs, and nothing has changed since
  int64_t songs = 0;           // in the corpus
  int64_t records = 0;
  double seconds = 0;
  std::vector<RefusedSource> refused;  // also those of earlier runs
};

// Excerpts are at least a window of 256 frames long and not silent. Songs that cannot be read to
// their end are refused as a whole and named in the report. Runs on core/parallel.h's threads, a
// shard of 16 songs each; shards whose songs have changed since an earlier run are made anew.
// Throws what read_source_folder() and ShardWriter throw, Error{BadFile} where every song is
// refused, Error{InvalidArgument} for options out of range, Error{Cancelled}.
FolderReport build_corpus(const std::filesystem::path& folder, const std::filesystem::path& out,
                          const FolderOptions& options, const Job& job = {});

}  // namespace riffle::corpus
