// SPDX-License-Identifier: GPL-3.0-or-later
// Sound files as pipelines take them in and give them back.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "audio/tags.h"
#include "audio/waveform.h"
#include "core/job.h"
#include "core/json.h"

namespace riffle::pipelines {

struct SoundFile {
  audio::Waveform sound;  // at the file's rate, one or two channels
  audio::Tags tags;
  std::vector<std::string> notes;  // what was mixed down
};

// Throws what audio::AudioReader throws, Error{BadFile} for a file without a sample.
SoundFile read_sound_file(const std::filesystem::path& path, const Job& job);

// The tag that holds the request a clip was made by, as JSON.
inline constexpr const char* kRequestTag = "comment";
// The request in a file's tags; absent when it was not made by Riffle.
std::optional<Json> request_in(const audio::Tags& tags);

// At another rate, exactly so many frames: cut, or continued in silence.
audio::Waveform at_rate(const audio::Waveform& sound, int sample_rate, int64_t frames,
                        const Job& job);
// Frames first to last - 1; before the beginning and after the end lies silence.
audio::Waveform part_of(const audio::Waveform& sound, int64_t first, int64_t last);

}  // namespace riffle::pipelines
