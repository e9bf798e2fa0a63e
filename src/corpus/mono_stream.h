// SPDX-License-Identifier: GPL-3.0-or-later
// A sound file as a mono stream at another rate, read piece by piece: an hour needs no more memory
// than a piece.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "audio/waveform.h"

namespace riffle::corpus {

class MonoStream {
 public:
  // Throws what audio::AudioReader throws.
  MonoStream(const std::filesystem::path& path, int sample_rate);
  ~MonoStream();
  MonoStream(MonoStream&&) noexcept;
  MonoStream& operator=(MonoStream&&) noexcept;

  // The next `frames` frames, fewer only at the end of the file. Throws Error{BadFile} where the
  // file breaks off before what it had announced.
  audio::Waveform read(int64_t frames);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace riffle::corpus
