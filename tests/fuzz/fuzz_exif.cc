// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes read as EXIF: refused with a riffle::Error, or parameters the codec can work with,
// which come back as they were when written again.
#include <span>

#include "core/error.h"
#include "fuzz_support.h"
#include "image/spectrogram_exif.h"

using riffle::fuzz::require;
using riffle::image::decode_spectrogram_exif;

int LLVMFuzzerInitialize(int*, char***) {
  riffle::fuzz::silence();
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span block(data, size);
  try {
    const auto reading = decode_spectrogram_exif(block, "input");
    require(reading.found.has_value() == reading.reason.empty());
    if (reading.found) {
      const auto own = riffle::image::encode_spectrogram_exif(*reading.found);
      const auto again = decode_spectrogram_exif(own, "own");
      require(again.found && again.found->params == reading.found->params &&
              again.found->max_value == reading.found->max_value);
    }
  } catch (const riffle::Error& e) {
    require(e.code() == riffle::ErrorCode::BadFile);
  }
  try {
    for (const auto& line : riffle::image::list_exif(block, "input")) {
      require(!line.name.empty() && line.value.size() <= 400);
      for (const char c : line.text()) require(c >= ' ' && c <= '~');
    }
  } catch (const riffle::Error& e) {
    require(e.code() == riffle::ErrorCode::BadFile);
  }
  return 0;
}
