// SPDX-License-Identifier: GPL-3.0-or-later
// What a window of a corpus is said to be: a caption as token ids, tempo and key as numbers, where
// its beats lie; with parts left out by chance, so that a model also knows what to do without them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "text/clip_tokenizer.h"
#include "text/word_vocabulary.h"
#include "train/windows.h"

namespace riffle::train {

// How often (0 to 1) what is left out, and how often facts are told that the caption does not say.
struct ConditionChances {
  double nothing = 0.10;  // no caption, tempo and key; and no beats in half of these
  double no_text = 0.05;
  double no_tempo = 0.10;
  double no_key = 0.10;
  double no_beats = 0.10;
  double no_chroma = 0.5;  // with nothing told: in half of the rest too
  // Of what is told of chroma, how much is told column by column, as covers tell it; the rest by
  // the beat, the half bar and the bar, as chords are told.
  double fine_chroma = 0.25;
  double tell_tempo = 0.5;
  double tell_key = 0.3;
};

// Of one window.
struct Condition {
  std::vector<int64_t> ids;
  at::Tensor numbers;  // [kMusicFeatures]; undefined with CLIP's tokens
  at::Tensor beats;    // [kBeatRows, columns]; undefined where the model follows none
  at::Tensor chroma;   // [kChromaRows, columns]; the same
};

using Tokenizer = std::variant<text::WordVocabulary, text::ClipTokenizer>;

class ConditionMaker {
 public:
  // length: token ids a prompt. columns: latent columns of a window, 0 without beats. harmony: make
  // chroma.
  ConditionMaker(const shards::ShardReader& corpus, Tokenizer tokenizer, int64_t length,
                 int64_t frames_per_column, int64_t columns, bool harmony = false);

  // With one of the segment's captions and everything else that is by chance.
  Condition random(const Window& window, const ConditionChances& chances, Random& chance) const;
  // With the first caption and everything in it.
  Condition plain(const Window& window) const;
  // Of a caption from elsewhere; the tempo's first beat is at the start.
  Condition of_prompt(const std::string& prompt) const;

  // What sounds, [kChromaRows, columns]: over stretches of so many columns counted from the first
  // bar, as shares of what sounds most in it; 0: column by column. Unknown where the corpus does
  // not say.
  at::Tensor chroma(const Window& window, double columns_per_stretch) const;

  const Tokenizer& tokenizer() const { return tokenizer_; }
  int64_t columns() const { return columns_; }
  // Latent columns from one bar to the next, and the column of the first; 0 where nothing is known.
  double columns_per_bar(const Window& window) const;
  double first_bar_column(const Window& window) const;

 private:
  Condition make(const std::string& caption, const shards::Record* record, const Window& window,
                 bool tell_tempo, bool tell_key, bool tempo, bool key, bool beats) const;
  double columns_per_second() const { return 1 / (seconds_per_frame_ * frames_per_column_); }

  const shards::ShardReader& corpus_;
  Tokenizer tokenizer_;
  int64_t length_;
  double frames_per_column_;
  int64_t columns_;
  bool harmony_;
  double seconds_per_frame_;
};

// The vocabulary of all training captions.
text::WordVocabulary build_vocabulary(const shards::ShardReader& corpus, int64_t at_least = 2);

}  // namespace riffle::train
