// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/theory.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "core/error.h"
#include "text/chords.h"
#include "text/mode_steps.h"

namespace riffle::corpus {
namespace {

struct Mode {
  std::string_view name;
  std::vector<int> steps;
  std::vector<int> pentatonic;
};

Mode mode_named(std::string_view name, std::vector<int> pentatonic) {
  const auto index = static_cast<size_t>(text::mode_index_of(name).value());
  const auto& steps = text::kModeSteps.at(index);
  return {name, {steps.begin(), steps.end()}, std::move(pentatonic)};
}

const std::vector<Mode>& modes() {
  static const std::vector<Mode> table = {
      mode_named("major", {0, 2, 4, 7, 9}),          mode_named("minor", {0, 3, 5, 7, 10}),
      mode_named("dorian", {0, 2, 3, 7, 9}),         mode_named("phrygian", {0, 1, 3, 7, 10}),
      mode_named("lydian", {0, 2, 4, 6, 9}),         mode_named("mixolydian", {0, 2, 4, 7, 10}),
      mode_named("harmonic minor", {0, 2, 3, 7, 8}),
  };
  return table;
}

const Mode& mode_of(std::string_view name) {
  for (const Mode& mode : modes()) {
    if (mode.name == name) return mode;
  }
  throw Error(ErrorCode::InvalidArgument, fmt::format("mode '{}' is not known", name),
              "modes are major, minor, dorian, phrygian, lydian, mixolydian, harmonic minor");
}

int pitch_class(int key) { return ((key % 12) + 12) % 12; }

// A tone of the chord's pitch class nearest to `key`.
int nearest_of_class(int pc, int key) {
  const int up = pitch_class(pc - key);
  return up <= 6 ? key + up : key + up - 12;
}

}  // namespace

bool Scale::contains(int key) const {
  return std::ranges::find(steps, pitch_class(key - tonic)) != steps.end();
}

int Scale::nearest(int key) const {
  for (int distance = 0; distance < 12; ++distance) {
    if (contains(key - distance)) return key - distance;
    if (contains(key + distance)) return key + distance;
  }
  return key;
}

int Scale::moved(int key, int steps_up) const {
  const int from = nearest(key);
  const int size = static_cast<int>(steps.size());
  const int above = pitch_class(from - tonic);
  const int base = from - above;
  const int index = static_cast<int>(std::ranges::find(steps, above) - steps.begin()) + steps_up;
  const int octave = index >= 0 ? index / size : -((size - 1 - index) / size);
  return base + 12 * octave + steps[static_cast<size_t>(index - octave * size)];
}

std::span<const std::string_view> mode_names() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> list;
    for (const Mode& mode : modes()) list.push_back(mode.name);
    return list;
  }();
  return names;
}

Scale scale_of(int tonic, std::string_view mode) { return {tonic, mode_of(mode).steps}; }

Scale pentatonic_of(int tonic, std::string_view mode) { return {tonic, mode_of(mode).pentatonic}; }

bool is_dark(std::string_view mode) { return mode_of(mode).steps[2] == 3; }

std::span<const int> intervals_of(std::string_view quality) {
  if (const auto* known = text::find_chord_quality(quality)) return known->intervals;
  throw Error(ErrorCode::InvalidArgument, fmt::format("chord quality '{}' is not known", quality),
              "text/chords.cc lists those there are");
}

std::vector<int> pitch_classes_of(const Chord& chord) {
  std::vector<int> classes;
  for (const int interval : intervals_of(chord.quality)) {
    classes.push_back(pitch_class(chord.root + interval));
  }
  return classes;
}

bool holds(const Chord& chord, int key) {
  return std::ranges::any_of(intervals_of(chord.quality), [&](int interval) {
    return pitch_class(chord.root + interval) == pitch_class(key);
  });
}

Scale scale_over(const Scale& scale, const Chord& chord) {
  std::array<bool, 12> has{};
  for (const int step : scale.steps) has[static_cast<size_t>(step)] = true;
  const auto at = [&](int key) -> bool& {
    return has[static_cast<size_t>(pitch_class(key - scale.tonic))];
  };
  for (const int pc : pitch_classes_of(chord)) {
    if (scale.contains(pc)) continue;
    at(pc) = true;
    for (const int beside : {pc - 1, pc + 1}) {
      if (!holds(chord, beside)) at(beside) = false;
    }
  }
  Scale over{scale.tonic, {}};
  for (int step = 0; step < 12; ++step) {
    if (has[static_cast<size_t>(step)]) over.steps.push_back(step);
  }
  // Steps are told from the tonic; where the tonic itself gave way, begin at the chord's root.
  if (over.steps.empty() || over.steps.front() != 0) {
    Scale turned{pitch_class(chord.root), {}};
    for (int step = 0; step < 12; ++step) {
      if (over.contains(chord.root + step)) turned.steps.push_back(step);
    }
    return turned;
  }
  return over;
}

Chord chord_on(const Scale& scale, int degree, bool sevenths) {
  const int root = scale.moved(60 + pitch_class(scale.tonic - 60), degree - 1);
  std::vector<int> tones;
  for (const int third : {0, 2, 4, 6}) tones.push_back(scale.moved(root, third) - root);
  for (int size = sevenths ? 4 : 3; size >= 3; --size) {
    tones.resize(static_cast<size_t>(size));
    for (const text::ChordQuality& quality : text::chord_qualities()) {
      if (quality.intervals == tones) {
        return {.root = pitch_class(root), .quality = std::string(quality.name)};
      }
    }
  }
  return {.root = pitch_class(root), .quality = "5"};
}

std::vector<int> voicing(const Chord& chord, std::span<const int> previous, int voices, int centre,
                         int lowest, int highest) {
  const std::vector<int> classes = pitch_classes_of(chord);
  // The centre of the hand drifts back to where it belongs.
  int middle = centre;
  if (!previous.empty()) {
    int sum = 0;
    for (const int key : previous) sum += key;
    middle = (2 * sum / static_cast<int>(previous.size()) + centre) / 3;
  }
  // All close positions: from every tone of the chord near the middle upwards.
  std::vector<int> best;
  int best_cost = 1 << 30;
  for (size_t first = 0; first < classes.size(); ++first) {
    for (const int shift : {-12, 0}) {
      std::vector<int> keys{nearest_of_class(classes[first], middle - 4) + shift / 2};
      keys[0] = nearest_of_class(classes[first], keys[0]);
      for (int i = 1; i < voices; ++i) {
        const int pc = classes[(first + static_cast<size_t>(i)) % classes.size()];
        keys.push_back(keys.back() + 1 + pitch_class(pc - keys.back() - 1));
      }
      if (keys.front() < lowest || keys.back() > highest) continue;
      int cost = 0;
      for (int i = 0; i < voices; ++i) {
        const int from =
            previous.size() == keys.size() ? previous[static_cast<size_t>(i)] : middle - 4 + 4 * i;
        cost += std::abs(keys[static_cast<size_t>(i)] - from);
      }
      if (cost < best_cost) {
        best_cost = cost;
        best = keys;
      }
    }
  }
  if (!best.empty()) return best;
  // The range is narrow: as many tones as it holds, from the bottom.
  for (int key = lowest; key <= highest && static_cast<int>(best.size()) < voices; ++key) {
    if (holds(chord, key)) best.push_back(key);
  }
  return best;
}

}  // namespace riffle::corpus
