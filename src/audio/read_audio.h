// SPDX-License-Identifier: GPL-3.0-or-later
// A sound file, or a part of one, as a whole in memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "audio/audio_reader.h"
#include "audio/waveform.h"
#include "core/job.h"

namespace riffle::audio {

struct ReadAudioOptions {
  std::optional<int> maybe_sample_rate = {};     // Hz; absent: the file's
  std::optional<int> maybe_channels = {};        // mixed as downmix.h says; absent: the file's
  int64_t start_frame = 0;                       // of the file, before resampling
  std::optional<int64_t> maybe_max_frames = {};  // of the file; absent: all
  int64_t max_bytes = int64_t{8} << 30;          // of samples in memory
};

// The whole sound, or a part of it, in memory. A start at or beyond the end gives no frames. Throws
// what AudioReader throws; Error{InvalidArgument} for options out of range, Error{OutOfMemory} for
// a sound above max_bytes.
Waveform read_audio(const std::filesystem::path& path, const ReadAudioOptions& options = {},
                    const Job& job = {});
Waveform read_audio(AudioReader& reader, const ReadAudioOptions& options = {}, const Job& job = {});

// The exact number of frames: from the header of a PCM or FLAC file, else by decoding it all.
int64_t count_frames(const std::filesystem::path& path, const Job& job = {});

}  // namespace riffle::audio
