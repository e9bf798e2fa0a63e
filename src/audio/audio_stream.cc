// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/audio_stream.h"

#include <fmt/format.h>

#include <string>

#include "audio/detail/ffmpeg_encoder.h"
#include "audio/detail/output_format.h"
#include "audio/detail/planar_fifo.h"
#include "audio/resample.h"
#include "core/error.h"

namespace riffle::audio {
namespace {

const detail::OutputFormat& format_of(std::string_view ending) {
  if (ending != "wav" && ending != "mp3" && ending != "opus") {
    throw Error(ErrorCode::Unsupported, fmt::format("there are no streams of the kind {}", ending),
                "use mp3, wav or opus");
  }
  return detail::output_format_of(fmt::format("stream.{}", ending));
}

}  // namespace

struct AudioStream::Impl {
  Impl(const detail::OutputFormat& format, int sample_rate, int channels, StreamReceiver receiver)
      : resampler(channels, sample_rate, detail::supported_rate(format, sample_rate)),
        ready(channels),
        encoder({.format = &format,
                 .path = {},
                 .name = "the stream",
                 .sample_rate = detail::supported_rate(format, sample_rate),
                 .channels = channels,
                 .layout = default_layout(channels),
                 .sample_type = SampleType::Int16,
                 .options = {},
                 .receiver = std::move(receiver)}) {}

  void encode_ready(bool all) {
    const int64_t step = encoder.frame_size();
    while (ready.frames() >= step || (all && ready.frames() > 0)) encoder.encode(ready.take(step));
  }

  Resampler resampler;
  detail::PlanarFifo ready;
  detail::FfmpegEncoder encoder;
};

AudioStream::AudioStream(std::string_view ending, int sample_rate, int channels,
                         StreamReceiver receiver)
    : impl_(std::make_unique<Impl>(format_of(ending), sample_rate, channels, std::move(receiver))) {
}

AudioStream::~AudioStream() = default;

void AudioStream::write(const Waveform& block) {
  impl_->ready.push(impl_->resampler.process(block).samples);
  impl_->encode_ready(false);
}

void AudioStream::finish() {
  impl_->ready.push(impl_->resampler.finish().samples);
  impl_->encode_ready(true);
  impl_->encoder.finish();
}

}  // namespace riffle::audio
