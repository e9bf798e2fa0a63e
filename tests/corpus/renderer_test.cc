// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/renderer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <fstream>
#include <numbers>
#include <set>

#include "audio/loudness.h"
#include "core/error.h"
#include "support/test_files.h"
#include "test_songs.h"

namespace riffle::corpus {
namespace {

using test_songs::small_song;

constexpr int kRate = 44100;

Renderer small_renderer() { return Renderer(find_soundfonts({test_songs::kSmallFont}), kRate); }

float peak(const audio::Waveform& sound, int64_t begin, int64_t end) {
  float most = 0;
  for (const auto& channel : sound.samples) {
    for (int64_t i = begin; i < end; ++i) {
      most = std::max(most, std::abs(channel[static_cast<size_t>(i)]));
    }
  }
  return most;
}

// Amplitude of a partial, over a Hann window.
double partial(const audio::Waveform& sound, int64_t begin, int64_t length, double hz) {
  std::complex<double> sum = 0;
  for (int64_t i = 0; i < length; ++i) {
    const double phase = 2 * std::numbers::pi * static_cast<double>(i);
    const double window = 0.5 - 0.5 * std::cos(phase / static_cast<double>(length));
    const auto at = static_cast<size_t>(begin + i);
    sum += window * static_cast<double>(sound.samples[0][at] + sound.samples[1][at]) *
           std::polar(1.0, -phase * hz / kRate);
  }
  return std::abs(sum) / static_cast<double>(length);
}

Song one_note(int key, int program, int64_t start = kTicksPerBeat) {
  Song song = small_song();
  song.tracks = {{.instrument = "flute", .role = "lead", .program = program}};
  song.tracks[0].notes = {{start, 2 * kTicksPerBeat, key, 100}};
  song.sections = {{"verse", 0, 6, {0}}};
  return song;
}

TEST(Renderer, TheSameSongSoundsTheSameWhateverCameBefore) {
  RIFFLE_SMALL_FONT_OR_SKIP();
  Renderer renderer = small_renderer();
  const Rendering first = renderer.render(small_song(1), 0, 5 * kRate);
  const Rendering other = renderer.render(small_song(2), 0, 3 * kRate + 17);
  const Rendering again = renderer.render(small_song(1), 0, 5 * kRate);
  const Rendering fresh = small_renderer().render(small_song(1), 0, 5 * kRate);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(first.stems[i].samples, again.stems[i].samples) << i;
    EXPECT_EQ(first.stems[i].samples, fresh.stems[i].samples) << i;
    EXPECT_NE(first.stems[i].samples, other.stems[i].samples) << i;
  }
  EXPECT_EQ(first.bus.gain_db, again.bus.gain_db);
}

TEST(Renderer, ASongIsItsOwnBeginning) {
  RIFFLE_SMALL_FONT_OR_SKIP();
  // Without a bus and balance of its own, a shorter rendering is the longer one's beginning.
  Renderer renderer = small_renderer();
  const Song song = one_note(69, 73);
  const Rendering longer = renderer.render(song, 0, 4 * kRate);
  const Rendering shorter = renderer.render(song, 0, 3 * kRate + 11);
  const double gain =
      std::pow(10, (longer.treatments[0].gain_db - shorter.treatments[0].gain_db) / 20);
  for (size_t i = 0; i < shorter.stems[0].samples[0].size(); ++i) {
    ASSERT_NEAR(longer.stems[0].samples[0][i], gain * shorter.stems[0].samples[0][i], 1e-5) << i;
  }
}

TEST(Renderer, ANoteSoundsWhenAndAtThePitchItShould) {
  RIFFLE_SMALL_FONT_OR_SKIP();
  Renderer renderer = small_renderer();
  for (const int key : {57, 69, 76}) {
    const Song song = one_note(key, 73);
    const Rendering rendering = renderer.render(song, 0, 4 * kRate);
    const audio::Waveform& stem = rendering.stems[0];
    // It begins at 0.5 s, to within FluidSynth's block of 64 samples.
    const int64_t begin = kRate / 2;
    EXPECT_LT(peak(stem, 0, begin - 64), 1e-6);
    EXPECT_GT(peak(stem, begin, begin + kRate / 10), 0.01);
    // The pitch, with the song's detuning: the partial is strongest there, a semitone off it is
    // not.
    const double hz = 440 * std::exp2((key - 69 + rendering.treatments[0].detune_cents / 100) / 12);
    const int64_t from = begin + kRate / 4;
    const double right = partial(stem, from, kRate / 2, hz);
    for (const double off : {-1.0, -0.5, 0.5, 1.0}) {
      EXPECT_GT(right, 4 * partial(stem, from, kRate / 2, hz * std::exp2(off / 12))) << key << off;
    }
    EXPECT_LT(std::abs(rendering.treatments[0].detune_cents), 15.001);
    // It ends at 1.5 s, but for its release.
    EXPECT_LT(peak(stem, 3 * kRate, 4 * kRate), 0.02F * peak(stem, from, from + kRate / 2));
  }
}

TEST(Renderer, PitchBendsAndVolumeAreHeard) {
  RIFFLE_SMALL_FONT_OR_SKIP();
  Renderer renderer = small_renderer();
  Song song = one_note(69, 73);
  const Rendering plain = renderer.render(song, 0, 2 * kRate);
  song.tracks[0].controls = {{0, kPitchBend, 4096}};  // half of two semitones
  const Rendering bent = renderer.render(song, 0, 2 * kRate);
  const double hz = 440 * std::exp2((1 + bent.treatments[0].detune_cents / 100) / 12);
  EXPECT_GT(partial(bent.stems[0], 3 * kRate / 4, kRate / 2, hz),
            10 * partial(plain.stems[0], 3 * kRate / 4, kRate / 2, hz));
  song.tracks[0].controls = {{2 * kTicksPerBeat, 7, 0}};  // volume off in the middle of the note
  const Rendering silenced = renderer.render(song, 0, 2 * kRate);
  EXPECT_LT(peak(silenced.stems[0], 5 * kRate / 4, 2 * kRate), 1e-3);
}

TEST(Renderer, TheMixIsTheSumOfTheStems) {
  RIFFLE_SMALL_FONT_OR_SKIP();
  const Rendering rendering = small_renderer().render(small_song(), 0, 6 * kRate);
  const audio::Waveform whole = mix_stems(rendering, {0, 1, 2});
  audio::Waveform sum = mix_stems(rendering, {0});
  add_scaled(sum, mix_stems(rendering, {1}), 1);
  add_scaled(sum, mix_stems(rendering, {2}), 1);
  for (size_t c = 0; c < 2; ++c) {
    for (size_t i = 0; i < whole.samples[c].size(); ++i) {
      ASSERT_NEAR(whole.samples[c][i], sum.samples[c][i], 1e-5) << i;
    }
  }
}

TEST(Renderer, MixesHaveTheirLoudnessAndEveryStemIsHeard) {
  RIFFLE_SMALL_FONT_OR_SKIP();
  Renderer renderer = small_renderer();
  bool compressed = false;
  bool saturated = false;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    const Rendering rendering = renderer.render(small_song(seed), 0, 12 * kRate);
    audio::Waveform mix = mix_stems(rendering, {0, 1, 2});
    apply_bus(mix, rendering.bus);
    EXPECT_NEAR(audio::measure_loudness(mix).integrated_lufs, Renderer::kMixLufs, 0.1) << seed;
    for (const auto& stem : rendering.stems) {
      // Three equal stems lie 4.8 dB below the whole, chance moves each by 2.5 dB at most, and they
      // do not all sound all the time.
      EXPECT_GT(active_level_db(stem), -18 - 10) << seed;
      EXPECT_LT(active_level_db(stem), -18 + 1) << seed;
    }
    compressed = compressed || rendering.bus.compressor.ratio > 1;
    saturated = saturated || rendering.bus.drive_db > -60;
  }
  EXPECT_TRUE(compressed && saturated);
}

TEST(Renderer, SeedsDrawDifferentPresetsRoomsAndTunings) {
  RIFFLE_SMALL_FONT_OR_SKIP();
  Renderer renderer = small_renderer();
  std::set<double> detunings, decays, lows;
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    const Rendering rendering = renderer.render(small_song(seed), 0, kRate);
    detunings.insert(rendering.treatments[1].detune_cents);
    EXPECT_EQ(rendering.treatments[0].detune_cents, 0);  // drums
    EXPECT_EQ(rendering.treatments[0].bank, 128);
    EXPECT_EQ(rendering.treatments[2].program, 73);
    decays.insert(rendering.bus.reverb.decay_s);
    lows.insert(rendering.treatments[2].eq.low_db);
  }
  EXPECT_EQ(detunings.size(), 8U);
  EXPECT_EQ(decays.size(), 8U);
  EXPECT_EQ(lows.size(), 8U);
}

TEST(Renderer, RefusesWhatItCannotPlay) {
  RIFFLE_SMALL_FONT_OR_SKIP();
  Song song = small_song();
  song.tracks.resize(17, song.tracks[1]);
  EXPECT_RIFFLE_ERROR(small_renderer().render(song, 0, kRate), ErrorCode::Unsupported,
                      "17 tracks, expected at most 16");
  test::TemporaryFolder folder;
  std::ofstream(folder / "x.sf2") << "RIFF, but no soundfont";
  EXPECT_RIFFLE_ERROR(Renderer({{"x", folder / "x.sf2"}}, kRate).render(small_song(), 0, kRate),
                      ErrorCode::BadFile, "x.sf2");
  EXPECT_RIFFLE_ERROR(Renderer({}, 4000), ErrorCode::InvalidArgument, "4000 Hz");
}

TEST(Soundfonts, AreFoundByNameAndByPath) {
  RIFFLE_SMALL_FONT_OR_SKIP();
  const auto by_name = find_soundfonts({"TimGM"});
  ASSERT_EQ(by_name.size(), 1U);
  EXPECT_EQ(by_name[0].name, "TimGM6mb");
  const auto twice = find_soundfonts({by_name[0].path.string(), "TimGM6mb"});
  EXPECT_EQ(twice.size(), 1U);
  EXPECT_RIFFLE_ERROR(find_soundfonts({"NoSuchFont"}), ErrorCode::NotFound, "NoSuchFont");
  EXPECT_TRUE(name_begins_with("MuseScore_General_Lite", {"MuseScore_General"}));
  EXPECT_FALSE(name_begins_with("TimGM6mb", {"MuseScore_General", ""}));
}

}  // namespace
}  // namespace riffle::corpus
