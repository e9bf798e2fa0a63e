// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/audio_writer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "audio/detail/blocks.h"
#include "audio/detail/ffmpeg_encoder.h"
#include "audio/detail/output_format.h"
#include "audio/detail/planar_fifo.h"
#include "audio/detail/wav_tempo.h"
#include "audio/downmix.h"
#include "audio/format_limits.h"
#include "audio/resample.h"
#include "core/error.h"
#include "core/files.h"
#include "core/log.h"

namespace riffle::audio {

using detail::Coding;

struct AudioWriter::Impl {
  Impl(const std::filesystem::path& path, int sample_rate_in, int channels_in,
       const AudioWriterOptions& options);

  detail::EncoderSettings settings(AudioWriterOptions options);
  void encode_ready(bool all);
  void mark_tempo();
  void note(const std::string& text);

  const detail::OutputFormat& format;
  int sample_rate;  // of what is written
  int channels;
  ChannelMask layout;
  std::optional<TempoMarks> maybe_tempo;
  int64_t frames_left;  // of what was promised
  std::vector<std::string> notes;
  PendingFile file;
  int file_channels;
  Resampler resampler;
  detail::PlanarFifo ready;
  std::optional<detail::FfmpegEncoder> encoder;  // reset by close()
  int64_t frames_written = 0;
};

AudioWriter::Impl::Impl(const std::filesystem::path& path, int sample_rate_in, int channels_in,
                        const AudioWriterOptions& options)
    : format(detail::output_format_of(path)),
      sample_rate(sample_rate_in),
      channels(channels_in),
      layout(options.layout != kUnknownLayout ? options.layout : default_layout(channels_in)),
      maybe_tempo(options.maybe_tempo),
      frames_left(options.maybe_max_frames.value_or(std::numeric_limits<int64_t>::max())),
      file(path),
      file_channels(channels_in <= format.max_channels ? channels_in : 2),
      resampler(file_channels, sample_rate_in, detail::supported_rate(format, sample_rate_in)),
      ready(file_channels) {
  encoder.emplace(settings(options));
}

// Decides what the file will be like, noting what differs from what was asked for.
detail::EncoderSettings AudioWriter::Impl::settings(AudioWriterOptions options) {
  validate_tags(options.tags);
  if (options.layout != kUnknownLayout && std::popcount(options.layout) != channels) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("writing sound: a layout of {} speakers for {} channels",
                            std::popcount(options.layout), channels));
  }
  detail::require_options(format, options, file_channels);
  const int file_rate = detail::supported_rate(format, sample_rate);
  if (file_rate != sample_rate) {
    note(fmt::format("{} files have no {} Hz: resampled to {} Hz", format.ending, sample_rate,
                     file_rate));
  }
  ChannelMask file_layout = layout;
  if (file_channels != channels) {
    note(fmt::format("{} files take {} channels at most: {} channels mixed to stereo",
                     format.ending, format.max_channels, channels));
    file_layout = default_layout(file_channels);
  }
  const bool keeps_layout = format.coding == Coding::Pcm || format.coding == Coding::Flac;
  if (!keeps_layout && file_layout != default_layout(file_channels)) {
    note(fmt::format("{} files have one layout of {} channels: the speakers' names were not kept",
                     format.ending, file_channels));
    file_layout = default_layout(file_channels);
  }
  if (options.maybe_tempo && format.coding != Coding::Pcm) {
    set_tag(options.tags, "bpm", fmt::format("{:g}", options.maybe_tempo->bpm));
  }
  std::vector<std::string> lost;
  options.tags = detail::kept_tags(format, options.tags, lost);
  if (!lost.empty()) {
    note(fmt::format("{} files cannot keep these tags: {}", format.ending, fmt::join(lost, ", ")));
  }
  const SampleType sample_type = options.maybe_sample_type.value_or(SampleType::Int24);
  return {&format,     file.path(), file.target().string(), file_rate, file_channels,
          file_layout, sample_type, std::move(options)};
}

void AudioWriter::Impl::note(const std::string& text) {
  notes.push_back(text);
  log::warn("{}: {}", file.target().string(), text);
}

void AudioWriter::Impl::encode_ready(bool all) {
  const int64_t step = encoder->frame_size();
  while (ready.frames() >= step || (all && ready.frames() > 0)) encoder->encode(ready.take(step));
}

void AudioWriter::Impl::mark_tempo() {
  if (!maybe_tempo || format.coding != Coding::Pcm) return;
  const int rate = detail::supported_rate(format, sample_rate);
  const int64_t frames = resampled_frames(frames_written, sample_rate, rate);
  if (!detail::append_tempo_chunks(file.path(), *maybe_tempo, rate, frames)) {
    note("wav files above 4 GB carry no tempo marks");
  }
}

AudioWriter::AudioWriter(const std::filesystem::path& path, int sample_rate, int channels,
                         const AudioWriterOptions& options) {
  require_format(channels, sample_rate, "writing sound");
  impl_ = std::make_unique<Impl>(path, sample_rate, channels, options);
}

AudioWriter::~AudioWriter() = default;
AudioWriter::AudioWriter(AudioWriter&&) noexcept = default;
AudioWriter& AudioWriter::operator=(AudioWriter&&) noexcept = default;

int AudioWriter::file_sample_rate() const {
  return detail::supported_rate(impl_->format, impl_->sample_rate);
}
int AudioWriter::file_channels() const { return impl_->file_channels; }
const std::vector<std::string>& AudioWriter::notes() const { return impl_->notes; }

void AudioWriter::write(const Waveform& block) {
  Impl& writer = *impl_;
  require_block(block, writer.channels, writer.sample_rate, "writing sound");
  if (!writer.encoder) throw Error(ErrorCode::Internal, "writing sound: a block after the end");
  for (size_t c = 0; c < block.samples.size(); ++c) {
    const auto& samples = block.samples[c];
    const auto bad =
        std::find_if_not(samples.begin(), samples.end(), [](float x) { return std::isfinite(x); });
    if (bad == samples.end()) continue;
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("writing {}: frame {} of channel {} is {}, expected a finite number",
                            writer.file.target().string(),
                            writer.frames_written + (bad - samples.begin()), c, *bad));
  }
  writer.frames_left -= block.frames();
  if (writer.frames_left < 0) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("writing {}: {} frames more than were promised",
                            writer.file.target().string(), -writer.frames_left));
  }
  writer.frames_written += block.frames();
  const Waveform mixed = mix_channels(block, writer.layout, writer.file_channels);
  writer.ready.push(writer.resampler.process(mixed).samples);
  writer.encode_ready(false);
}

void AudioWriter::close() {
  Impl& writer = *impl_;
  if (!writer.encoder) return;
  if (writer.frames_written == 0) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("writing {}: there is no sound to write, expected one frame or more",
                            writer.file.target().string()));
  }
  writer.ready.push(writer.resampler.finish().samples);
  writer.encode_ready(true);
  writer.encoder->finish();
  if (const int64_t clipped = writer.encoder->clipped_samples(); clipped > 0) {
    writer.note(fmt::format("{} samples above full scale were clipped", clipped));
  }
  writer.encoder.reset();
  writer.mark_tempo();
  writer.file.commit();
}

std::vector<std::string> write_audio(const std::filesystem::path& path, const Waveform& sound,
                                     AudioWriterOptions options, const Job& job) {
  options.maybe_max_frames = sound.frames();
  AudioWriter writer(path, sound.sample_rate, sound.channels(), options);
  require_block(sound, sound.channels(), sound.sample_rate, "writing sound");
  for (int64_t at = 0; at < sound.frames(); at += kBlockFrames) {
    job.check();
    job.report("write", at, sound.frames());
    writer.write(detail::slice(sound, at, std::min(at + kBlockFrames, sound.frames())));
  }
  writer.close();
  return writer.notes();
}

}  // namespace riffle::audio
