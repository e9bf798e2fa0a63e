// SPDX-License-Identifier: GPL-3.0-or-later
// The first audio stream of a file, decoded frame by frame through libavformat and libavcodec.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "audio/channel_layout.h"
#include "audio/detail/ffmpeg.h"
#include "audio/detail/input_bytes.h"
#include "audio/tags.h"

namespace riffle::audio::detail {

struct FrameFormat {
  int sample_rate = 0;  // Hz
  int channels = 0;
  ChannelMask layout = kUnknownLayout;

  friend bool operator==(const FrameFormat&, const FrameFormat&) = default;
};

FrameFormat format_of(const AVFrame& frame);

// What the container says before anything is decoded.
struct StreamFacts {
  std::string container;    // "wav", "flac", "mp3", "ogg", "mp4", ...
  std::string codec;        // "pcm_s16le", "flac", "mp3", "vorbis", "opus", "aac", ...
  int sample_rate = 0;      // Hz
  int bits_per_sample = 0;  // 0 for lossy codecs
  bool float_samples = false;
  int64_t bit_rate = 0;             // bit/s, 0: not known
  int64_t declared_frames = -1;     // -1: not known
  int64_t possible_frames = -1;     // what PCM fits into the file's size; -1: not known
  bool lossless = false;            // declared_frames is exact in an undamaged file
  bool declared_in_header = false;  // not guessed from the bit rate
  Tags tags;
};

// `name` is what errors call the file; its ending helps where the content alone does not tell.
// Containers that only name other files (playlists) and everything but the given bytes are refused.
class FfmpegDecoder {
 public:
  // Throws Error{BadFile} for what is no sound FFmpeg knows.
  FfmpegDecoder(std::unique_ptr<InputBytes> bytes, std::string name);

  const StreamFacts& facts() const { return facts_; }

  // The next frame of at least one sample, valid until the next call; nullptr at the end. Encoder
  // delay and padding are already cut off where the container tells them. Damaged packets are
  // skipped and counted. Throws Error{BadFile} for a frame outside format_limits.h.
  const AVFrame* next();

  // Goes to the frame of decoded sound that holds sample `at`, or one before it, and returns the
  // sample the next frame begins with. Only where positions are exact: PCM and FLAC in containers
  // of their own; empty elsewhere and where the file is damaged there.
  std::optional<int64_t> seek(int64_t at);
  bool can_seek() const { return exact_positions_; }

  int64_t damaged_packets() const { return damaged_packets_; }
  // The file ended in the middle of something. (A wav file whose length is a placeholder may end
  // anywhere.)
  bool broke_off() const { return broke_off_; }

 private:
  void open(const std::string& name);
  void choose_stream();
  void gather_facts();
  bool feed();
  [[noreturn]] void refuse(const std::string& why, const std::string& hint = {}) const;

  bool open_ended_;
  InputStream stream_;  // before context_, which reads from it
  std::string name_;
  InputContextPtr context_;
  CodecContextPtr codec_;
  PacketPtr packet_;
  FramePtr frame_;
  int index_ = -1;
  StreamFacts facts_;
  bool exact_positions_ = false;
  bool draining_ = false;
  bool broke_off_ = false;
  int read_errors_ = 0;  // in a row
  int64_t damaged_packets_ = 0;
};

}  // namespace riffle::audio::detail
