// SPDX-License-Identifier: GPL-3.0-or-later
// Sound encoded as it comes, for one who listens meanwhile.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "audio/waveform.h"

namespace riffle::audio {

// Takes the bytes of the stream, in order.
using StreamReceiver = std::function<void(std::span<const uint8_t> bytes)>;

// wav: 16 bits, its header says "endless". mp3, opus (in Ogg): as AudioWriter's defaults; rates
// they do not have are converted.
class AudioStream {
 public:
  // ending: "wav", "mp3" or "opus". What the receiver throws comes out of the call that made the
  // bytes. Throws Error{Unsupported} for another ending.
  AudioStream(std::string_view ending, int sample_rate, int channels, StreamReceiver receiver);
  ~AudioStream();
  AudioStream(const AudioStream&) = delete;
  AudioStream& operator=(const AudioStream&) = delete;

  void write(const Waveform& block);
  // The rest. Nothing may be written afterwards.
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace riffle::audio
