// SPDX-License-Identifier: GPL-3.0-or-later
// The one thing libavformat does not tell about a wav file: whether its length is a placeholder.
#pragma once

#include "audio/detail/input_bytes.h"

namespace riffle::audio::detail {

// True for a RIFF file whose data chunk has a size that programs write when they cannot go back to
// the header (0, or close to the largest 31- or 32-bit number): the sound then goes on to the end
// of the file. Leaves the position at 0; false where the bytes cannot be searched.
bool has_placeholder_length(InputBytes& bytes);

}  // namespace riffle::audio::detail
