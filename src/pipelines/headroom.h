// SPDX-License-Identifier: GPL-3.0-or-later
// Stems come at the level they were played at, and a model may play too loud for a sound file.
#pragma once

#include <string>
#include <vector>

#include "audio/waveform.h"
#include "core/job.h"

namespace riffle::pipelines {

// The largest sample, of all channels.
float peak_of(const audio::Waveform& sound);

// Holds peaks above full scale below it by the limiter; makes the whole softer where it is a loop,
// whose repetitions must stay equal. Says so in `notes`. What does not reach full scale keeps its
// bits.
void hold_peaks(audio::Waveform& sound, bool loop, std::vector<std::string>& notes,
                const Job& job = {});

}  // namespace riffle::pipelines
