// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/read_audio.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "audio/detail/blocks.h"
#include "audio/downmix.h"
#include "audio/format_limits.h"
#include "audio/resample.h"
#include "core/error.h"

namespace riffle::audio {
namespace {

void require_options(const ReadAudioOptions& options) {
  require_format(options.maybe_channels.value_or(1),
                 options.maybe_sample_rate.value_or(kMinSampleRate), "reading sound");
  if (options.start_frame < 0 || options.maybe_max_frames.value_or(0) < 0) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("reading sound: start frame {} and length {}, expected 0 or more",
                            options.start_frame, options.maybe_max_frames.value_or(0)));
  }
}

void require_room(const Waveform& sound, int64_t max_bytes) {
  const int64_t bytes = sound.frames() * sound.channels() * static_cast<int64_t>(sizeof(float));
  if (bytes <= max_bytes) return;
  throw Error(ErrorCode::OutOfMemory,
              fmt::format("reading sound: more than the {} MB allowed after {:.0f} s",
                          max_bytes >> 20, sound.duration_s()),
              "read a part of it, or fewer channels");
}

}  // namespace

Waveform read_audio(AudioReader& reader, const ReadAudioOptions& options, const Job& job) {
  require_options(options);
  const AudioFileInfo& info = reader.info();
  const int channels = options.maybe_channels.value_or(info.channels);
  const int sample_rate = options.maybe_sample_rate.value_or(info.sample_rate);
  Resampler resampler(channels, info.sample_rate, sample_rate);
  Waveform sound{sample_rate, std::vector<std::vector<float>>(static_cast<size_t>(channels))};

  for (int64_t left = options.start_frame; left > 0;) {
    job.check();
    const int64_t step = reader.skip(std::min(left, int64_t{16} * kBlockFrames));
    if (step == 0) break;
    left -= step;
  }
  int64_t left = options.maybe_max_frames.value_or(std::numeric_limits<int64_t>::max());
  const int64_t begin = reader.position();
  while (left > 0) {
    job.check();
    job.report("read", reader.position() - begin,
               std::max<int64_t>(std::min(info.frames - begin, left), 0));
    const Waveform block = reader.read(std::min(left, kBlockFrames));
    if (block.frames() == 0) break;
    left -= block.frames();
    detail::append(sound, resampler.process(mix_channels(block, info.layout, channels)));
    require_room(sound, options.max_bytes);
  }
  detail::append(sound, resampler.finish());
  return sound;
}

Waveform read_audio(const std::filesystem::path& path, const ReadAudioOptions& options,
                    const Job& job) {
  require_options(options);
  AudioReader reader(path);
  return read_audio(reader, options, job);
}

int64_t count_frames(const std::filesystem::path& path, const Job& job) {
  AudioReader reader(path);
  // A header may lie; whether its last frame is there is soon found out where files can be
  // searched.
  if (reader.info().frames_exact) reader.skip(reader.info().frames - 1);
  while (reader.skip(kBlockFrames) > 0) job.check();
  return reader.position();
}

}  // namespace riffle::audio
