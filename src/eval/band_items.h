// SPDX-License-Identifier: GPL-3.0-or-later
// What accompaniment is judged on: held-out songs with one stem taken out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "audio/waveform.h"
#include "core/job.h"
#include "corpus/pair_sources.h"
#include "eval/band_scores.h"
#include "shards/record.h"

namespace riffle::eval {

struct BandItem {
  std::string song;
  std::string instrument;  // of the stem
  bool drums = false;
  std::string soundfont;
  std::string key;  // "F# minor"; empty: not known
  BeatGrid grid;
  std::vector<ChordSpan> chords;
  audio::Waveform context;  // mono, the sum of the song's other stems
  audio::Waveform stem;     // the true one, as long
  // How it is to sound: the same stem elsewhere in the song, so that nothing is told of what it
  // plays here; here where it sounds nowhere else.
  audio::Waveform like;
};

struct BandItemOptions {
  shards::Split split = shards::Split::Test;
  int64_t count = 48;
  double seconds = 10.24;
  uint64_t seed = 1;
};

// Pieces of so many seconds in which both stem and context sound, of songs whose tempo is known;
// stems in turn, so that every song comes up before one comes again. Fewer where there are no more.
std::vector<BandItem> band_items(const corpus::PairSources& songs, const BandItemOptions& options,
                                 const Job& job = {});

// The item of another song whose stem suits item `index` best by tempo and key, as somebody who
// looks for a loop would choose it; `index` itself where there is none.
size_t like_tempo_and_key(const std::vector<BandItem>& items, size_t index);
// The item of another song, half the items away; drums for drums where there are such.
size_t of_another_song(const std::vector<BandItem>& items, size_t index);

}  // namespace riffle::eval
