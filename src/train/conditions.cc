// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/conditions.h"

#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/json.h"
#include "models/beat_rows.h"
#include "models/prompt_features.h"
#include "models/tone_rows.h"
#include "text/music_terms.h"

namespace riffle::train {
namespace {

constexpr double kDefaultHopMs = 20;
constexpr int64_t kStretches = 4;       // over which what sounds is told
constexpr double kColumnsOfNoBar = 12;  // stands for a bar where no tempo is known
constexpr double kMostOvertones = 0.4;

// As what sounds is heard in a recording: the third harmonic of a note sounds like its fifth, the
// fifth like its major third. rows: [kChromaRows, columns].
void add_overtones(at::Tensor& rows, double fifths, double thirds) {
  at::Tensor notes = rows.narrow(0, 0, models::kPitchClasses);
  notes.copy_((notes + fifths * notes.roll(7, 0) + thirds * notes.roll(4, 0)).clamp_max(1));
}

}  // namespace

ConditionMaker::ConditionMaker(const shards::ShardReader& corpus, Tokenizer tokenizer,
                               int64_t length, int64_t frames_per_column, int64_t columns,
                               bool harmony)
    : corpus_(corpus),
      tokenizer_(std::move(tokenizer)),
      length_(length),
      frames_per_column_(static_cast<double>(frames_per_column)),
      columns_(columns),
      harmony_(harmony),
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
  const bool no_chroma = chance.chance(chances.no_chroma);
  const double fineness = chance.uniform();
  const bool heard = chance.chance(0.5);
  const double fifths = chance.uniform() * kMostOvertones;
  const double thirds = chance.uniform() * kMostOvertones;
  Condition condition = make(caption, &record, window, tell_tempo, tell_key, !(nothing || no_tempo),
                             !(nothing || no_key), !(no_beats || (nothing && half)));
  if (harmony_) {
    // As finely as the corpus has it, by the beat, the half bar, the bar: chords are told by these.
    const double bar = columns_per_bar(window) > 0 ? columns_per_bar(window) : kColumnsOfNoBar;
    const std::array<double, kStretches> stretches{0, bar / record.beats_per_bar, bar / 2, bar};
    const double coarse = (fineness - chances.fine_chroma) / (1 - chances.fine_chroma);
    const auto stretch =
        fineness < chances.fine_chroma ? 0 : 1 + static_cast<size_t>(coarse * (kStretches - 1));
    condition.chroma = no_chroma || (nothing && half) ? at::zeros({models::kChromaRows, columns_})
                                                      : chroma(window, stretches.at(stretch));
    if (heard) add_overtones(condition.chroma, fifths, thirds);
  }
  if (nothing || no_text) {
    condition.ids = make("", nullptr, window, false, false, false, false, false).ids;
  }
  return condition;
}

at::Tensor ConditionMaker::chroma(const Window& window, double columns_per_stretch) const {
  const at::Tensor events = corpus_.events(window.record);
  at::Tensor rows = at::zeros({models::kChromaRows, columns_});
  if (!events.defined()) return rows;
  const double events_per_column = frames_per_column_ / corpus_.header().frames_per_event;
  const double first = static_cast<double>(window.first_frame) / frames_per_column_;
  const double bar = first_bar_column(window);
  const int64_t stretches =
      columns_per_stretch > 0
          ? static_cast<int64_t>(static_cast<double>(columns_) / columns_per_stretch) + 2
          : columns_;
  std::vector<int64_t> event_of;
  std::vector<int64_t> stretch_of;
  const double before =
      columns_per_stretch > 0 ? std::floor((first - bar) / columns_per_stretch) : 0;
  for (int64_t column = 0; column < columns_; ++column) {
    const double middle = first + static_cast<double>(column) + 0.5;
    event_of.push_back(
        std::min(static_cast<int64_t>(middle * events_per_column), events.size(1) - 1));
    stretch_of.push_back(
        columns_per_stretch > 0
            ? static_cast<int64_t>(std::floor((middle - bar) / columns_per_stretch) - before)
            : column);
  }
  const at::Tensor sounding = events.narrow(0, 0, models::kPitchClasses)
                                  .index_select(1, at::tensor(event_of, at::kLong))
                                  .to(at::kFloat);
  const at::Tensor index = at::tensor(stretch_of, at::kLong);
  const at::Tensor sums =
      at::zeros({models::kPitchClasses, stretches}).index_add(1, index, sounding);
  const at::Tensor most = std::get<0>(sums.max(0, true)).clamp_min(1);
  rows.narrow(0, 0, models::kPitchClasses).copy_((sums / most).index_select(1, index));
  rows[models::kPitchClasses].fill_(1);
  return rows;
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
