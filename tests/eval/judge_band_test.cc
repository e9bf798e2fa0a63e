// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/judge_band.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/error.h"
#include "corpus/random.h"
#include "signals.h"
#include "support/test_files.h"

namespace riffle::eval {
namespace {

using test::kRate;
using test::silence;

void add_click(audio::Waveform& sound, double at_s) { test::add_stroke(sound, at_s, 0.6); }

void add_tone(audio::Waveform& sound, int pitch_class, double from_s, double to_s) {
  test::add_note(sound, from_s, to_s - from_s, 60 + pitch_class);
}

// A chord on every beat, three tones each, another one every two seconds.
audio::Waveform chords_on_beats(double bpm, const std::vector<int>& roots, double seconds) {
  audio::Waveform sound = silence(seconds);
  for (double at = 0; at < seconds; at += 60 / bpm) {
    test::add_stroke(sound, at, 0.02);
    const int root = roots[static_cast<size_t>(at / 2) % roots.size()];
    for (const int tone : {0, 4, 7}) add_tone(sound, root + tone, at, at + 60 / bpm);
  }
  return sound;
}

std::vector<ChordSpan> spans_of(const std::vector<int>& roots, double seconds) {
  std::vector<ChordSpan> spans;
  for (size_t i = 0; static_cast<double>(i) * 2 < seconds; ++i) {
    ChordSpan span{.start_s = static_cast<double>(i) * 2, .tones = {}};
    for (const int tone : {0, 4, 7}) {
      span.tones[static_cast<size_t>((roots[i % roots.size()] + tone) % 12)] = true;
    }
    spans.push_back(span);
  }
  return spans;
}

TEST(BeatAgreement, TellsTheGridFromAnywhere) {
  const auto on = onset_strength(chords_on_beats(112, {0}, 8));
  EXPECT_GT(*beat_agreement(on, {.bpm = 112, .first_beat_s = 0}), 0.8);
  EXPECT_GT(*beat_agreement(on, {.bpm = 112, .first_beat_s = -60.0 / 112}), 0.8);
  EXPECT_LT(*beat_agreement(on, {.bpm = 97, .first_beat_s = 0}), 0.3);
  audio::Waveform anywhere = silence(8);
  corpus::Random random(3);
  for (int i = 0; i < 16; ++i) add_click(anywhere, random.uniform(0, 7.9));
  EXPECT_LT(*beat_agreement(onset_strength(anywhere), {.bpm = 112}), 0.5);
  EXPECT_FALSE(beat_agreement(onset_strength(silence(4)), {}).has_value());
}

TEST(ChordAgreement, TellsTheChordFromOthers) {
  const Chroma chroma = chroma_of(chords_on_beats(120, {0, 5}, 8));
  EXPECT_GT(*chord_agreement(chroma, spans_of({0, 5}, 8)), 0.6);
  EXPECT_LT(*chord_agreement(chroma, spans_of({6, 11}, 8)), 0.3);
  EXPECT_FALSE(chord_agreement(chroma, {}).has_value());
  EXPECT_FALSE(chord_agreement(chroma_of(silence(3)), spans_of({0}, 3)).has_value());
}

TEST(ShareOfWay, IsLinearAndMayBeUnknown) {
  EXPECT_DOUBLE_EQ(*share_of_way(0.5, 0.2, 0.6), 0.75);
  EXPECT_LT(*share_of_way(0.1, 0.2, 0.6), 0);
  EXPECT_FALSE(share_of_way(0.1, 0.4, 0.4).has_value());
}

TEST(PromptAdherence, IsOneForRealAndNoneForMixedUp) {
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(1);
  const at::Tensor real = at::randn({40, 4}, generator);
  const at::Tensor wrong = at::randn({40, 4}, generator) + 3;
  EXPECT_NEAR(prompt_adherence(real, real, wrong), 1, 1e-3);
  EXPECT_NEAR(prompt_adherence(wrong, real, wrong), 0, 1e-3);
  EXPECT_NEAR(prompt_adherence((real + wrong) / 2, real, wrong), 0.5, 0.2);
}

TEST(LogSpectralDistance, IsTheGainOfALouderCopy) {
  const audio::Waveform sound = chords_on_beats(120, {0}, 2);
  audio::Waveform louder = sound;
  for (float& x : louder.samples[0]) x *= 2;
  EXPECT_EQ(log_spectral_distance(sound, sound), 0);
  EXPECT_NEAR(log_spectral_distance(sound, louder), 6.02, 0.7);
}

// Six songs of two stems at tempi and in keys of their own.
class Songs final : public corpus::PairSources {
 public:
  int64_t count() const override { return 7; }
  bool has(int64_t number) const override { return number != 3; }
  shards::Split split_of(int64_t number) const override {
    return number == 0 ? shards::Split::Train : shards::Split::Test;
  }
  std::vector<corpus::PairSource> read(int64_t number, const Job&) const override {
    const double bpm = 80 + 13 * static_cast<double>(number);
    const std::vector<int> roots{static_cast<int>(number), static_cast<int>(number) + 5};
    corpus::PairSource source;
    source.facts.id = fmt::format("{:06}", number);
    source.facts.song = source.facts.id;
    source.facts.split = split_of(number);
    source.facts.maybe_bpm = bpm;
    source.facts.maybe_key = "C";
    source.facts.maybe_mode = "major";
    for (int i = 0; i < 6; ++i) {
      source.facts.chords.push_back({i * 2.0, roots[static_cast<size_t>(i) % 2] % 12, "maj"});
    }
    source.facts.stems = {{"piano", "chords", false, {}}, {"organ", "chords", false, {}}};
    source.stems = {chords_on_beats(bpm, roots, 12), chords_on_beats(bpm, roots, 12)};
    return {source};
  }
};

BandItemOptions item_options() { return {.count = 8, .seconds = 6}; }

TEST(BandItems, AreHeldOutSongsWithOneStemTakenOut) {
  const auto items = band_items(Songs(), item_options());
  ASSERT_EQ(items.size(), 8U);  // five songs once, three of them twice
  for (const BandItem& item : items) {
    EXPECT_NE(item.song, "000000");
    EXPECT_EQ(item.context.frames(), 6 * kRate);
    EXPECT_EQ(item.stem.frames(), 6 * kRate);
    EXPECT_EQ(item.key, "C major");
    EXPECT_NE(item.like.samples, item.stem.samples);  // of another place
    EXPECT_GE(item.like.duration_s(), 3);
    // The grid and the chords are those of the piece, wherever it was cut.
    EXPECT_GT(beat_agreement(onset_strength(item.stem), item.grid).value_or(0), 0.7);
    EXPECT_GT(chord_agreement(chroma_of(item.stem), item.chords).value_or(0), 0.5);
  }
  EXPECT_NE(items[0].song, items[1].song);
  for (size_t i = 0; i < items.size(); ++i) {
    EXPECT_NE(items[of_another_song(items, i)].song, items[i].song);
    EXPECT_NE(items[like_tempo_and_key(items, i)].song, items[i].song);
  }
}

const Row& row_of(const Report& report, const std::string& name) {
  const auto row = std::ranges::find_if(report.rows, [&](const Row& r) { return r.name == name; });
  EXPECT_NE(row, report.rows.end()) << name;
  return *row;
}

TEST(JudgeBand, WhoPlaysTheTrueStemPassesWhoPlaysAnythingFails) {
  auto items = band_items(Songs(), item_options());
  for (BandItem& item : items) item.like = item.stem;
  BandPlayer player{
      .name = "true",
      .play = [](const audio::Waveform&, const audio::Waveform& like, uint64_t,
                 const Job&) { return like; },
      .embed = {},
      .through_codec = [](const audio::Waveform& sound, const Job&) { return sound; }};
  const Report good = judge_band(player, items, nullptr, {});
  for (const char* name : {"beat", "chords"}) {
    const Row& row = row_of(good, name);
    EXPECT_TRUE(row.passed()) << name;
    EXPECT_DOUBLE_EQ(*row.maybe_value, *row.maybe_ceiling);
    EXPECT_LT(*row_of(good, fmt::format("{}_2", name)).maybe_value, *row.maybe_value);
  }
  EXPECT_EQ(row_of(good, "codec").maybe_value, 0);
  player.play = [](const audio::Waveform& context, const audio::Waveform&, uint64_t seed,
                   const Job&) {
    audio::Waveform sound = silence(context.duration_s());
    corpus::Random random(seed);
    for (int i = 0; i < 12; ++i) {
      const double at = random.uniform(0, 5.9);
      add_click(sound, at);
      add_tone(sound, random.between(0, 11), at, at + 1);
    }
    return sound;
  };
  const Report bad = judge_band(player, items, nullptr, {});
  EXPECT_TRUE(row_of(bad, "beat").failed());
  EXPECT_TRUE(row_of(bad, "chords").failed());
}

TEST(JudgeBand, EmbeddingsTellSetsApart) {
  auto items = band_items(Songs(), item_options());
  for (BandItem& item : items) item.like = item.stem;
  int played = 0;
  const BandPlayer player{
      .name = "true",
      .play =
          [&](const audio::Waveform&, const audio::Waveform& like, uint64_t, const Job&) {
            ++played;
            return like;
          },
      .embed =
          [](const audio::Waveform& sound, const Job&) {
            PitchClasses sum{};
            for (const PitchClasses& column : chroma_of(sound).columns) {
              for (size_t c = 0; c < 12; ++c) sum[c] += column[c];
            }
            const at::Tensor values = at::tensor({sum[0], sum[3], sum[7], sum[8]});
            return values / values.norm();
          },
      .through_codec = {}};
  const Report report = judge_band(player, items, nullptr, {.takes = 2, .diverse_items = 2});
  EXPECT_EQ(played, 8 + 2);
  EXPECT_NEAR(*row_of(report, "adherence").maybe_value, 1, 1e-3);
  EXPECT_NEAR(*row_of(report, "frechet").maybe_value, 0, 1e-3);
  EXPECT_NEAR(*row_of(report, "style").maybe_value, 1, 1e-3);
  EXPECT_NEAR(*row_of(report, "diversity").maybe_value, 0, 1e-3);
}

TEST(JudgeBand, WantsMoreThanOneSong) {
  auto items = band_items(Songs(), item_options());
  items.resize(1);
  EXPECT_RIFFLE_ERROR(judge_band({}, items, nullptr, {}), ErrorCode::InvalidArgument, "one song");
}

}  // namespace
}  // namespace riffle::eval
