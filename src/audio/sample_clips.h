// SPDX-License-Identifier: GPL-3.0-or-later
// Clips cut from a sound file at random places, the places being those that Riffusion's
// sample-clips draws (numpy's legacy generator) and the names those it gives.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "audio/audio_writer.h"
#include "core/job.h"

namespace riffle::audio {

// numpy.random.RandomState(seed).randint(0, high) of 64-bit integers: MT19937 seeded by
// init_genrand, one 32-bit word a draw, masked to the next power of two less one, drawn again while
// it is too large.
class NumpyRandom {
 public:
  explicit NumpyRandom(uint32_t seed) : engine_(seed) {}

  // 0..high - 1. Throws Error{InvalidArgument} unless 1 <= high <= 2^32.
  int64_t below(int64_t high);

 private:
  std::mt19937 engine_;
};

struct SampleClipsOptions {
  int clips = 1;                            // 1..100000
  int64_t duration_ms = 5120;               // >= 1
  std::optional<uint32_t> maybe_seed = {};  // absent: another one each time
  std::string extension = "wav";
  std::string stem = {};  // empty: clip_{i}_start_{ms}_ms_duration_{ms}_ms.{ext}; else the batch
                          // command's {stem}_{i}_start_{ms}_ms_dur_{ms}_ms.{ext}
};

struct ClipPlan {
  int64_t start_ms = 0;
  int64_t start_frame = 0;  // floor(start_ms * (rate / 1000)) in double, as pydub slices
  int64_t frames = 0;       // up to floor((start_ms + duration_ms) * (rate / 1000))
  std::string file_name;
};

// A file of `frames` frames counts as round(1000 * frames / rate) milliseconds, halves to even.
// Starts are drawn from 0..length - duration - 1 (a file exactly as long as a clip gives start 0,
// where the original fails). Throws Error{InvalidArgument} for a file shorter than a clip.
std::vector<ClipPlan> plan_clips(int64_t frames, int sample_rate,
                                 const SampleClipsOptions& options);

struct CutClipsOptions {
  bool mono = false;               // mixed as downmix.h says
  AudioWriterOptions writer = {};  // its maybe_max_frames is not used
};

// Cuts the clips in one pass through the file, without holding more than a block of it, and returns
// the paths written, in the order of the plan. Frames beyond the end are silent. Throws what
// AudioReader and AudioWriter throw; clips finished before stay.
std::vector<std::filesystem::path> cut_clips(const std::filesystem::path& sound,
                                             const std::filesystem::path& folder,
                                             const std::vector<ClipPlan>& plan,
                                             const CutClipsOptions& options = {},
                                             const Job& job = {});

}  // namespace riffle::audio
