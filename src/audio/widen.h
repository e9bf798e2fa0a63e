// SPDX-License-Identifier: GPL-3.0-or-later
// Pseudo-stereo: two channels of one, for models that make one.
#pragma once

#include "audio/waveform.h"

namespace riffle::audio {

// Mid and side: the mid is the sound itself, the side the sound through some 30 decaying impulses
// at random places within 25 ms, above 180 Hz (Alary, Politis and Välimäki, "Velvet-noise
// decorrelator", DAFx 2017). Bass stays in the middle, and both channels together are the sound
// again: mono loudspeakers miss nothing. width: 0..1, the side's amplitude over the mid's; the
// channels' correlation above the bass is (1 - width^2) / (1 + width^2). circular: of a loop, whose
// end goes on into its beginning. Throws Error{InvalidArgument} for more than one channel and for
// widths out of range.
Waveform widened(const Waveform& mono, double width, bool circular);

}  // namespace riffle::audio
