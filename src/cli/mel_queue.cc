// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/mel_queue.h"

#include <algorithm>
#include <utility>

namespace riffle::cli {

void MelQueue::push(audio::MelSpectrogram piece) {
  if (piece.frames == 0) return;
  frames_ += piece.frames;
  pieces_.push_back(std::move(piece));
}

audio::MelSpectrogram MelQueue::take(int64_t count) {
  if (count == 0) return {};
  if (first_ == 0 && pieces_.front().frames == count) {
    audio::MelSpectrogram whole = std::move(pieces_.front());
    pieces_.pop_front();
    frames_ -= count;
    return whole;
  }
  audio::MelSpectrogram out(pieces_.front().channels, count, pieces_.front().rows);
  for (int64_t done = 0; done < count;) {
    const audio::MelSpectrogram& piece = pieces_.front();
    const int64_t part = std::min(count - done, piece.frames - first_);
    const auto values = static_cast<size_t>(part) * static_cast<size_t>(piece.rows);
    for (int channel = 0; channel < piece.channels; ++channel) {
      std::copy_n(piece.frame(channel, first_).data(), values, out.frame(channel, done).data());
    }
    done += part;
    first_ += part;
    if (first_ == piece.frames) {
      pieces_.pop_front();
      first_ = 0;
    }
  }
  frames_ -= count;
  return out;
}

}  // namespace riffle::cli
