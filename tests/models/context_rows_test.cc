// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/context_rows.h"

#include <ATen/Functions.h>
#include <gmock/gmock.h>

#include <cmath>
#include <optional>

#include "core/error.h"
#include "core/mel_scale.h"
#include "golden.h"
#include "models/prompt_features.h"

namespace riffle::models {
namespace {

constexpr int64_t kMelRows = 32;
constexpr int64_t kRows = 8;
const MelRange kRange{.low_hz = 20, .high_hz = 16000};

// The mel row, counted from the top, that is nearest to a frequency.
int64_t row_of(double hz) {
  const double low = hz_to_mel(kRange.low_hz);
  const double step = (hz_to_mel(kRange.high_hz) - low) / (kRows * kMelRows + 1);
  return kRows * kMelRows - std::llround((hz_to_mel(hz) - low) / step);
}

double hz_of(int midi_key) { return 440 * std::exp2((midi_key - 69) / 12.0); }

// Channels of one latent row after the other as one column of mel rows.
at::Tensor as_mel_rows(const at::Tensor& channels) { return channels.t().reshape({-1}); }

at::Tensor key_of(std::optional<int> key, std::optional<int> mode) {
  return music_features({.key = key, .mode = mode}).unsqueeze(0);
}

TEST(ToneRows, AKeyLiesWhereItsNotesAre) {
  const ToneRows tones(kRange, kMelRows);
  const at::Tensor rows = tones.of_key(key_of(4, 5), kRows)[0];  // E minor
  ASSERT_EQ(rows.sizes(), at::IntArrayRef({ToneRows::key_channels(kMelRows), kRows}));
  const at::Tensor tonic = as_mel_rows(rows.narrow(0, 0, kMelRows));
  const at::Tensor scale = as_mel_rows(rows.narrow(0, kMelRows, kMelRows));
  // From E5 on a semitone is wider than a row.
  for (const int octave : {76, 88, 100}) {
    const auto at = [&](const at::Tensor& values, int above) {
      return values[row_of(hz_of(octave + above))].item<float>();
    };
    for (int above = 1; above < 12; ++above) EXPECT_GT(at(tonic, 0), 2 * at(tonic, above)) << above;
    for (const int inside : {0, 2, 3, 5, 7, 8, 10}) {
      for (const int outside : {1, 4, 6, 9, 11}) {
        EXPECT_GT(at(scale, inside), at(scale, outside)) << inside << " " << outside;
      }
    }
  }
}

TEST(ToneRows, WhatIsNotKnownIsZero) {
  const ToneRows tones(kRange, kMelRows);
  EXPECT_EQ(tones.of_key(key_of({}, {}), kRows).abs().sum().item<float>(), 0);
  const at::Tensor no_mode = tones.of_key(key_of(4, {}), kRows)[0];
  EXPECT_GT(no_mode.narrow(0, 0, kMelRows).sum().item<float>(), 0);
  EXPECT_EQ(no_mode.narrow(0, kMelRows, kMelRows).abs().sum().item<float>(), 0);
  EXPECT_EQ(tones.of_chroma(at::zeros({1, kChromaRows, 3}), kRows).abs().sum().item<float>(), 0);
}

TEST(ToneRows, ChromaSoundsInItsColumnsOnly) {
  const ToneRows tones(kRange, kMelRows);
  at::Tensor chroma = at::zeros({1, kChromaRows, 3});
  chroma[0][9][1] = 1;
  chroma[0][kPitchClasses].narrow(0, 0, 2).fill_(1);
  const at::Tensor rows = tones.of_chroma(chroma, kRows)[0];
  ASSERT_EQ(rows.sizes(), at::IntArrayRef({ToneRows::chroma_channels(kMelRows), kRows, 3}));
  EXPECT_EQ(rows.select(2, 0).narrow(0, 0, kMelRows).abs().sum().item<float>(), 0);
  const at::Tensor sounding = as_mel_rows(rows.select(2, 1).narrow(0, 0, kMelRows));
  EXPECT_GT(sounding[row_of(880)].item<float>(), 5 * sounding[row_of(hz_of(84))].item<float>());
  EXPECT_EQ(rows[kMelRows].select(1, 1).min().item<float>(), 1);  // known
  EXPECT_EQ(rows[kMelRows].select(1, 2).max().item<float>(), 0);
}

TEST(ContextRows, BeatsAndThePlaceOfTheRow) {
  const ContextRows context(ContextRows::kBeatChannels, kMelRows, Json::object());
  EXPECT_TRUE(context.beats());
  EXPECT_FALSE(context.harmony());
  const at::Tensor latents = at::randn({2, 3, 4, 7});
  const at::Tensor input = context.beside(latents, {});
  EXPECT_EQ(input.size(1), 3 + ContextRows::kBeatChannels);
  EXPECT_TRUE(at::equal(input.narrow(1, 0, 3), latents));
  EXPECT_EQ(input.narrow(1, 3, kBeatRows).abs().sum().item<float>(), 0);
  EXPECT_EQ(input[0][3 + kBeatRows][0][0].item<float>(), -1);
  EXPECT_EQ(input[1][3 + kBeatRows][3][6].item<float>(), 1);
  EXPECT_RIFFLE_ERROR(context.beside(latents, {.beats = beat_rows({}, 0, 7)}),
                      ErrorCode::InvalidArgument, "beat rows");
}

TEST(ContextRows, HarmonyComesAfterThem) {
  const Json spectrogram{{"min_frequency", 20}, {"max_frequency", 16000}};
  const int64_t channels = ContextRows::with_harmony(kMelRows);
  const ContextRows context(channels, kMelRows, spectrogram);
  EXPECT_TRUE(context.harmony());
  const at::Tensor latents = at::randn({1, 3, kRows, 5});
  const at::Tensor nothing = context.beside(latents, {});
  EXPECT_EQ(nothing.size(1), 3 + channels);
  const int64_t first = 3 + ContextRows::kBeatChannels;
  const int64_t count = channels - ContextRows::kBeatChannels;
  EXPECT_EQ(nothing.narrow(1, first, count).abs().sum().item<float>(), 0);
  // The numbers are the end of the summary.
  const at::Tensor summary = at::cat({at::ones({1, 6}), key_of(2, 0)}, 1);
  const at::Tensor told = context.beside(latents, {.summary = summary});
  const at::Tensor key = told.narrow(1, first, ToneRows::key_channels(kMelRows));
  const at::Tensor expected = ToneRows(kRange, kMelRows).of_key(key_of(2, 0), kRows);
  for (int64_t column = 0; column < 5; ++column) {
    EXPECT_TRUE(key.select(3, column).equal(expected));
  }
  EXPECT_RIFFLE_ERROR(context.beside(latents, {.chroma = at::zeros({1, kChromaRows, 4})}),
                      ErrorCode::InvalidArgument, "chroma of shape");
}

TEST(ContextRows, RefusesOtherNumbersOfChannels) {
  for (const int64_t channels : {-1, 1, 5, 7}) {
    EXPECT_RIFFLE_ERROR(ContextRows(channels, kMelRows, {}), ErrorCode::InvalidArgument,
                        "channels beside the latents");
  }
}

}  // namespace
}  // namespace riffle::models
