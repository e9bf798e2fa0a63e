// SPDX-License-Identifier: GPL-3.0-or-later
// A corpus as a network that listens gets it: of every song with stems, the mix and each stem in
// the form the network wants, with captions. It is a corpus of its own (shards/corpus_files.h) in a
// folder of the first.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "core/job.h"
#include "shards/record.h"

namespace riffle::corpus {

// A form that sounds take.
struct Hearing {
  std::string name;  // of the folder
  int sample_rate = 48000;
  int64_t hop = 1;     // samples a frame
  OrderedJson header;  // stands in corpus.json as its "spectrogram"
  int rows = 1;
  std::function<at::Tensor(const at::Tensor& mono)> levels;      // [samples] -> [rows, frames]
  std::function<at::Tensor(const at::Tensor& levels)> loudness;  // -> [frames] in dB
};

// CORPUS/waves: waveforms at this rate (shards/wave_levels.h); a frame is a sample.
Hearing wave_hearing(int sample_rate);

std::filesystem::path heard_folder(const std::filesystem::path& corpus, const Hearing& hearing);

struct HearOptions {
  int64_t songs = 0;  // at most so many, the first of the corpus; 0: all
  int captions = 12;  // of a stem; mixes have those of the corpus
};

struct HearReport {
  int64_t songs = 0;  // heard now
  int64_t sounds = 0;
  int64_t shards_written = 0;
  int64_t shards_present = 0;  // from earlier runs, and no song has come since
};

// Hears the songs that CORPUS/songs holds (corpus synth --stems) and the corpus tells of, on
// core/parallel.h's threads, a shard of 32 songs each; goes on where an earlier run stopped.
// Records are called SONG-mix, SONG-01, SONG-02, ...; segments of a stem are where it sounds.
// Progress stage "hear", in songs. Throws Error{NotFound} where there are no such songs,
// Error{BadFile} for a song.json that does not fit, what ShardReader, ShardWriter and
// audio::read_audio throw, Error{Cancelled}.
HearReport hear_corpus(const std::filesystem::path& corpus, const Hearing& hearing,
                       const HearOptions& options, const Job& job = {});

}  // namespace riffle::corpus
