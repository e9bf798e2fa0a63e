// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/audio_info.h"

#include <algorithm>

#include "audio/format_limits.h"

namespace riffle::audio {

AudioInfo inspect_audio(const std::filesystem::path& path, const Job& job) {
  AudioReader reader(path);
  AudioInfo info;
  info.file = reader.info();
  LoudnessMeter meter(info.file.channels, info.file.sample_rate, info.file.layout);
  for (;;) {
    job.check();
    job.report("measure", reader.position(), std::max(info.file.frames, int64_t{0}));
    const Waveform block = reader.read(kBlockFrames);
    if (block.frames() == 0) break;
    meter.add(block);
  }
  info.file.frames = reader.position();
  info.file.frames_exact = true;
  info.duration_s = static_cast<double>(info.file.frames) / info.file.sample_rate;
  info.loudness = meter.finish();
  info.truncated = reader.truncated();
  info.notes = reader.notes();
  return info;
}

}  // namespace riffle::audio
