// SPDX-License-Identifier: GPL-3.0-or-later
// A sound that is heard twice, to be measured and then written: in memory while it is short, else
// in a file without a name, which the system forgets when the process ends, however it ends.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "audio/waveform.h"

namespace riffle::cli {

class SoundSpool {
 public:
  // The file goes into `folder` once more than max_samples (of all channels together) have come.
  SoundSpool(int channels, int sample_rate, std::filesystem::path folder,
             int64_t max_samples = int64_t{32} << 20);

  // Throws Error{Io} when the disk is full.
  void add(const audio::Waveform& block);

  bool in_memory() const { return file_ == nullptr; }
  int64_t frames() const { return frames_; }
  int channels() const { return sound_.channels(); }
  int sample_rate() const { return sound_.sample_rate; }

  // The whole, while in_memory(); it is then gone from here.
  audio::Waveform take();
  // From the beginning: one block while in_memory(), else blocks of at most kBlockFrames frames.
  // Throws Error{Io}.
  void replay(const std::function<void(const audio::Waveform&)>& hear) const;

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  void move_to_file();
  void append_to_file(const audio::Waveform& sound);

  std::filesystem::path folder_;
  int64_t max_samples_;
  audio::Waveform sound_;  // its samples are empty once there is a file
  int64_t frames_ = 0;
  std::unique_ptr<std::FILE, CloseFile> file_;  // planar blocks of at most kBlockFrames frames
  std::vector<int64_t> block_frames_;           // of the blocks in the file
};

}  // namespace riffle::cli
