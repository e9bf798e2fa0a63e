// SPDX-License-Identifier: GPL-3.0-or-later
// Long sounds pass through in blocks: memory does not grow with their length.
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "audio/audio_reader.h"
#include "audio/audio_writer.h"
#include "audio/format_limits.h"
#include "support/test_files.h"

namespace riffle::audio {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kCountsMemory = false;  // the sanitizer keeps what was freed
#else
constexpr bool kCountsMemory = true;
#endif

int64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  int64_t total = 0;
  int64_t resident = 0;
  statm >> total >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

TEST(LongAudio, TwoHoursAreNeverInMemory) {
  constexpr int kRate = 8000;
  constexpr int64_t kFrames = int64_t{2} * 3600 * kRate;  // 230 MB as float
  constexpr int64_t kAllowedBytes = int64_t{32} << 20;
  riffle::test::TemporaryFolder folder;
  const int64_t before = resident_bytes();
  int64_t largest = 0;

  AudioWriter writer(folder / "long.flac", kRate, 1);
  Waveform block{kRate, {std::vector<float>(static_cast<size_t>(kBlockFrames))}};
  for (int64_t left = kFrames; left > 0; left -= block.frames()) {
    block.samples[0].resize(static_cast<size_t>(std::min(left, kBlockFrames)), 0.25F);
    writer.write(block);
    largest = std::max(largest, resident_bytes());
  }
  writer.close();

  AudioReader reader(folder / "long.flac");
  EXPECT_EQ(reader.info().frames, kFrames);
  while (reader.read(kBlockFrames).frames() > 0) largest = std::max(largest, resident_bytes());
  EXPECT_EQ(reader.position(), kFrames);
  if (kCountsMemory) {
    EXPECT_LT(largest - before, kAllowedBytes);
  }
}

}  // namespace
}  // namespace riffle::audio
