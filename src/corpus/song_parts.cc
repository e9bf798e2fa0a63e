// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/song_parts.h"

#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "corpus/random.h"

namespace riffle::corpus {
namespace {

constexpr int kFewestOthers = 2;
constexpr int kMostOthers = 4;
constexpr int64_t kOnsetRow = 12;
constexpr int64_t kDrumRow = 13;
constexpr int64_t kEventRows = 14;

std::vector<int> tracks_where(const Song& song, const std::function<bool(const Track&)>& test) {
  std::vector<int> found;
  for (size_t i = 0; i < song.tracks.size(); ++i) {
    if (test(song.tracks[i])) found.push_back(static_cast<int>(i));
  }
  return found;
}

bool is_lead(const Track& track) {
  return !track.drums && (track.role == "lead" || track.role == "counter");
}

struct Weighted {
  Rendition rendition;
  double weight;
};

std::vector<Weighted> possible_renditions(const Song& song, Random& random) {
  const auto is_drums = [](const Track& t) { return t.drums; };
  const auto is_bass = [](const Track& t) { return !t.drums && t.role == "bass"; };
  std::vector<Weighted> all = {
      {{"no drums", tracks_where(song, std::not_fn(is_drums))}, 2},
      {{"drums alone", tracks_where(song, is_drums)}, 1.5},
      {{"bass and drums",
        tracks_where(song, [&](const Track& t) { return is_drums(t) || is_bass(t); })},
       1.5},
      {{"lead alone", tracks_where(song, is_lead)}, 1},
      {{"no lead", tracks_where(song, std::not_fn(is_lead))}, 1},
      {{"no bass", tracks_where(song, std::not_fn(is_bass))}, 0.7},
  };
  const std::vector<int> pitched = tracks_where(song, std::not_fn(is_drums));
  for (const int track : pitched) {
    const auto& instrument = song.tracks[static_cast<size_t>(track)].instrument;
    all.push_back({{fmt::format("{} alone", instrument), {track}},
                   3.0 / static_cast<double>(pitched.size())});
  }
  if (pitched.size() > 2) {
    const size_t a = random.index(pitched.size());
    const size_t b = (a + 1 + random.index(pitched.size() - 1)) % pitched.size();
    all.push_back({{"two instruments", {pitched[std::min(a, b)], pitched[std::max(a, b)]}}, 1.5});
  }
  return all;
}

// Groups of whole sections, as bars, each at least as long as a segment must be.
std::vector<std::pair<int64_t, int64_t>> section_groups(
    const Song& song, const std::function<bool(int64_t, int64_t)>& long_enough) {
  std::vector<std::pair<int64_t, int64_t>> groups;
  int64_t begin = 0;
  for (const Section& section : song.sections) {
    const int64_t end = std::min(song.bars, section.first_bar + section.bars);
    if (!long_enough(begin, end)) continue;
    groups.emplace_back(begin, end);
    begin = end;
  }
  if (begin < song.bars) {
    if (!groups.empty()) {
      groups.back().second = song.bars;
    } else if (long_enough(begin, song.bars)) {
      groups.emplace_back(begin, song.bars);
    }
  }
  return groups;
}

void mark(at::Tensor& events, int64_t row, int64_t first, int64_t last) {
  auto* values = events.data_ptr<uint8_t>() + row * events.size(1);
  for (int64_t c = std::max<int64_t>(0, first); c <= std::min(last, events.size(1) - 1); ++c) {
    values[c] = 255;
  }
}

}  // namespace

std::vector<Rendition> draw_renditions(const Song& song, uint64_t seed) {
  Random random(seed ^ 0x72656e646974ULL);
  std::vector<Rendition> chosen = {{"mix", std::vector<int>(song.tracks.size())}};
  std::iota(chosen[0].tracks.begin(), chosen[0].tracks.end(), 0);
  if (song.tracks.size() < 2) return chosen;
  std::vector<Weighted> left = possible_renditions(song, random);
  const int others = random.between(kFewestOthers, kMostOthers);
  while (!left.empty() && static_cast<int>(chosen.size()) <= others) {
    std::vector<double> weights;
    for (const Weighted& entry : left) weights.push_back(entry.weight);
    const auto at = left.begin() + static_cast<std::ptrdiff_t>(random.weighted(weights));
    const Rendition candidate = at->rendition;
    left.erase(at);
    const bool there = std::any_of(chosen.begin(), chosen.end(), [&](const Rendition& other) {
      return other.tracks == candidate.tracks;
    });
    if (!there && !candidate.tracks.empty()) chosen.push_back(candidate);
  }
  return chosen;
}

Song with_tracks(const Song& song, const std::vector<int>& tracks) {
  Song part = song;
  part.tracks.clear();
  for (const int track : tracks) part.tracks.push_back(song.tracks.at(static_cast<size_t>(track)));
  for (Section& section : part.sections) {
    std::vector<int> kept;
    for (size_t i = 0; i < tracks.size(); ++i) {
      const bool plays = std::find(section.tracks.begin(), section.tracks.end(), tracks[i]) !=
                         section.tracks.end();
      if (plays) kept.push_back(static_cast<int>(i));
    }
    section.tracks = kept;
  }
  return part;
}

std::vector<Span> segment_spans(const Song& song, double frame_s, int64_t frames) {
  const int64_t ticks_per_bar = song.beats_per_bar * kTicksPerBeat;
  const auto frame_of = [&](int64_t bar) {
    const double columns = song.seconds_of(bar * ticks_per_bar) / frame_s / kColumnFrames;
    return std::min(frames, kColumnFrames * static_cast<int64_t>(std::llround(columns)));
  };
  const auto long_enough = [&](int64_t begin, int64_t end) {
    return frame_of(end) - frame_of(begin) >= kMinSegmentFrames;
  };
  std::vector<Span> spans;
  for (const auto& [begin, end] : section_groups(song, long_enough)) {
    const int64_t length = frame_of(end) - frame_of(begin);
    int64_t parts = (length + kMaxSegmentFrames - 1) / kMaxSegmentFrames;
    const auto bar_of = [&, from = begin, bars = end - begin](int64_t part) {
      return from + bars * part / parts;
    };
    const auto all_long_enough = [&] {
      for (int64_t i = 0; i < parts; ++i) {
        if (!long_enough(bar_of(i), bar_of(i + 1))) return false;
      }
      return true;
    };
    while (parts > 1 && !all_long_enough()) --parts;
    for (int64_t i = 0; i < parts; ++i) {
      const int64_t from = bar_of(i);
      const int64_t to = bar_of(i + 1);
      spans.push_back({from * ticks_per_bar, to * ticks_per_bar, frame_of(from), frame_of(to)});
    }
  }
  return spans;
}

at::Tensor song_events(const Song& song, double frame_s, int64_t frames) {
  at::Tensor events =
      at::zeros({kEventRows, (frames + kColumnFrames - 1) / kColumnFrames}, at::kByte);
  const double column_s = frame_s * kColumnFrames;
  const auto column_of = [&](int64_t tick) {
    return static_cast<int64_t>(std::floor(song.seconds_of(tick) / column_s + 1e-9));
  };
  for (const Track& track : song.tracks) {
    for (const Note& note : track.notes) {
      const int64_t first = column_of(note.start);
      if (track.drums) {
        mark(events, kDrumRow, first, first);
      } else {
        mark(events, kOnsetRow, first, first);
        mark(events, note.key % 12, first, column_of(note.start + note.length - 1));
      }
    }
  }
  return events;
}

double sounding_share(const at::Tensor& events, const Span& span) {
  constexpr int64_t kDrumColumns = 4;
  const int64_t width = events.size(1);
  const auto* values = events.data_ptr<uint8_t>();
  const int64_t first = span.first_frame / kColumnFrames;
  const int64_t last = std::min(width, (span.last_frame + kColumnFrames - 1) / kColumnFrames);
  int64_t sounding = 0;
  for (int64_t c = first; c < last; ++c) {
    bool any = false;
    for (int64_t row = 0; row <= kOnsetRow; ++row) any = any || values[row * width + c] != 0;
    for (int64_t d = std::max(first, c - kDrumColumns + 1); d <= c; ++d) {
      any = any || values[kDrumRow * width + d] != 0;
    }
    if (any) ++sounding;
  }
  return last > first ? static_cast<double>(sounding) / static_cast<double>(last - first) : 0;
}

}  // namespace riffle::corpus
