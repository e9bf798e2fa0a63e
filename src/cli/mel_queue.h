// SPDX-License-Identifier: GPL-3.0-or-later
// Mel frames that arrive in pieces of one size and leave in pieces of another.
#pragma once

#include <cstdint>
#include <deque>

#include "audio/mel_spectrogram.h"

namespace riffle::cli {

class MelQueue {
 public:
  // Pieces without frames are let go. All have the same channels and rows.
  void push(audio::MelSpectrogram piece);
  // The first `count` frames, at most frames().
  audio::MelSpectrogram take(int64_t count);
  audio::MelSpectrogram take_all() { return take(frames_); }
  int64_t frames() const { return frames_; }

 private:
  std::deque<audio::MelSpectrogram> pieces_;
  int64_t first_ = 0;  // frames of the first piece already taken
  int64_t frames_ = 0;
};

}  // namespace riffle::cli
