// SPDX-License-Identifier: GPL-3.0-or-later
// A stem of one's own as a stream: one file, or several that sound together.
#pragma once

#include <cstdint>
#include <vector>

#include "audio/waveform.h"
#include "corpus/mono_stream.h"
#include "corpus/source_songs.h"

namespace riffle::corpus::detail {

class StemStream {
 public:
  StemStream(const std::vector<std::filesystem::path>& files, int sample_rate);

  // The next frames of all files together; fewer only where all of them end.
  audio::Waveform read(int64_t frames);

 private:
  std::vector<MonoStream> streams_;
};

// The next frames of each; all as long as the longest. Shorter than asked for only at the end.
std::vector<audio::Waveform> read_stems(std::vector<StemStream>& stems, int64_t frames);

// Whether something sounds in a good part of it.
bool is_active(const audio::Waveform& sound);

}  // namespace riffle::corpus::detail
