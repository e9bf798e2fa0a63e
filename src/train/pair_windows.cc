// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/pair_windows.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>

#include "core/error.h"
#include "models/tone_rows.h"
#include "text/chords.h"

namespace riffle::train {
namespace {

constexpr double kLeastActive = 0.3;  // of a window's columns
constexpr int kTries = 8;             // to find such a place
constexpr double kAllOthers = 0.5;    // how often the context is everything else

std::vector<uint32_t> long_enough(const shards::PairReader& pairs, shards::Split split,
                                  int64_t columns) {
  std::vector<uint32_t> songs;
  for (const size_t song : pairs.indices(split)) {
    if (pairs.songs()[song].columns >= columns) songs.push_back(static_cast<uint32_t>(song));
  }
  if (songs.empty()) {
    throw Error(
        ErrorCode::InvalidArgument,
        fmt::format("no song of split {} has {} columns of latents", name_of(split), columns),
        "make more pairs, or choose a shorter window");
  }
  return songs;
}

int64_t stem_count(const shards::PairReader& pairs, const std::vector<uint32_t>& songs) {
  int64_t count = 0;
  for (const uint32_t song : songs) {
    count += static_cast<int64_t>(pairs.songs()[song].stems.size());
  }
  return std::max<int64_t>(1, count);
}

}  // namespace

PairWindows::PairWindows(const shards::PairReader& pairs, shards::Split split, int64_t columns,
                         uint64_t seed)
    : pairs_(pairs),
      columns_(columns),
      order_(stem_count(pairs, long_enough(pairs, split, columns)), seed) {
  for (const uint32_t song : long_enough(pairs, split, columns)) {
    for (uint32_t stem = 0; stem < pairs.songs()[song].stems.size(); ++stem) {
      slots_.push_back({song, stem});
    }
  }
}

std::vector<PairContext> PairWindows::contexts_of(const Slot& slot, bool all_others_only) const {
  const shards::PairSong& song = pairs_.songs()[slot.song];
  const size_t others = song.stems.size() - 1;
  std::vector<PairContext> found;
  for (size_t i = 0; i < song.mixes.size(); ++i) {
    const auto& mix = song.mixes[i];
    if (std::ranges::find(mix, static_cast<int64_t>(slot.stem)) != mix.end()) continue;
    if (!all_others_only || mix.size() == others) found.push_back({.mix = true, .index = i});
  }
  for (size_t i = 0; i < song.stems.size(); ++i) {
    if (i == slot.stem || (all_others_only && others > 1)) continue;
    found.push_back({.mix = false, .index = i});
  }
  return found;
}

int64_t PairWindows::choose_place(const Slot& slot, Random& chance) const {
  const int64_t places = pairs_.songs()[slot.song].columns - columns_ + 1;
  const at::Tensor active = pairs_.active(slot.song)[slot.stem];
  int64_t best = 0;
  int64_t best_active = -1;
  for (int i = 0; i < kTries; ++i) {
    const int64_t place = chance.below(places);
    const int64_t sounding = active.narrow(0, place, columns_).sum().item<int64_t>();
    if (sounding > best_active) {
      best = place;
      best_active = sounding;
    }
    if (static_cast<double>(sounding) >= kLeastActive * static_cast<double>(columns_)) break;
  }
  return best;
}

PairWindow PairWindows::choose(int64_t index, Random& chance) {
  const Slot slot = slots_[static_cast<size_t>(order_.at(index))];
  PairWindow window{.song = slot.song, .stem = slot.stem};
  window.first_column = choose_place(slot, chance);
  std::vector<PairContext> contexts = contexts_of(slot, chance.chance(kAllOthers));
  if (contexts.empty()) contexts = contexts_of(slot, false);
  if (!contexts.empty()) {
    const int64_t one = chance.below(static_cast<int64_t>(contexts.size()));
    window.maybe_context = contexts[static_cast<size_t>(one)];
  }
  return window;
}

std::vector<PairWindow> PairWindows::evenly(int64_t count) const {
  std::vector<PairWindow> windows;
  count = std::min(count, this->count());
  for (int64_t i = 0; i < count; ++i) {
    const Slot& slot = slots_[static_cast<size_t>((2 * i + 1) * this->count() / (2 * count))];
    PairWindow window{.song = slot.song, .stem = slot.stem};
    Random chance(derive_seed(static_cast<uint64_t>(i), "place", slot.song));
    window.first_column = choose_place(slot, chance);
    const auto contexts = contexts_of(slot, true);
    if (!contexts.empty()) window.maybe_context = contexts.front();
    windows.push_back(window);
  }
  return windows;
}

at::Tensor PairWindows::cut(const at::Tensor& latents, const PairWindow& window) const {
  return latents.narrow(1, window.first_column, columns_).to(at::kFloat);
}

at::Tensor PairWindows::target(const PairWindow& window) const {
  return cut(pairs_.stem(window.song, window.stem), window);
}

at::Tensor PairWindows::context(const PairWindow& window) const {
  if (!window.maybe_context) return at::zeros({pairs_.header().channels, columns_});
  const auto& [mix, index] = *window.maybe_context;
  return cut(mix ? pairs_.mix(window.song, index) : pairs_.stem(window.song, index), window);
}

at::Tensor PairWindows::heard(const PairWindow& window) const {
  if (!window.maybe_context) return at::zeros({models::kChromaRows, columns_});
  const auto& [mix, index] = *window.maybe_context;
  const at::Tensor tones = cut(
      mix ? pairs_.mix_chroma(window.song, index) : pairs_.stem_chroma(window.song, index), window);
  return at::cat({tones, at::ones({1, columns_})});
}

at::Tensor PairWindows::chords(const PairWindow& window) const {
  at::Tensor rows = at::zeros({models::kChromaRows, columns_});
  auto value = rows.accessor<float, 2>();
  const auto& chords = pairs_.songs()[window.song].chords;
  for (int64_t column = 0; column < columns_; ++column) {
    const double middle_s = (static_cast<double>(window.first_column + column) + 0.5) /
                            pairs_.header().columns_per_second();
    const auto after =
        std::ranges::upper_bound(chords, middle_s, std::less{}, &shards::PairChord::start_s);
    if (after == chords.begin()) continue;
    const shards::PairChord& chord = *std::prev(after);
    const text::ChordQuality* quality = text::find_chord_quality(chord.quality);
    if (quality == nullptr) continue;
    value[models::kPitchClasses][column] = 1;
    for (const int interval : quality->intervals) {
      value[(chord.root + interval) % models::kPitchClasses][column] = 1;
    }
  }
  return rows;
}

at::Tensor PairWindows::style(const PairWindow& window, Random& chance, double words) const {
  if (pairs_.style_dim() == 0) return at::zeros({0});
  at::Tensor parts;
  if (chance.chance(words)) parts = pairs_.words(window.song, window.stem);
  if (!parts.defined()) parts = pairs_.styles(window.song, window.stem);
  const at::Tensor one = parts[chance.below(parts.size(0))].to(at::kFloat);
  return one / one.norm().clamp_min(1e-6);
}

}  // namespace riffle::train
