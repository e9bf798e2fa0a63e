// SPDX-License-Identifier: GPL-3.0-or-later
// How long a piece is to be: in seconds, or in bars at a tempo, exact to the sample.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

#include "pipelines/fields.h"

namespace riffle::pipelines {

// The nearest whole number, for places and lengths in samples and frames.
inline int64_t nearest(double value) { return static_cast<int64_t>(std::llround(value)); }

// The fields "bpm" and "beats_per_bar".
void visit_tempo(FieldVisitor& v, std::optional<double>& bpm, int64_t& beats_per_bar,
                 const char* help);

struct Length {
  std::optional<double> seconds = {};
  std::optional<double> bars = {};
  std::optional<double> bpm = {};
  int64_t beats_per_bar = 4;

  void visit(FieldVisitor& v);

  // At that rate, rounded to the nearest sample; `fallback` when neither was given. Throws
  // Error{InvalidArgument} for both at once, for bars without a tempo and for more than two hours.
  int64_t samples(int sample_rate, int64_t fallback) const;
  // Throws what samples() does.
  void check() const;
  // Of the whole piece, rounded; 0 where there is no tempo.
  int64_t beats(int64_t samples, int sample_rate) const;
  // The sample a time stands for: "20s", "1m20s", "4 bars". Throws Error{InvalidArgument}, `what`
  // beginning the message.
  int64_t place_of(std::string_view time, int sample_rate, std::string_view what) const;

 private:
  int64_t samples_of_bars(double count, int sample_rate) const;  // needs a tempo
};

}  // namespace riffle::pipelines
