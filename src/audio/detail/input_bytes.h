// SPDX-License-Identifier: GPL-3.0-or-later
// The bytes a demuxer reads: a file or a piece of memory, and nothing else (no address, no
// playlist, no second file).
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "audio/detail/ffmpeg.h"

namespace riffle::audio::detail {

class InputBytes {
 public:
  virtual ~InputBytes() = default;
  // Up to `size` bytes to `to`; 0 at the end, negative AVERROR on failure.
  virtual int read(uint8_t* to, int size) = 0;
  // Position `to` from the beginning; false when that cannot be.
  virtual bool seek(int64_t to) = 0;
  virtual int64_t position() const = 0;
  virtual int64_t size() const = 0;  // -1: not known (pipes), then seek() fails too
};

// Throws Error{NotFound}, Error{BadFile} for a folder, Error{Io} where the system refuses.
std::unique_ptr<InputBytes> open_file_bytes(const std::filesystem::path& path);
std::unique_ptr<InputBytes> own_memory_bytes(std::vector<uint8_t> bytes);

// An AVIOContext over InputBytes, which it owns. Must outlive the demuxer that uses it.
class InputStream {
 public:
  explicit InputStream(std::unique_ptr<InputBytes> bytes);
  ~InputStream();
  InputStream(const InputStream&) = delete;
  InputStream& operator=(const InputStream&) = delete;

  AVIOContext* context() const { return context_; }
  int64_t size() const { return bytes_->size(); }

 private:
  std::unique_ptr<InputBytes> bytes_;
  AVIOContext* context_ = nullptr;
};

}  // namespace riffle::audio::detail
