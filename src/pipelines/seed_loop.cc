// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/seed_loop.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <string>

#include "core/error.h"

namespace riffle::pipelines {
namespace {

constexpr double kTwoPi = 2 * std::numbers::pi;

// White noise in -1..1 that is the same everywhere.
class Noise {
 public:
  double next() {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<double>(static_cast<int32_t>(state_ >> 32)) / 2147483648.0;
  }

 private:
  uint64_t state_ = 0x5EED;
};

// A voice gives its sound t seconds after its beginning.
using Voice = std::function<double(double t)>;

double kick(double t) {
  const double phase = 48 * t + 14 * (1 - std::exp(-t * 35)) * 0.25;
  return 0.9 * std::sin(kTwoPi * phase) * std::exp(-t * 9);
}

Voice snare(Noise& noise) {
  return [&noise](double t) {
    return (0.35 * noise.next() + 0.25 * std::sin(kTwoPi * 190 * t)) * std::exp(-t * 18);
  };
}

Voice hat(Noise& noise, double decay) {
  return [&noise, decay, before = 0.0](double t) mutable {
    const double now = noise.next();
    const double bright = now - before;
    before = now;
    return 0.12 * bright * std::exp(-t * decay);
  };
}

// Struck or plucked: partials at these ratios, the higher ones shorter.
Voice pluck(double midi, double decay, std::span<const double> ratios, double level) {
  const double hz = 440 * std::exp2((midi - 69) / 12);
  return [=](double t) {
    double value = 0;
    for (size_t i = 0; i < ratios.size(); ++i) {
      const double order = static_cast<double>(i + 1);
      value += std::sin(kTwoPi * hz * ratios[i] * t) * std::exp(-t * decay * order) / order;
    }
    return level * value;
  };
}

constexpr double kString[] = {1, 2, 3, 4, 5, 6};
constexpr double kMarimba[] = {1, 3.93, 9.2};
constexpr double kVibraphone[] = {1, 4.0, 10.1};

class Player {
 public:
  Player(int64_t beats, int64_t samples, int rate)
      : beats_(beats), rate_(rate), samples_(static_cast<size_t>(samples), 0.0F) {}

  int64_t beats() const { return beats_; }

  // From a beat on, for so long; what is left at the end sounds at the beginning.
  void play(double beat, double seconds, const Voice& voice) {
    const auto length = static_cast<double>(samples_.size());
    const auto start =
        static_cast<size_t>(std::llround(length * beat / static_cast<double>(beats_)));
    const auto count = static_cast<size_t>(seconds * rate_);
    for (size_t i = 0; i < count; ++i) {
      samples_[(start + i) % samples_.size()] +=
          static_cast<float>(voice(static_cast<double>(i) / rate_));
    }
  }

  audio::Waveform finish() {
    float peak = 1e-6F;
    for (const float x : samples_) peak = std::max(peak, std::abs(x));
    for (float& x : samples_) x *= 0.7F / peak;
    return {rate_, {std::move(samples_)}};
  }

 private:
  int64_t beats_;
  int rate_;
  std::vector<float> samples_;
};

void drums(Player& player, Noise& noise, int hats_per_beat) {
  for (int64_t beat = 0; beat < player.beats(); ++beat) {
    const auto at = static_cast<double>(beat);
    if (beat % 2 == 0) player.play(at, 0.5, kick);
    if (beat % 4 == 2) player.play(at + 0.5, 0.5, kick);
    if (beat % 2 == 1) player.play(at, 0.3, snare(noise));
    for (int i = 0; i < hats_per_beat; ++i) {
      player.play(at + static_cast<double>(i) / hats_per_beat, 0.12,
                  hat(noise, i % 2 == 0 ? 45 : 60));
    }
  }
}

void play_beat(Player& player) {
  Noise noise;
  drums(player, noise, 2);
  constexpr double kBass[] = {36, 36, 39, 34};
  for (int64_t beat = 0; beat < player.beats(); ++beat) {
    player.play(static_cast<double>(beat), 0.6, pluck(kBass[beat % 4], 5, kString, 0.3));
  }
}

void play_agile(Player& player) {
  Noise noise;
  drums(player, noise, 4);
  constexpr double kLine[] = {40, 52, 47, 50, 40, 55, 52, 47};
  for (int64_t i = 0; i < 2 * player.beats(); ++i) {
    player.play(static_cast<double>(i) / 2, 0.4, pluck(kLine[i % 8], 8, kString, 0.3));
  }
}

void play_marimba(Player& player) {
  constexpr double kLine[] = {60, 67, 72, 76, 74, 67, 64, 67, 57, 64, 69, 72, 71, 67, 62, 67};
  for (int64_t i = 0; i < 4 * player.beats(); ++i) {
    player.play(static_cast<double>(i) / 4, 0.6, pluck(kLine[i % 16], 7, kMarimba, 0.4));
  }
}

void play_motorway(Player& player) {
  Noise noise;
  for (int64_t beat = 0; beat < player.beats(); ++beat) {
    const auto at = static_cast<double>(beat);
    player.play(at, 0.5, kick);
    player.play(at + 0.5, 0.12, hat(noise, 40));
    if (beat % 2 == 1) player.play(at, 0.3, snare(noise));
    for (int i = 0; i < 4; ++i) {
      player.play(at + 0.25 * i, 0.2, pluck(beat % 8 < 4 ? 33 : 29, 14, kString, 0.25));
    }
  }
}

void play_vibes(Player& player) {
  constexpr double kChords[][3] = {{57, 60, 64}, {53, 57, 60}, {55, 59, 62}, {52, 55, 59}};
  for (int64_t beat = 0; beat < player.beats(); beat += 2) {
    for (const double note : kChords[(beat / 2) % 4]) {
      player.play(static_cast<double>(beat), 1.6, pluck(note + 12, 2.2, kVibraphone, 0.3));
    }
  }
  Noise noise;
  for (int64_t beat = 0; beat < player.beats(); ++beat) {
    player.play(static_cast<double>(beat), 0.3, hat(noise, 25));
  }
}

constexpr SeedLoop kLoops[] = {{"og_beat", "Beat", 94},
                               {"agile", "Agile", 112},
                               {"marim", "Marimba", 100},
                               {"motorway", "Motorway", 122},
                               {"vibes", "Vibes", 86}};
constexpr void (*kPlayers[])(Player&) = {play_beat, play_agile, play_marimba, play_motorway,
                                         play_vibes};

}  // namespace

std::span<const SeedLoop> seed_loops() { return kLoops; }

const SeedLoop& seed_loop(std::string_view id) {
  std::string ids;
  for (const SeedLoop& loop : kLoops) {
    if (loop.id == id) return loop;
    ids += fmt::format("{}{}", ids.empty() ? "" : ", ", loop.id);
  }
  throw Error(ErrorCode::NotFound, fmt::format("there is no seed image \"{}\"", id.substr(0, 64)),
              "there are " + ids);
}

int64_t loop_beats(double bpm, int64_t beats_per_bar, double longest_s) {
  const double bar_s = static_cast<double>(beats_per_bar) * 60 / bpm;
  int64_t bars = 1;
  while (static_cast<double>(2 * bars) * bar_s <= longest_s * (1 + 1e-9)) bars *= 2;
  return bars * beats_per_bar;
}

audio::Waveform play_seed_loop(const SeedLoop& loop, int64_t beats, int64_t samples,
                               int sample_rate) {
  Player player(beats, samples, sample_rate);
  kPlayers[&seed_loop(loop.id) - kLoops](player);
  return player.finish();
}

}  // namespace riffle::pipelines
