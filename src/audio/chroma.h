// SPDX-License-Identifier: GPL-3.0-or-later
// Chroma: how strong each of the twelve pitch classes is, over time. Harmonic pitch class profiles
// (Gomez, "Tonal description of polyphonic audio for music content processing", 2006): spectral
// peaks, each counted for the notes it can be a harmonic of, on the tuning the clip has; what lasts
// a moment only, as drums do, is taken out by a median over time (FitzGerald, DAFx 2010).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "audio/waveform.h"
#include "core/job.h"

namespace riffle::audio {

using PitchClasses = std::array<float, 12>;  // from C upwards

struct Chroma {
  double rate_hz = 0;                 // columns a second
  double tuning_semitones = 0;        // of the clip against A = 440 Hz, -0.5..0.5
  std::vector<PitchClasses> columns;  // each with its largest at 1; zeros where it is silent
  std::vector<PitchClasses> bass;     // the same of what lies below middle C, as it sounds: no peak
                                      // is taken for a harmonic
};

// About 10 columns a second.
Chroma chroma_of(const Waveform& sound, const Job& job = {});

// Which notes are heard in each of `count` stretches of so many seconds from the beginning: the
// mean of the chroma there, less what is no stronger beside the strongest than overtones are.
std::vector<PitchClasses> notes_heard(const Waveform& sound, double stretch_s, int64_t count,
                                      const Job& job = {});

// Mean over columns, with the largest at 1.
PitchClasses mean_of_columns(std::span<const PitchClasses> columns);

}  // namespace riffle::audio
