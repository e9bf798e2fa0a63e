// SPDX-License-Identifier: GPL-3.0-or-later
// Tempo and key as they are heard in a sound.
#pragma once

#include <string>

#include "audio/waveform.h"
#include "core/job.h"
#include "core/json.h"

namespace riffle::cli {

// {"bpm": 118.2, "key": "A", "mode": "minor"}; null where there is none to be heard.
OrderedJson heard_in(const audio::Waveform& sound, const Job& job);

// "118 BPM, A minor"
std::string heard_text(const OrderedJson& heard);

}  // namespace riffle::cli
