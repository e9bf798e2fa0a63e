// SPDX-License-Identifier: GPL-3.0-or-later
// The part of a recording that is made anew, as requests say it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "audio/waveform.h"
#include "pipelines/fields.h"

namespace riffle::pipelines {

// References to a request's members.
struct SpanFields {
  std::string& from;
  std::string& to;
  double& strength;
  std::optional<double>& bpm;  // for times in bars
  int64_t& beats_per_bar;

  void visit_times(FieldVisitor& v);
  void visit_rest(FieldVisitor& v);  // strength and tempo
};

// Throws Error{InvalidArgument} for times that are none, and where the end does not come after the
// beginning.
void check_times(const std::string& from, const std::string& to, std::optional<double> bpm,
                 int64_t beats_per_bar);

struct Span {
  int64_t from = 0;  // frames
  int64_t to = 0;    // above from, at most the recording's
};

// Throws Error{InvalidArgument} for times that are none, and where nothing lies between them; the
// message names the file.
Span span_of(const SpanFields& fields, const audio::Waveform& sound, const std::string& file);

}  // namespace riffle::pipelines
