// SPDX-License-Identifier: GPL-3.0-or-later
// The chunks of a wav file that samplers and sequencers read tempo and loops from.
#pragma once

#include <cstdint>
#include <filesystem>

namespace riffle::audio {
struct TempoMarks;
}

namespace riffle::audio::detail {

// Appends an "acid" chunk (tempo, beats) and, for a loop, a "smpl" chunk (one forward loop over all
// frames) to a finished RIFF file. False, and nothing done, where the file is none (RF64: above
// 4 GB). Throws Error{Io}.
bool append_tempo_chunks(const std::filesystem::path& path, const TempoMarks& marks,
                         int sample_rate, int64_t frames);

}  // namespace riffle::audio::detail
