// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/sound_spool.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "audio/format_limits.h"
#include "core/error.h"

namespace riffle::cli {
namespace {

[[noreturn]] void fail(const std::filesystem::path& folder) {
  throw Error(ErrorCode::Io,
              fmt::format("cannot keep sound in {}: {}", folder.string(), std::strerror(errno)),
              "check the folder's permissions and free space");
}

}  // namespace

SoundSpool::SoundSpool(int channels, int sample_rate, std::filesystem::path folder,
                       int64_t max_samples)
    : folder_(folder.empty() ? "." : std::move(folder)),
      max_samples_(max_samples),
      sound_{sample_rate, std::vector<std::vector<float>>(static_cast<size_t>(channels))} {}

void SoundSpool::add(const audio::Waveform& block) {
  if (block.frames() == 0) return;
  frames_ += block.frames();
  if (file_ == nullptr && frames_ * channels() > max_samples_) move_to_file();
  if (file_ != nullptr) {
    append_to_file(block);
    return;
  }
  for (size_t c = 0; c < sound_.samples.size(); ++c) {
    sound_.samples[c].insert(sound_.samples[c].end(), block.samples[c].begin(),
                             block.samples[c].end());
  }
}

audio::Waveform SoundSpool::take() {
  audio::Waveform whole{sound_.sample_rate, std::vector<std::vector<float>>(sound_.samples.size())};
  std::swap(whole, sound_);
  frames_ = 0;
  return whole;
}

void SoundSpool::replay(const std::function<void(const audio::Waveform&)>& hear) const {
  if (file_ == nullptr) {
    hear(sound_);
    return;
  }
  std::rewind(file_.get());
  for (const int64_t frames : block_frames_) {
    audio::Waveform block{sound_.sample_rate, {}};
    for (int c = 0; c < channels(); ++c) {
      std::vector<float> samples(static_cast<size_t>(frames));
      if (std::fread(samples.data(), sizeof(float), samples.size(), file_.get()) !=
          samples.size()) {
        fail(folder_);
      }
      block.samples.push_back(std::move(samples));
    }
    hear(block);
  }
  std::fseek(file_.get(), 0, SEEK_END);
}

void SoundSpool::move_to_file() {
  std::string name = (folder_ / ".riffle-spool-XXXXXX").string();
  const int descriptor = ::mkstemp(name.data());
  if (descriptor < 0) fail(folder_);
  ::unlink(name.c_str());
  file_.reset(::fdopen(descriptor, "w+b"));
  if (file_ == nullptr) {
    ::close(descriptor);
    fail(folder_);
  }
  if (sound_.frames() > 0) append_to_file(sound_);
  for (auto& channel : sound_.samples) channel = {};
}

void SoundSpool::append_to_file(const audio::Waveform& sound) {
  for (int64_t at = 0; at < sound.frames(); at += audio::kBlockFrames) {
    const int64_t frames = std::min(audio::kBlockFrames, sound.frames() - at);
    const auto count = static_cast<size_t>(frames);
    for (const auto& channel : sound.samples) {
      if (std::fwrite(channel.data() + at, sizeof(float), count, file_.get()) != count) {
        fail(folder_);
      }
    }
    block_frames_.push_back(frames);
  }
}

}  // namespace riffle::cli
