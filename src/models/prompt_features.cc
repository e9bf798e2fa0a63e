// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/prompt_features.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "text/music_terms.h"

namespace riffle::models {

at::Tensor music_features(const MusicFacts& facts) {
  at::Tensor features = at::zeros({kMusicFeatures});
  float* const tempo = features.data_ptr<float>();
  float* const key = tempo + kTempoFeatures;
  float* const mode = key + kKeyFeatures;
  if (facts.bpm) {
    tempo[0] = 1;
    const double octaves = std::log2(*facts.bpm / 60);
    for (int k = 0; k < (kTempoFeatures - 1) / 2; ++k) {
      const double angle = std::numbers::pi * octaves * std::exp2(k - 1);
      tempo[1 + 2 * k] = static_cast<float>(std::sin(angle));
      tempo[2 + 2 * k] = static_cast<float>(std::cos(angle));
    }
  }
  if (facts.key) key[0] = key[1 + *facts.key] = 1;
  if (facts.mode) mode[0] = mode[1 + *facts.mode] = 1;
  return features;
}

PromptFeatures prompt_features(const text::WordVocabulary& vocabulary,
                               std::span<const std::string> prompts, int64_t length,
                               std::optional<double> default_bpm) {
  PromptFeatures features;
  const auto count = static_cast<int64_t>(prompts.size());
  features.ids = at::empty({count, length}, at::kLong);
  std::vector<at::Tensor> numbers;
  int64_t* row = features.ids.data_ptr<int64_t>();
  for (const std::string& prompt : prompts) {
    const text::MusicTerms terms = text::find_music_terms(prompt);
    const auto encoded = vocabulary.encode(terms.rest, length);
    row = std::ranges::copy(encoded.ids, row).out;
    if (!encoded.unknown.empty()) {
      features.notes.push_back(
          fmt::format("the model does not know the words: {}", fmt::join(encoded.unknown, ", ")));
    }
    if (encoded.dropped > 0) {
      features.notes.push_back(
          fmt::format("the prompt is too long: its last {} words were dropped", encoded.dropped));
    }
    MusicFacts facts{.bpm = terms.bpm, .key = terms.key, .mode = terms.mode};
    if (!facts.bpm && !prompt.empty()) facts.bpm = default_bpm;
    numbers.push_back(music_features(facts));
    features.facts.push_back(facts);
  }
  features.numbers = at::stack(numbers);
  return features;
}

at::Tensor prompt_summary(const at::Tensor& hidden, const at::Tensor& ids,
                          const at::Tensor& numbers) {
  // The first end token: as many words as come before it.
  const at::Tensor ends = ids.ne(text::WordVocabulary::kEnd).sum(1).clamp_max(ids.size(1) - 1);
  const at::Tensor index = ends.view({-1, 1, 1}).expand({-1, 1, hidden.size(2)});
  return at::cat({hidden.gather(1, index).squeeze(1), numbers}, 1);
}

}  // namespace riffle::models
