// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/audio_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "audio/detail/blocks.h"
#include "audio/detail/ffmpeg_decoder.h"
#include "audio/detail/ffmpeg_samples.h"
#include "audio/detail/planar_fifo.h"
#include "audio/downmix.h"
#include "audio/format_limits.h"
#include "audio/resample.h"
#include "core/error.h"
#include "core/log.h"

namespace riffle::audio {
namespace {

using detail::FfmpegDecoder;
using detail::FrameFormat;
using detail::PlanarFifo;

// The length of sound in an mp4 file stands in its index, that of Vorbis in its last page; what the
// codec's last frames decode to beyond it is padding: at most a frame of AAC with SBR or a block of
// Vorbis.
constexpr int64_t kMp4Padding = 2048;
constexpr int64_t kVorbisPadding = 8192;

// Lossy codecs announce their length with the encoder's delay and padding, which are cut off.
constexpr int64_t kLossySlack = 8192;

// Below this, decoding up to the place is as quick as searching for it.
constexpr int64_t kSearchFrames = 1 << 17;

}  // namespace

struct AudioReader::Impl {
  Impl(std::unique_ptr<detail::InputBytes> bytes, const std::string& name_in);

  void fill(int64_t frames);
  void take_frame(const AVFrame& frame);
  void switch_format(const FrameFormat& format);
  void convert(Waveform block);
  void end();
  void tell(int64_t total);
  void search(int64_t target);
  void note(const std::string& text);

  std::string name;
  FfmpegDecoder decoder;
  AudioFileInfo info;
  FrameFormat current;                 // of the frames that come from the decoder now
  std::optional<Resampler> resampler;  // where that rate is not info.sample_rate
  PlanarFifo ready{0};
  int64_t declared = -1;            // frames the container announced
  int64_t held_back = 0;            // frames kept in `ready` until the end is seen
  int64_t position = 0;             // frames handed out
  std::vector<FrameFormat> others;  // the formats it changed to on the way
  bool ended = false;
  bool truncated = false;
  int64_t unusable = 0;
  std::vector<std::string> notes;
};

AudioReader::Impl::Impl(std::unique_ptr<detail::InputBytes> bytes, const std::string& name_in)
    : name(name_in), decoder(std::move(bytes), name_in) {
  const AVFrame* first = decoder.next();
  if (first == nullptr) {
    throw Error(ErrorCode::BadFile, fmt::format("{}: it holds no sound that can be decoded", name),
                "the file is empty or damaged");
  }
  current = detail::format_of(*first);
  const detail::StreamFacts& facts = decoder.facts();
  info.sample_rate = current.sample_rate;
  info.channels = current.channels;
  info.layout = current.layout;
  info.container = facts.container;
  info.codec = facts.codec;
  info.bits_per_sample = facts.bits_per_sample;
  info.float_samples = facts.float_samples;
  info.bit_rate = facts.bit_rate;
  info.tags = facts.tags;
  declared = facts.declared_frames;
  if (declared > 0 && facts.sample_rate != info.sample_rate) {
    declared = resampled_frames(declared, facts.sample_rate, info.sample_rate);
  }
  info.frames = facts.possible_frames < 0 ? declared : std::min(declared, facts.possible_frames);
  info.frames_exact =
      facts.lossless && facts.declared_in_header && declared > 0 && info.frames == declared;
  if (info.container == "mp4") held_back = kMp4Padding;
  if (info.container == "ogg" && info.codec == "vorbis") held_back = kVorbisPadding;
  ready = PlanarFifo(info.channels);
  take_frame(*first);
}

void AudioReader::Impl::note(const std::string& text) {
  notes.push_back(text);
  log::warn("{}: {}", name, text);
}

void AudioReader::Impl::take_frame(const AVFrame& frame) {
  const FrameFormat format = detail::format_of(frame);
  if (format != current) switch_format(format);
  Waveform block{format.sample_rate, detail::planar_samples(frame)};
  unusable += detail::zero_unusable(block.samples);
  convert(std::move(block));
}

void AudioReader::Impl::switch_format(const FrameFormat& format) {
  if (resampler) ready.push(resampler->finish().samples);
  resampler.reset();
  current = format;
  if (format.sample_rate != info.sample_rate) {
    resampler.emplace(info.channels, format.sample_rate, info.sample_rate);
  }
  if (std::find(others.begin(), others.end(), format) == others.end()) others.push_back(format);
}

void AudioReader::Impl::convert(Waveform block) {
  if (block.channels() != info.channels) {
    block = mix_channels(block, current.layout, info.channels);
  }
  if (resampler) block = resampler->process(block);
  ready.push(block.samples);
}

void AudioReader::Impl::fill(int64_t frames) {
  while (!ended && ready.frames() - held_back < frames) {
    if (const AVFrame* frame = decoder.next(); frame != nullptr) {
      take_frame(*frame);
    } else {
      end();
    }
  }
}

void AudioReader::Impl::end() {
  ended = true;
  if (resampler) ready.push(resampler->finish().samples);
  resampler.reset();
  const detail::StreamFacts& facts = decoder.facts();
  const int64_t slack = facts.lossless ? 0 : kLossySlack;
  const int64_t total = position + ready.frames();
  truncated = decoder.broke_off() ||
              (facts.declared_in_header && others.empty() && total + slack < declared);
  const int64_t padding = declared > 0 ? total - declared : 0;
  if (padding <= held_back) ready.drop_last(padding);
  held_back = 0;
  tell(total);
}

void AudioReader::Impl::tell(int64_t total) {
  if (!others.empty()) {
    std::string list;
    for (const FrameFormat& format : others) {
      list += fmt::format("{}{} channels at {} Hz", list.empty() ? "" : ", ", format.channels,
                          format.sample_rate);
    }
    note(fmt::format("the sound changes to {} on the way; converted to {} channels at {} Hz", list,
                     info.channels, info.sample_rate));
  }
  if (truncated) {
    note(fmt::format("the file breaks off after {} frames{}", total,
                     total < declared ? fmt::format(" of {}", declared) : ""));
  }
  if (decoder.damaged_packets() > 0) {
    note(fmt::format("{} damaged parts were left out", decoder.damaged_packets()));
  }
  if (unusable > 0) {
    note(fmt::format("{} samples that are no usable numbers were replaced by 0", unusable));
  }
}

// Moves the decoder to frame `target` of the sound or somewhat before it.
void AudioReader::Impl::search(int64_t target) {
  auto begin = decoder.seek(target);
  if (!begin) begin = decoder.seek(0);
  if (!begin) {
    throw Error(ErrorCode::BadFile, fmt::format("{}: frame {} cannot be found", name, target),
                "the file is damaged; convert it first");
  }
  ready = PlanarFifo(info.channels);
  position = *begin;
}

AudioReader::AudioReader(const std::filesystem::path& path)
    : impl_(std::make_unique<Impl>(detail::open_file_bytes(path), path.string())) {}

AudioReader::AudioReader(std::vector<uint8_t> bytes, const std::string& name)
    : impl_(std::make_unique<Impl>(detail::own_memory_bytes(std::move(bytes)), name)) {}

AudioReader::~AudioReader() = default;
AudioReader::AudioReader(AudioReader&&) noexcept = default;
AudioReader& AudioReader::operator=(AudioReader&&) noexcept = default;

const AudioFileInfo& AudioReader::info() const { return impl_->info; }
int64_t AudioReader::position() const { return impl_->position; }
bool AudioReader::truncated() const { return impl_->truncated; }
int64_t AudioReader::unusable_samples() const { return impl_->unusable; }
const std::vector<std::string>& AudioReader::notes() const { return impl_->notes; }

Waveform AudioReader::read(int64_t max_frames) {
  if (max_frames < 1) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("reading {} frames of sound, expected 1 or more", max_frames));
  }
  impl_->fill(max_frames);
  Waveform block{impl_->info.sample_rate, impl_->ready.take(max_frames)};
  impl_->position += block.frames();
  return block;
}

int64_t AudioReader::skip(int64_t frames) {
  if (frames < 0) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("skipping {} frames of sound, expected 0 or more", frames));
  }
  const int64_t before = impl_->position;
  // Beyond the end there is nothing to search for.
  const bool within = !impl_->ended && frames < impl_->info.frames - before;
  const bool far = frames - impl_->ready.frames() > kSearchFrames;
  if (within && far && impl_->decoder.can_seek() && impl_->others.empty()) {
    impl_->search(before + frames);
  }
  while (impl_->position - before < frames) {
    if (read(std::min(kBlockFrames, frames - (impl_->position - before))).frames() == 0) break;
  }
  return impl_->position - before;
}

}  // namespace riffle::audio
