// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/chroma_rows.h"

#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "audio/chroma.h"
#include "core/error.h"
#include "models/tone_rows.h"

namespace riffle::pipelines {

void visit_chords(FieldVisitor& v, std::string& chords) {
  v.field(chords, {.name = "chords",
                   .help = "Chords to play, one a bar or bars apart by |, over and over: "
                           "\"Am | F | C G/B\"; needs a tempo",
                   .absent = "as the model likes"});
}

std::vector<text::ChordSpan> chords_of_field(const std::string& chords) {
  if (chords.empty()) return {};
  try {
    return text::parse_chords(chords);
  } catch (const Error& e) {
    throw Error(e.code(), fmt::format("chords: {}", e.message()), e.hint());
  }
}

std::vector<text::ChordSpan> chords_of_field(const std::string& chords, std::optional<double> bpm) {
  std::vector<text::ChordSpan> spans = chords_of_field(chords);
  if (!spans.empty() && !bpm) {
    throw Error(ErrorCode::InvalidArgument, "chords need a tempo", "give one: --bpm 100");
  }
  return spans;
}

at::Tensor chroma_rows(std::span<const text::ChordSpan> chords, double columns_per_bar,
                       int64_t first_column, int64_t columns, int64_t total_columns) {
  at::Tensor rows = at::zeros({1, models::kChromaRows, columns});
  auto value = rows.accessor<float, 3>();
  const double bars = chords.back().end;
  for (int64_t column = 0; column < columns; ++column) {
    int64_t at = first_column + column;
    if (total_columns > 0) at %= total_columns;
    const double bar = (static_cast<double>(at) + 0.5) / columns_per_bar;
    const double place = std::fmod(bar, bars);
    const auto chord = std::ranges::upper_bound(chords, place, std::less{}, &text::ChordSpan::end);
    for (const int tone : chord->pitch_classes) value[0][tone][column] = 1;
    value[0][models::kPitchClasses][column] = 1;
  }
  return rows;
}

at::Tensor heard_chroma_rows(const audio::Waveform& sound, double column_s, int64_t columns,
                             const Job& job) {
  const auto heard = audio::notes_heard(sound, column_s, columns, job);
  at::Tensor rows = at::ones({1, models::kChromaRows, columns});
  auto value = rows.accessor<float, 3>();
  for (int64_t column = 0; column < columns; ++column) {
    for (int64_t tone = 0; tone < models::kPitchClasses; ++tone) {
      value[0][tone][column] = heard[static_cast<size_t>(column)][static_cast<size_t>(tone)];
    }
  }
  return rows;
}

}  // namespace riffle::pipelines
