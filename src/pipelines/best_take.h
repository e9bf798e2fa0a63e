// SPDX-License-Identifier: GPL-3.0-or-later
// Which of several takes of a stem is kept. Ranking takes by CLAP is what text-to-audio systems do
// (Liu et al. 2023, "AudioLDM", section 4.2); here the notes count too.
#pragma once

#include "audio/waveform.h"
#include "pipelines/play.h"

namespace riffle::pipelines {

// How well a take fits: the cosine of its CLAP embedding and the wish's, and how much of what is
// heard in it belongs to the notes it was told. Each counts where the piece has it; only
// differences between takes of one piece mean something. mono: at the codec's rate.
double fit_of_take(BandModel& model, const audio::Waveform& mono, const BandPiece& piece,
                   const BandShape& shape, const Job& job);

// Whether a piece has anything to choose by.
bool has_choice(const BandModel& model, const BandPiece& piece);

}  // namespace riffle::pipelines
