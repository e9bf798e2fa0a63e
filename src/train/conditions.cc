// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/conditions.h"

#include <utility>

#include "core/json.h"
#include "models/beat_rows.h"
#include "models/prompt_features.h"
#include "text/music_terms.h"

namespace riffle::train {
namespace {

constexpr double kDefaultHopMs = 20;

}  // namespace

ConditionMaker::ConditionMaker(const shards::ShardReader& corpus, Tokenizer tokenizer,
                               int64_t length, int64_t frames_per_column, int64_t columns)
    : corpus_(corpus),
      tokenizer_(std::move(tokenizer)),
      length_(length),
      frames_per_column_(static_cast<double>(frames_per_column)),
      columns_(columns),
      seconds_per_frame_(corpus.header().spectrogram.value("step_size_ms", kDefaultHopMs) / 1000) {}

double ConditionMaker::columns_per_bar(const Window& window) const {
  const shards::Record& record = corpus_.records()[window.record];
  if (!record.maybe_bpm) return 0;
  return columns_per_second() * 60 / *record.maybe_bpm * record.beats_per_bar;
}

double ConditionMaker::first_bar_column(const Window& window) const {
  return corpus_.records()[window.record].first_beat_s * columns_per_second();
}

Condition ConditionMaker::make(const std::string& caption, const shards::Record* record,
                               const Window& window, bool tell_tempo, bool tell_key, bool tempo,
                               bool key, bool beats) const {
  Condition condition;
  if (const auto* clip = std::get_if<text::ClipTokenizer>(&tokenizer_)) {
    condition.ids = clip->encode_padded(caption);
    return condition;
  }
  const auto features = models::prompt_features(std::get<text::WordVocabulary>(tokenizer_),
                                                std::span(&caption, 1), length_);
  const auto* ids = features.ids.data_ptr<int64_t>();
  condition.ids.assign(ids, ids + length_);
  models::MusicFacts facts = features.facts.front();
  if (record != nullptr && tell_tempo && !facts.bpm) facts.bpm = record->maybe_bpm;
  if (record != nullptr && tell_key) {
    if (!facts.key && record->maybe_key) facts.key = text::pitch_class_of(*record->maybe_key);
    if (!facts.mode && record->maybe_mode) facts.mode = text::mode_index_of(*record->maybe_mode);
  }
  if (!tempo) facts.bpm.reset();
  if (!key) {
    facts.key.reset();
    facts.mode.reset();
  }
  condition.numbers = models::music_features(facts);
  if (columns_ == 0) return condition;
  models::BeatGrid grid;
  int64_t first_column = 0;
  if (record == nullptr && facts.bpm) {
    grid.columns_per_beat = columns_per_second() * 60 / *facts.bpm;
  } else if (record != nullptr && record->maybe_bpm && beats) {
    grid = {.columns_per_beat = columns_per_second() * 60 / *record->maybe_bpm,
            .beats_per_bar = record->beats_per_bar,
            .first_beat = record->first_beat_s * columns_per_second()};
    first_column = window.first_frame / static_cast<int64_t>(frames_per_column_);
  }
  condition.beats = models::beat_rows(grid, first_column, columns_)[0];
  return condition;
}

Condition ConditionMaker::random(const Window& window, const ConditionChances& chances,
                                 Random& chance) const {
  const shards::Record& record = corpus_.records()[window.record];
  const auto& captions = record.segments[window.segment].captions;
  const std::string& caption =
      captions[static_cast<size_t>(chance.below(static_cast<int64_t>(captions.size())))];
  // Every one of them is drawn whatever comes of it: a sample's chance is always as long.
  const bool nothing = chance.chance(chances.nothing);
  const bool half = chance.chance(0.5);
  const bool no_text = chance.chance(chances.no_text);
  const bool no_tempo = chance.chance(chances.no_tempo);
  const bool no_key = chance.chance(chances.no_key);
  const bool no_beats = chance.chance(chances.no_beats);
  const bool tell_tempo = chance.chance(chances.tell_tempo);
  const bool tell_key = chance.chance(chances.tell_key);
  Condition condition = make(caption, &record, window, tell_tempo, tell_key, !(nothing || no_tempo),
                             !(nothing || no_key), !(no_beats || (nothing && half)));
  if (nothing || no_text) {
    condition.ids = make("", nullptr, window, false, false, false, false, false).ids;
  }
  return condition;
}

Condition ConditionMaker::plain(const Window& window) const {
  const shards::Record& record = corpus_.records()[window.record];
  return make(record.segments[window.segment].captions.front(), &record, window, false, false, true,
              true, true);
}

Condition ConditionMaker::of_prompt(const std::string& prompt) const {
  return make(prompt, nullptr, {}, false, false, true, true, true);
}

text::WordVocabulary build_vocabulary(const shards::ShardReader& corpus, int64_t at_least) {
  std::vector<std::string> captions;
  for (const size_t index : corpus.indices(shards::Split::Train)) {
    for (const shards::Segment& segment : corpus.records()[index].segments) {
      for (const std::string& caption : segment.captions) {
        captions.push_back(text::find_music_terms(caption).rest);
      }
    }
  }
  return text::WordVocabulary::build(captions, at_least);
}

}  // namespace riffle::train
