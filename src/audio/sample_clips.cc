// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/sample_clips.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "audio/audio_reader.h"
#include "audio/detail/blocks.h"
#include "audio/downmix.h"
#include "audio/format_limits.h"
#include "core/error.h"

namespace riffle::audio {
namespace {

constexpr int kMaxClips = 100000;

// pydub multiplies by the quotient; multiplying first would round differently now and then.
int64_t frame_at(int64_t ms, int sample_rate) {
  return static_cast<int64_t>(static_cast<double>(ms) * (sample_rate / 1000.0));
}

std::string clip_name(const SampleClipsOptions& options, int index, int64_t start_ms) {
  const bool batch = !options.stem.empty();
  return fmt::format("{}_{}_start_{}_ms_{}_{}_ms.{}", batch ? options.stem : "clip", index,
                     start_ms, batch ? "dur" : "duration", options.duration_ms, options.extension);
}

// One clip on its way to its file. Most of the plan is not open at a time.
struct OpenClip {
  int64_t begin;  // frames of the file
  int64_t end;
  AudioWriter writer;
};

// Gives the clip its part of a block that begins at frame `at`.
void feed(OpenClip& clip, const Waveform& block, int64_t at) {
  const int64_t begin = std::max(clip.begin - at, int64_t{0});
  const int64_t end = std::min(clip.end - at, block.frames());
  if (begin < end) clip.writer.write(detail::slice(block, begin, end));
}

class ClipCutter {
 public:
  ClipCutter(const std::filesystem::path& sound, const std::filesystem::path& folder,
             const std::vector<ClipPlan>& plan, const CutClipsOptions& options)
      : reader_(sound), folder_(folder), plan_(plan), options_(options), order_(plan.size()) {
    std::iota(order_.begin(), order_.end(), size_t{0});
    std::stable_sort(order_.begin(), order_.end(), [&plan](size_t a, size_t b) {
      return plan[a].start_frame < plan[b].start_frame;
    });
  }

  void run(const Job& job) {
    while (next_ < order_.size() || !open_.empty()) {
      job.check();
      job.report("cut", static_cast<int64_t>(done_), static_cast<int64_t>(plan_.size()));
      if (open_.empty()) {
        reader_.skip(next_start() - at_);
        at_ = next_start();
      }
      step();
    }
  }

 private:
  int64_t next_start() const { return plan_[order_[next_]].start_frame; }

  int channels() const { return options_.mono ? 1 : reader_.info().channels; }

  // One block of the file, or of silence past its end, to every clip that has a part in it.
  void step() {
    Waveform block = mix_channels(reader_.read(kBlockFrames), reader_.info().layout, channels());
    if (block.frames() == 0) {
      for (auto& channel : block.samples) channel.resize(static_cast<size_t>(kBlockFrames));
    }
    const int64_t end = at_ + block.frames();
    while (next_ < order_.size() && next_start() < end) open(order_[next_++]);
    for (OpenClip& clip : open_) feed(clip, block, at_);
    at_ = end;
    std::erase_if(open_, [this](OpenClip& clip) {
      if (clip.end > at_) return false;
      clip.writer.close();
      ++done_;
      return true;
    });
  }

  void open(size_t index) {
    const ClipPlan& clip = plan_[index];
    AudioWriterOptions writer = options_.writer;
    writer.maybe_max_frames = clip.frames;
    if (writer.layout == kUnknownLayout && !options_.mono) writer.layout = reader_.info().layout;
    open_.push_back(
        {clip.start_frame, clip.start_frame + clip.frames,
         AudioWriter(folder_ / clip.file_name, reader_.info().sample_rate, channels(), writer)});
  }

  AudioReader reader_;
  const std::filesystem::path& folder_;
  const std::vector<ClipPlan>& plan_;
  const CutClipsOptions& options_;
  std::vector<size_t> order_;  // by start
  size_t next_ = 0;            // of order_: the first not opened yet
  int64_t at_ = 0;             // frame of the file the next block begins with
  size_t done_ = 0;
  std::vector<OpenClip> open_;
};

}  // namespace

int64_t NumpyRandom::below(int64_t high) {
  if (high < 1 || high > int64_t{1} << 32) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("random number below {}, expected 1 to 2^32", high));
  }
  const auto largest = static_cast<uint32_t>(high - 1);
  if (largest == 0) return 0;  // takes no word, as numpy
  const uint32_t mask = 0xFFFFFFFFU >> std::countl_zero(largest);
  for (;;) {
    const uint32_t word = static_cast<uint32_t>(engine_()) & mask;
    if (word <= largest) return word;
  }
}

std::vector<ClipPlan> plan_clips(int64_t frames, int sample_rate,
                                 const SampleClipsOptions& options) {
  require_format(1, sample_rate, "sampling clips");
  if (options.clips < 1 || options.clips > kMaxClips || options.duration_ms < 1) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("sampling clips: {} clips of {} ms, expected 1 to {} of at least 1 ms",
                            options.clips, options.duration_ms, kMaxClips));
  }
  const auto length_ms =
      static_cast<int64_t>(std::nearbyint(1000 * (static_cast<double>(frames) / sample_rate)));
  if (length_ms < options.duration_ms) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("sampling clips: the sound is {} ms long, expected at least the {} ms "
                            "of a clip",
                            length_ms, options.duration_ms),
                "ask for shorter clips");
  }
  NumpyRandom random(options.maybe_seed ? *options.maybe_seed : std::random_device{}());
  std::vector<ClipPlan> plan;
  for (int i = 0; i < options.clips; ++i) {
    const int64_t start_ms = random.below(std::max(length_ms - options.duration_ms, int64_t{1}));
    const int64_t begin = frame_at(start_ms, sample_rate);
    const int64_t end = frame_at(start_ms + options.duration_ms, sample_rate);
    plan.push_back({start_ms, begin, end - begin, clip_name(options, i, start_ms)});
  }
  return plan;
}

std::vector<std::filesystem::path> cut_clips(const std::filesystem::path& sound,
                                             const std::filesystem::path& folder,
                                             const std::vector<ClipPlan>& plan,
                                             const CutClipsOptions& options, const Job& job) {
  ClipCutter(sound, folder, plan, options).run(job);
  std::vector<std::filesystem::path> paths;
  for (const ClipPlan& clip : plan) paths.push_back(folder / clip.file_name);
  return paths;
}

}  // namespace riffle::audio
