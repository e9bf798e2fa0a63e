// SPDX-License-Identifier: GPL-3.0-or-later
// The parameters of a spectrogram as JSON.
#pragma once

#include "audio/spectrogram_params.h"
#include "core/json.h"

namespace riffle::audio {

// The fields of a bundle's spectrogram.json.
OrderedJson to_json(const SpectrogramParams& params);

}  // namespace riffle::audio
