// SPDX-License-Identifier: GPL-3.0-or-later
// A song of one's own folder as records.
#pragma once

#include <cstddef>
#include <vector>

#include "core/job.h"
#include "corpus/folder_corpus.h"
#include "corpus/source_songs.h"
#include "shards/shard_writer.h"

namespace riffle::corpus::detail {

inline constexpr int64_t kMinExcerptFrames = 256;  // what a trainer's window takes

// number: of the song, for the records' names. Throws Error{BadFile} for a song too short, silent
// throughout, or that cannot be read to its end, and what MonoStream throws.
std::vector<shards::NewRecord> excerpts_of(const SourceSong& song, size_t number,
                                           const FolderOptions& options, const Job& job = {});

}  // namespace riffle::corpus::detail
