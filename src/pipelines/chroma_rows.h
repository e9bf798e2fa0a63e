// SPDX-License-Identifier: GPL-3.0-or-later
// What is to sound, column by column, as models are told it (models/tone_rows.h): chords that were
// asked for, or what is heard in a recording.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "audio/waveform.h"
#include "core/job.h"
#include "pipelines/fields.h"
#include "text/chords.h"

namespace riffle::pipelines {

// The note of a clip whose chords its model does not follow.
inline constexpr const char* kChordsUnheard =
    "this model does not follow chords: they are not heard";

// A request's field "chords".
void visit_chords(FieldVisitor& v, std::string& chords);
// What it says; none where it is empty. Throws Error{InvalidArgument} for what is
// no progression.
std::vector<text::ChordSpan> chords_of_field(const std::string& chords);
// The same of a request in which nothing else than `bpm` says how fast they pass: throws without
// it too.
std::vector<text::ChordSpan> chords_of_field(const std::string& chords, std::optional<double> bpm);

// What sounds in the columns of a window that begins at first_column: [1, kChromaRows, columns].
// total_columns: of a loop, whose last column is followed by its first; else 0.
at::Tensor chroma_rows(std::span<const text::ChordSpan> chords, double columns_per_bar,
                       int64_t first_column, int64_t columns, int64_t total_columns = 0);

// What is heard in each column of a recording: [1, kChromaRows, columns].
at::Tensor heard_chroma_rows(const audio::Waveform& sound, double column_s, int64_t columns,
                             const Job& job);

}  // namespace riffle::pipelines
