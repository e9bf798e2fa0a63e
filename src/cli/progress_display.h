// SPDX-License-Identifier: GPL-3.0-or-later
// How far the work is, on stderr: a bar that redraws itself on a terminal, a line every few seconds
// elsewhere.
#pragma once

#include <chrono>
#include <cstdio>
#include <mutex>
#include <string>

#include "core/job.h"

namespace riffle::cli {

// "phase  [#######-------]  45/90  50 %  ETA 0:12", at most `width` columns; without a bar where
// the total is not known.
std::string progress_bar(const Progress& progress, double elapsed_s, int width);
// "phase: 45 of 90 (50 %), 0:12 left"
std::string progress_line(const Progress& progress, double elapsed_s);

class ProgressDisplay {
 public:
  enum class Style { None, Lines, Bar };
  // None with `quiet`; Bar where `stream` is a terminal that can redraw a line; else Lines.
  static Style style_for(std::FILE* stream, bool quiet);

  ProgressDisplay(std::FILE* stream, Style style);
  ~ProgressDisplay();  // clears the bar
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  void update(const Progress& progress);
  void clear();
  // Clears the display that exists, if one does: called before anything else is printed, so that
  // lines do not run into the bar. At most one display exists at a time.
  static void clear_active();

 private:
  using Clock = std::chrono::steady_clock;

  std::FILE* stream_;
  Style style_;
  std::mutex mutex_;
  std::string stage_;
  Clock::time_point stage_start_;
  Clock::time_point last_shown_;
  bool drawn_ = false;
};

}  // namespace riffle::cli
