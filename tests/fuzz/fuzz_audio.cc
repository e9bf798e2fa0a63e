// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes read as a sound file: refused with a riffle::Error, or blocks of finite samples of the
// format announced.
#include <cmath>
#include <vector>

#include "audio/audio_reader.h"
#include "audio/format_limits.h"
#include "core/error.h"
#include "fuzz_support.h"

namespace {

using riffle::audio::AudioReader;
using riffle::audio::Waveform;
using riffle::fuzz::require;

constexpr int64_t kMaxBlock = 4096;
constexpr int kMaxBlocks = 64;

void check_block(const AudioReader& reader, const Waveform& block) {
  require(block.frames() <= kMaxBlock);
  require(block.channels() == reader.info().channels);
  for (const auto& channel : block.samples) {
    require(static_cast<int64_t>(channel.size()) == block.frames());
    for (const float x : channel) require(std::isfinite(x));
  }
}

void check_info(const riffle::audio::AudioFileInfo& info) {
  require(info.channels >= 1 && info.channels <= riffle::audio::kMaxChannels);
  require(info.sample_rate >= riffle::audio::kMinSampleRate &&
          info.sample_rate <= riffle::audio::kMaxSampleRate);
}

}  // namespace

int LLVMFuzzerInitialize(int*, char***) {
  riffle::fuzz::silence();
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  try {
    AudioReader reader(std::vector<uint8_t>(data, data + size), "input");
    check_info(reader.info());
    // The last byte says where reading begins, so that searching in a file is tried too.
    const int64_t start = data[size - 1] % 4 * int64_t{50'000};
    require(reader.skip(start) <= start);
    for (int i = 0; i < kMaxBlocks; ++i) {
      const int64_t before = reader.position();
      const Waveform block = reader.read(1 + i * kMaxBlock / kMaxBlocks);
      check_block(reader, block);
      require(reader.position() == before + block.frames());
      if (block.frames() == 0) break;
    }
  } catch (const riffle::Error&) {
  }
  return 0;
}
