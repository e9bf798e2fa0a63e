// SPDX-License-Identifier: GPL-3.0-or-later
// What a model with a word vocabulary reads of prompts: known words as token ids, tempo and key as
// numbers. The same in training and in use.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "text/word_vocabulary.h"

namespace riffle::models {

// One prompt's tempo and key as numbers, each part zero where it is not known: a flag, sines and
// cosines of the logarithm of the tempo; a flag and the pitch class; a flag and the mode.
inline constexpr int64_t kTempoFeatures = 1 + 12;
inline constexpr int64_t kKeyFeatures = 1 + 12;
inline constexpr int64_t kModeFeatures = 1 + 8;
inline constexpr int64_t kMusicFeatures = kTempoFeatures + kKeyFeatures + kModeFeatures;

struct MusicFacts {
  std::optional<double> bpm{};
  std::optional<int> key{};   // pitch class, 0 = C
  std::optional<int> mode{};  // index in text::kModes
};

at::Tensor music_features(const MusicFacts& facts);  // [kMusicFeatures], float32

struct PromptFeatures {
  at::Tensor ids;      // int64 [B, T]
  at::Tensor numbers;  // float32 [B, kMusicFeatures]
  std::vector<MusicFacts> facts;
  std::vector<std::string> notes;  // words that are not known or did not fit
};

// default_bpm: the tempo of prompts that name none and are not empty.
PromptFeatures prompt_features(const text::WordVocabulary& vocabulary,
                               std::span<const std::string> prompts, int64_t length,
                               std::optional<double> default_bpm = {});

// The one embedding of each prompt that goes beside its tokens: the text encoder's state at the end
// of the text, [B, D], and the numbers. hidden: [B, T, D], its last hidden state.
at::Tensor prompt_summary(const at::Tensor& hidden, const at::Tensor& ids,
                          const at::Tensor& numbers);  // [B, D + kMusicFeatures]

}  // namespace riffle::models
