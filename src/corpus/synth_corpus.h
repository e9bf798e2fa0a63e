// SPDX-License-Identifier: GPL-3.0-or-later
// A corpus of composed songs: every fact about every record is known. Song i of seed s is always
// the same, whatever else is made, so a run can be interrupted, continued and made longer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "audio/spectrogram_params.h"
#include "core/job.h"
#include "corpus/compose.h"
#include "corpus/levels.h"
#include "corpus/soundfonts.h"

namespace riffle::corpus {

struct SynthOptions {
  int64_t songs = 1000;
  uint64_t seed = 1;
  std::vector<Soundfont> soundfonts{};  // at least one that is not held out
  // Fonts whose names begin so sound in split "test" only.
  std::vector<std::string> held_out{"MuseScore_General"};
  audio::SpectrogramParams spectrogram = default_spectrogram();
  ComposeOptions compose{};
  int captions = 8;    // of a segment
  bool stems = false;  // also OUT/songs/NUMBER/: mix.flac, a FLAC a track, song.json
  bool midi = false;   // also OUT/songs/NUMBER/: song.mid, song.json
};

struct SynthReport {
  int64_t shards_written = 0;
  int64_t shards_present = 0;  // from earlier runs
  int64_t songs_written = 0;
  int64_t records_written = 0;
  double seconds_written = 0;  // of all records
};

// Songs per shard; the last shard may have fewer, and is made anew when more songs are asked for.
inline constexpr int64_t kSongsPerShard = 16;

// 6 of 100 songs are for testing, half of them with a held-out soundfont if there is one, 4 for
// validation. Runs on core/parallel.h's threads, a shard each. Throws what ShardWriter throws,
// Error{InvalidArgument} for options that make no sense, Error{Cancelled}; finished shards stay.
SynthReport synthesize_corpus(const std::filesystem::path& out, const SynthOptions& options,
                              const Job& job = {});

}  // namespace riffle::corpus
