// SPDX-License-Identifier: GPL-3.0-or-later
// Songs as stems, for models that accompany: of a corpus that riffle corpus synth made with
// --stems, or a folder of one's own in a layout of stems (source_songs.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "audio/waveform.h"
#include "core/job.h"
#include "shards/pairs.h"

namespace riffle::corpus {

struct PairSourceOptions {
  int sample_rate = 44100;
  double excerpt_s = 24;  // of songs of one's own; composed ones stay whole
  double valid_share = 0.05;
  double test_share = 0.05;
  uint64_t seed = 1;  // of captions, and of the splits where the folder does not tell them
  int captions = 8;   // of a stem
};

// A song, or an excerpt of one, with the stems that sound in it.
struct PairSource {
  shards::PairSong facts;              // without columns and mixes
  std::vector<audio::Waveform> stems;  // mono, all equally long; as facts.stems
};

class PairSources {
 public:
  virtual ~PairSources() = default;

  // Songs are numbered 0 .. count() - 1; a number may stand for none.
  virtual int64_t count() const = 0;
  // Whether there is a song with this number by now. Cheap.
  virtual bool has(int64_t number) const = 0;
  // Of a song that is there.
  virtual shards::Split split_of(int64_t number) const = 0;
  // Empty where nothing in it sounds. Throws Error{BadFile} for a song that cannot be read to its
  // end, Error{Cancelled}.
  virtual std::vector<PairSource> read(int64_t number, const Job& job = {}) const = 0;

 protected:
  PairSources() = default;
  PairSources(const PairSources&) = default;
  PairSources& operator=(const PairSources&) = default;
};

// Throws Error{NotFound} where there is no folder, or a corpus without stems; Error{BadFile} for a
// folder of mixed recordings.
std::unique_ptr<PairSources> open_pair_sources(const std::filesystem::path& folder,
                                               const PairSourceOptions& options,
                                               const Job& job = {});

}  // namespace riffle::corpus
