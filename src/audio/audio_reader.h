// SPDX-License-Identifier: GPL-3.0-or-later
// Reading sound files of any kind FFmpeg decodes, as a stream of planar float blocks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "audio/channel_layout.h"
#include "audio/tags.h"
#include "audio/waveform.h"

namespace riffle::audio {

// What a file says about its sound. Rate and channels are those of its first decoded frame.
struct AudioFileInfo {
  int sample_rate = 0;  // Hz
  int channels = 0;
  ChannelMask layout = kUnknownLayout;
  int64_t frames = -1;         // -1: not known before the end is read
  bool frames_exact = false;   // as long as the file is whole; otherwise `frames` is an estimate
  std::string container;       // "wav", "flac", "mp3", "ogg", "mp4", ...
  std::string codec;           // "pcm_s16le", "flac", "mp3", "vorbis", "opus", "aac", ...
  int bits_per_sample = 0;     // 0 for lossy codecs
  bool float_samples = false;  // bits_per_sample are those of a floating point number
  int64_t bit_rate = 0;        // bit/s, 0: not known
  Tags tags;
};

// A sound file being read from its beginning to its end.
// - The delay and padding of mp3, aac, opus and vorbis encoders are cut off where the file tells
// how
//   long they are, as the ffmpeg program does; in mp4 files the padding at the end too.
// - A stream that changes its rate or channels on the way is converted to what it began with.
// - NaN, infinities and numbers beyond 1e9 become 0.
// - Damaged parts are left out; a file that breaks off gives what is there.
// Each of these is told in notes(), and logged as a warning once the end is reached.
class AudioReader {
 public:
  // Throws Error{NotFound}; Error{Io} where the system refuses; Error{BadFile} for a file without a
  // single frame of decodable sound, above 64 channels or with a rate outside 1 to 768 kHz.
  explicit AudioReader(const std::filesystem::path& path);
  // The same of a file in memory; `name` is what errors and warnings call it.
  AudioReader(std::vector<uint8_t> bytes, const std::string& name);
  ~AudioReader();
  AudioReader(AudioReader&&) noexcept;
  AudioReader& operator=(AudioReader&&) noexcept;

  const AudioFileInfo& info() const;

  // The next max_frames frames (>= 1), fewer only at the end, none after it.
  Waveform read(int64_t max_frames);
  // Leaves out the next `frames` frames (>= 0); returns how many there were. PCM and FLAC files are
  // searched, others decoded up to there.
  int64_t skip(int64_t frames);
  // Frames read or skipped so far.
  int64_t position() const;

  // These are final once read() has come to the end.
  bool truncated() const;  // the file ended before what it had announced
  int64_t unusable_samples() const;
  const std::vector<std::string>& notes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace riffle::audio
