// SPDX-License-Identifier: GPL-3.0-or-later
// Which parts of a song become records: renditions (which tracks sound), segments (from where to
// where one set of captions holds) and events (what sounds when).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "corpus/song.h"

namespace riffle::corpus {

struct Rendition {
  std::string name;         // "mix", "no drums", "flute alone", ...
  std::vector<int> tracks;  // indices, rising
};

// The whole mix first, then up to four others, all with different tracks; drawn from the seed. A
// song of one track has the mix alone.
std::vector<Rendition> draw_renditions(const Song& song, uint64_t seed);

// The song with these tracks only; its sections name them by their new indices.
Song with_tracks(const Song& song, const std::vector<int>& tracks);

// Ticks and frames, from the first up to but not including the last.
struct Span {
  int64_t first_tick = 0;
  int64_t last_tick = 0;
  int64_t first_frame = 0;  // a multiple of kColumnFrames, the nearest to first_tick
  int64_t last_frame = 0;
};

inline constexpr int64_t kColumnFrames = 8;
inline constexpr int64_t kMinSegmentFrames = 264;
inline constexpr int64_t kMaxSegmentFrames = 600;

// From the song's sections: short ones joined with what follows (the last with what precedes), long
// ones cut at bars. All of them within `frames`; none where the song is shorter than the least.
std::vector<Span> segment_spans(const Song& song, double frame_s, int64_t frames);

// uint8 [14, ceil(frames / 8)], 0 or 255: the twelve pitch classes from C that sound in the time of
// a column of eight frames, a note begins there, a drum is hit there.
at::Tensor song_events(const Song& song, double frame_s, int64_t frames);

// The share of the span's columns in which something sounds; a drum counts for half a second.
double sounding_share(const at::Tensor& events, const Span& span);

}  // namespace riffle::corpus
