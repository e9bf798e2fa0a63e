// SPDX-License-Identifier: GPL-3.0-or-later
// Everything there is to say about a sound file, measured by reading it once as a stream.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "audio/audio_reader.h"
#include "audio/loudness.h"
#include "core/job.h"

namespace riffle::audio {

struct AudioInfo {
  AudioFileInfo file;  // as the file says; its frames are replaced by the count
  double duration_s = 0;
  Loudness loudness;
  bool truncated = false;
  std::vector<std::string> notes;  // damage, format changes, unusable samples (AudioReader)
};

// Throws what AudioReader throws.
AudioInfo inspect_audio(const std::filesystem::path& path, const Job& job = {});

}  // namespace riffle::audio
