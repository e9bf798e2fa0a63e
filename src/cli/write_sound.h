// SPDX-License-Identifier: GPL-3.0-or-later
// The last step of decoding: loudness, peaks, file.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "audio/audio_writer.h"
#include "audio/loudness.h"
#include "cli/sound_spool.h"
#include "core/job.h"

namespace riffle::cli {

// Throws at once what write_sound() would throw at the end of the work: Error{Unsupported} for an
// ending no writer knows, Error{Io} for a folder that is not there or cannot be written to.
void require_writable_sound(const std::filesystem::path& path);

struct WriteSoundOptions {
  std::optional<double> maybe_target_lufs;  // absent: as loud as it is
  audio::AudioWriterOptions writer;
};

struct WrittenSound {
  int64_t frames = 0;
  int sample_rate = 0;  // Hz, of the file
  int channels = 0;     // of the file
  double gain_db = 0;
  bool limited = false;      // peaks were turned down
  audio::Loudness loudness;  // of what was written
  std::vector<std::string> notes;
};

// Brings the sound to the target, holds its peaks (1 dB below full scale with a target, else at
// full scale) and writes it. A sound in memory meets the target as normalize_loudness() does; a
// longer one is amplified and limited once as a stream. Empties the spool.
WrittenSound write_sound(const std::filesystem::path& path, SoundSpool& spool,
                         const WriteSoundOptions& options, const Job& job);

}  // namespace riffle::cli
