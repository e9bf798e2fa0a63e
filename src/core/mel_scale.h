// SPDX-License-Identifier: GPL-3.0-or-later
// The mel scale as HTK has it (Young et al., The HTK Book; the same as torchaudio's "htk").
#pragma once

#include <cmath>

namespace riffle {

inline double hz_to_mel(double hz) { return 2595.0 * std::log10(1.0 + hz / 700.0); }
inline double mel_to_hz(double mel) { return 700.0 * (std::pow(10.0, mel / 2595.0) - 1.0); }

}  // namespace riffle
