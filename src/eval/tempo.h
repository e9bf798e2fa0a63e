// SPDX-License-Identifier: GPL-3.0-or-later
// The tempo of a clip, from the autocorrelation of its onset strength: a beat period is as good as
// the onsets agree after one, two, three and four of it (a comb over the autocorrelation, after
// Scheirer 1998 and Ellis, "Beat tracking by dynamic programming", JNMR 2007, whose preference for
// moderate tempi it uses too), times how much of the onsets pulses at its frequency or twice that:
// autocorrelation has false friends at multiples of the period, the spectrum at fractions of it,
// and the product at neither (Peeters, "Template-based estimation of time-varying tempo", 2007).
#pragma once

#include "eval/onset.h"

namespace riffle::eval {

struct Tempo {
  double bpm = 0;         // 0: nothing is repeated, or there is too little to tell
  double confidence = 0;  // the agreement at that period: 0 none .. 1 exact repetition
};

struct TempoOptions {
  double min_bpm = 50;
  double max_bpm = 200;
  // The preference: a bell over the logarithm of the tempo.
  double preferred_bpm = 110;
  double spread_octaves = 1.0;
};

// Clips below 2 s give no tempo. What is slow and in triplets throughout is heard half as fast
// again.
Tempo estimate_tempo(const OnsetStrength& onset, const TempoOptions& options = {});

// Whether a tempo is within `tolerance` of the asked one, of half or of double of it.
bool tempo_agrees(double found_bpm, double asked_bpm, double tolerance = 0.03);

}  // namespace riffle::eval
