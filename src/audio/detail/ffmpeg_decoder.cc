// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/detail/ffmpeg_decoder.h"

extern "C" {
#include <libavutil/mathematics.h>
}

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "audio/detail/wav_header.h"
#include "audio/format_limits.h"
#include "core/error.h"

namespace riffle::audio::detail {
namespace {

// A demuxer that fails this often in a row without a packet in between has lost its way.
constexpr int kMaxReadErrors = 16;

// Demuxers of playlists and the like open further files through this.
int refuse_nested_open(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) {
  return AVERROR(EACCES);
}

bool is_pcm(AVCodecID id) { return id >= AV_CODEC_ID_FIRST_AUDIO && id < AV_CODEC_ID_ADPCM_IMA_QT; }

// FFmpeg names a demuxer after everything it reads.
std::string container_name(const AVInputFormat& format) {
  const std::string names = format.name;
  if (names.starts_with("mov,")) return "mp4";
  return names.substr(0, names.find(','));
}

bool is_lossless(const AVCodecParameters& parameters) {
  const AVCodecDescriptor* descriptor = avcodec_descriptor_get(parameters.codec_id);
  return descriptor != nullptr && (descriptor->props & AV_CODEC_PROP_LOSSLESS) != 0 &&
         (descriptor->props & AV_CODEC_PROP_LOSSY) == 0;
}

}  // namespace

FrameFormat format_of(const AVFrame& frame) {
  return {frame.sample_rate, frame.ch_layout.nb_channels, mask_of(frame.ch_layout)};
}

FfmpegDecoder::FfmpegDecoder(std::unique_ptr<InputBytes> bytes, std::string name)
    : open_ended_(has_placeholder_length(*bytes)),
      stream_(std::move(bytes)),
      name_(std::move(name)),
      packet_(require_memory(av_packet_alloc())),
      frame_(require_memory(av_frame_alloc())) {
  bridge_log();
  open(std::filesystem::path(name_).filename().string());
  choose_stream();
  gather_facts();
}

void FfmpegDecoder::refuse(const std::string& why, const std::string& hint) const {
  throw Error(ErrorCode::BadFile, fmt::format("{}: {}", name_, why), hint);
}

void FfmpegDecoder::open(const std::string& name) {
  if (stream_.size() == 0) refuse("the file is empty, expected sound");
  AVFormatContext* context = require_memory(avformat_alloc_context());
  context->pb = stream_.context();
  context->flags |= AVFMT_FLAG_CUSTOM_IO;
  context->io_open = refuse_nested_open;
  context->protocol_whitelist = av_strdup("none");
  // Frees the context when it fails.
  if (const int error = avformat_open_input(&context, name.c_str(), nullptr, nullptr); error < 0) {
    refuse(fmt::format("not a sound file FFmpeg can read ({})", error_text(error)),
           "expected wav, flac, mp3, ogg, opus, m4a or another format FFmpeg knows");
  }
  context_.reset(context);
  for (unsigned i = 0; i < context->nb_streams; ++i) {
    const AVCodecParameters& parameters = *context->streams[i]->codecpar;
    if (parameters.codec_type != AVMEDIA_TYPE_AUDIO) continue;
    // Before any decoder takes memory for them. Formats that tell later have 0 here.
    if (parameters.ch_layout.nb_channels > kMaxChannels) {
      refuse(fmt::format("{} channels, expected 1 to {}", parameters.ch_layout.nb_channels,
                         kMaxChannels));
    }
  }
  if (const int error = avformat_find_stream_info(context, nullptr); error < 0) {
    refuse(fmt::format("its streams cannot be read ({})", error_text(error)));
  }
}

void FfmpegDecoder::choose_stream() {
  const AVCodec* decoder = nullptr;
  index_ = av_find_best_stream(context_.get(), AVMEDIA_TYPE_AUDIO, -1, -1, &decoder, 0);
  if (index_ == AVERROR_DECODER_NOT_FOUND) refuse("this FFmpeg has no decoder for its sound");
  if (index_ < 0) refuse("there is no sound in it");
  for (unsigned i = 0; i < context_->nb_streams; ++i) {
    if (static_cast<int>(i) != index_) context_->streams[i]->discard = AVDISCARD_ALL;
  }
  const AVStream& stream = *context_->streams[index_];
  codec_.reset(require_memory(avcodec_alloc_context3(decoder)));
  avcodec_parameters_to_context(codec_.get(), stream.codecpar);
  codec_->pkt_timebase = stream.time_base;  // without it libavcodec cannot cut encoder delay off
  codec_->thread_count = 1;
  // libavformat counts the first Vorbis packet, which gives no sound, as sound, and would have too
  // much cut off the end of a file of one page; the caller cuts at the declared length instead.
  if (codec_->codec_id == AV_CODEC_ID_VORBIS && container_name(*context_->iformat) == "ogg") {
    codec_->flags2 |= AV_CODEC_FLAG2_SKIP_MANUAL;
  }
  if (const int error = avcodec_open2(codec_.get(), decoder, nullptr); error < 0) {
    refuse(fmt::format("its sound ({}) cannot be decoded ({})", decoder->name, error_text(error)));
  }
}

void FfmpegDecoder::gather_facts() {
  const AVStream& stream = *context_->streams[index_];
  const AVCodecParameters& parameters = *stream.codecpar;
  facts_.container = container_name(*context_->iformat);
  facts_.codec = avcodec_get_name(parameters.codec_id);
  facts_.sample_rate = parameters.sample_rate;
  facts_.lossless = is_pcm(parameters.codec_id) || is_lossless(parameters);
  facts_.float_samples = facts_.codec.starts_with("pcm_f");
  facts_.bit_rate = parameters.bit_rate > 0 ? parameters.bit_rate : context_->bit_rate;
  if (facts_.lossless) {
    facts_.bits_per_sample = parameters.bits_per_raw_sample > 0
                                 ? parameters.bits_per_raw_sample
                                 : av_get_bits_per_sample(parameters.codec_id);
  }
  facts_.declared_in_header =
      stream.duration > 0 && context_->duration_estimation_method != AVFMT_DURATION_FROM_BITRATE;
  if (stream.duration > 0 && parameters.sample_rate > 0) {
    facts_.declared_frames =
        av_rescale_q(stream.duration, stream.time_base, AVRational{1, parameters.sample_rate});
    // mp3 counts the delay it has its decoder cut off from the beginning.
    if (facts_.container == "mp3" && stream.start_time > 0) {
      facts_.declared_frames -=
          av_rescale_q(stream.start_time, stream.time_base, AVRational{1, parameters.sample_rate});
    }
  }
  const int64_t frame_bits = static_cast<int64_t>(av_get_bits_per_sample(parameters.codec_id)) *
                             parameters.ch_layout.nb_channels;
  if (is_pcm(parameters.codec_id) && frame_bits > 0 && stream_.size() > 0) {
    facts_.possible_frames = stream_.size() / frame_bits * 8;
  }
  const bool film = facts_.container == "mp4" || facts_.container == "matroska";
  append_tags(facts_.tags, context_->metadata, film);
  append_tags(facts_.tags, stream.metadata, film);

  const bool begins_at_zero = stream.start_time == 0 || stream.start_time == AV_NOPTS_VALUE;
  const bool counts_samples =
      stream.time_base.num == 1 && stream.time_base.den == parameters.sample_rate;
  exact_positions_ = stream_.size() > 0 && begins_at_zero && counts_samples && !film &&
                     (is_pcm(parameters.codec_id) || facts_.container == "flac");
}

const AVFrame* FfmpegDecoder::next() {
  for (;;) {
    const int result = avcodec_receive_frame(codec_.get(), frame_.get());
    if (result == AVERROR_EOF) return nullptr;
    if (result == 0) {
      const FrameFormat format = format_of(*frame_);
      if (format.channels < 1 || format.channels > kMaxChannels) {
        refuse(fmt::format("{} channels, expected 1 to {}", format.channels, kMaxChannels));
      }
      if (format.sample_rate < kMinSampleRate || format.sample_rate > kMaxSampleRate) {
        refuse(fmt::format("a sample rate of {} Hz, expected {} to {} Hz", format.sample_rate,
                           kMinSampleRate, kMaxSampleRate));
      }
      if (frame_->nb_samples > 0) return frame_.get();
      continue;
    }
    if (result != AVERROR(EAGAIN)) ++damaged_packets_;
    if (!feed()) return nullptr;
  }
}

// Gives the decoder one packet, or the end. False when it has had the end already.
bool FfmpegDecoder::feed() {
  for (;;) {
    if (draining_) return false;
    const int result = av_read_frame(context_.get(), packet_.get());
    if (result < 0 && result != AVERROR_EOF && ++read_errors_ < kMaxReadErrors &&
        context_->pb->error == 0) {
      ++damaged_packets_;
      continue;
    }
    if (result < 0) {
      broke_off_ = broke_off_ || result != AVERROR_EOF || context_->pb->error != 0;
      draining_ = true;
      avcodec_send_packet(codec_.get(), nullptr);
      return true;
    }
    read_errors_ = 0;
    if (packet_->stream_index != index_) {
      av_packet_unref(packet_.get());
      continue;
    }
    broke_off_ = broke_off_ || (!open_ended_ && (packet_->flags & AV_PKT_FLAG_CORRUPT) != 0);
    const int sent = avcodec_send_packet(codec_.get(), packet_.get());
    av_packet_unref(packet_.get());
    if (sent < 0) ++damaged_packets_;
    return true;
  }
}

std::optional<int64_t> FfmpegDecoder::seek(int64_t at) {
  if (!exact_positions_) return std::nullopt;
  if (avformat_seek_file(context_.get(), index_, INT64_MIN, at, at, 0) < 0) return std::nullopt;
  avcodec_flush_buffers(codec_.get());
  draining_ = false;
  const AVPacket* packet = packet_.get();
  // The position is known from the next packet, which the decoder is given at once.
  while (av_read_frame(context_.get(), packet_.get()) >= 0) {
    if (packet->stream_index == index_ && packet->pts != AV_NOPTS_VALUE) {
      const int64_t begin = packet->pts;
      avcodec_send_packet(codec_.get(), packet_.get());
      av_packet_unref(packet_.get());
      return begin <= at ? std::optional(begin) : std::nullopt;
    }
    av_packet_unref(packet_.get());
  }
  return std::nullopt;
}

}  // namespace riffle::audio::detail
