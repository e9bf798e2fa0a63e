// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/mono_stream.h"

#include <fmt/format.h>

#include <vector>

#include "audio/audio_reader.h"
#include "audio/downmix.h"
#include "audio/resample.h"
#include "core/error.h"

namespace riffle::corpus {

namespace {

constexpr int64_t kBlockFrames = 1 << 16;

}  // namespace

struct MonoStream::Impl {
  Impl(const std::filesystem::path& path, int sample_rate)
      : where(path.string()),
        reader(path),
        rate(sample_rate),
        resampler(1, reader.info().sample_rate, sample_rate) {}

  void append(const audio::Waveform& block) {
    ready.insert(ready.end(), block.samples[0].begin(), block.samples[0].end());
  }

  void fill(size_t frames) {
    while (!ended && ready.size() < frames) {
      const audio::Waveform block = reader.read(kBlockFrames);
      if (block.frames() > 0) {
        append(resampler.process(audio::mix_channels(block, reader.info().layout, 1)));
        continue;
      }
      ended = true;
      if (reader.truncated()) {
        throw Error(ErrorCode::BadFile,
                    fmt::format("{}: the file ends after {} frames, before what it announced",
                                where, reader.position()));
      }
      append(resampler.finish());
    }
  }

  std::string where;
  audio::AudioReader reader;
  int rate;
  audio::Resampler resampler;
  std::vector<float> ready;
  bool ended = false;
};

MonoStream::MonoStream(const std::filesystem::path& path, int sample_rate)
    : impl_(std::make_unique<Impl>(path, sample_rate)) {}
MonoStream::~MonoStream() = default;
MonoStream::MonoStream(MonoStream&&) noexcept = default;
MonoStream& MonoStream::operator=(MonoStream&&) noexcept = default;

audio::Waveform MonoStream::read(int64_t frames) {
  Impl& s = *impl_;
  s.fill(static_cast<size_t>(frames));
  const auto count =
      static_cast<std::ptrdiff_t>(std::min<size_t>(static_cast<size_t>(frames), s.ready.size()));
  audio::Waveform piece{s.rate, {{s.ready.begin(), s.ready.begin() + count}}};
  s.ready.erase(s.ready.begin(), s.ready.begin() + count);
  return piece;
}

}  // namespace riffle::corpus
