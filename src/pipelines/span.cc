// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/span.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "pipelines/length.h"

namespace riffle::pipelines {

void SpanFields::visit_times(FieldVisitor& v) {
  v.field(from, {.name = "from",
                 .help = "Where the new part begins: 12.5s, 1m30s, \"8 bars\"",
                 .required = true});
  v.field(to, {.name = "to", .help = "Where it ends", .required = true});
}

void SpanFields::visit_rest(FieldVisitor& v) {
  v.field(strength, {.name = "strength",
                     .help = "Below 1 the new part keeps something of the old one",
                     .minimum = 0,
                     .maximum = 1});
  visit_tempo(v, bpm, beats_per_bar, "Tempo, for times in bars");
}

void check_times(const std::string& from, const std::string& to, std::optional<double> bpm,
                 int64_t beats_per_bar) {
  constexpr int kRate = 48000;  // of no sound: times are compared
  const Length times{.seconds = {}, .bars = {}, .bpm = bpm, .beats_per_bar = beats_per_bar};
  if (times.place_of(from, kRate, "from") >= times.place_of(to, kRate, "to")) {
    throw Error(ErrorCode::InvalidArgument, fmt::format("nothing lies between {} and {}", from, to),
                "let \"to\" come after \"from\"");
  }
}

Span span_of(const SpanFields& fields, const audio::Waveform& sound, const std::string& file) {
  const Length times{
      .seconds = {}, .bars = {}, .bpm = fields.bpm, .beats_per_bar = fields.beats_per_bar};
  const int rate = sound.sample_rate;
  const Span span{times.place_of(fields.from, rate, "from"),
                  std::min(times.place_of(fields.to, rate, "to"), sound.frames())};
  if (span.from >= span.to) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("{}: nothing lies between {} and {} of a sound of {:.3f} s", file,
                            fields.from, fields.to, sound.duration_s()));
  }
  return span;
}

}  // namespace riffle::pipelines
