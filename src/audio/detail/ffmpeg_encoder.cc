// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/detail/ffmpeg_encoder.h"

#include <fmt/format.h>

#include <cmath>

#include "audio/detail/ffmpeg_samples.h"
#include "audio/detail/id3v2.h"
#include "core/error.h"

namespace riffle::audio::detail {
namespace {

constexpr int64_t kPcmFrames = 8192;  // at a time
constexpr int64_t kPlainWavBytes =
    4000000000;  // below the 32-bit sizes of RIFF, with room for tags

const char* encoder_name(const EncoderSettings& settings) {
  if (settings.format->encoder != nullptr) return settings.format->encoder;
  switch (settings.sample_type) {
    case SampleType::Int16:
      return "pcm_s16le";
    case SampleType::Int24:
      return "pcm_s24le";
    case SampleType::Float32:
      return "pcm_f32le";
  }
  return "pcm_f32le";
}

AVSampleFormat sample_format(const EncoderSettings& settings) {
  switch (settings.format->coding) {
    case Coding::Opus:
      return AV_SAMPLE_FMT_FLT;
    case Coding::Mp3:
    case Coding::Vorbis:
    case Coding::Aac:
      return AV_SAMPLE_FMT_FLTP;
    case Coding::Pcm:
    case Coding::Flac:
      break;
  }
  switch (settings.sample_type) {
    case SampleType::Int16:
      return AV_SAMPLE_FMT_S16;
    case SampleType::Int24:
      return AV_SAMPLE_FMT_S32;
    case SampleType::Float32:
      break;
  }
  return AV_SAMPLE_FMT_FLT;
}

void set_quality(AVCodecContext& codec, const EncoderSettings& settings) {
  const OutputFormat& format = *settings.format;
  if (settings.options.maybe_bitrate_kbps) {
    codec.bit_rate = int64_t{1000} * *settings.options.maybe_bitrate_kbps;
  } else if (format.maybe_quality) {
    codec.flags |= AV_CODEC_FLAG_QSCALE;
    const double quality = settings.options.maybe_quality.value_or(format.default_quality);
    codec.global_quality = static_cast<int>(std::lround(quality * FF_QP2LAMBDA));
  } else if (format.kbps_per_channel > 0) {
    codec.bit_rate = int64_t{1000} * format.kbps_per_channel * settings.channels;
  }
}

void set_muxer_options(Dictionary& options, const EncoderSettings& settings) {
  switch (settings.format->coding) {
    case Coding::Pcm: {
      const int64_t frame_bytes = int64_t{4} * settings.channels;
      const auto promised = settings.options.maybe_max_frames;
      const bool plain = promised && *promised < kPlainWavBytes / frame_bytes;
      options.set("rf64", plain ? "never" : "auto");
      break;
    }
    case Coding::Mp3:
      options.set("id3v2_version", "0");  // ours stands there already
      // A frame that would be filled in at the end, which a stream does not have.
      if (settings.receiver) options.set("write_xing", "0");
      break;
    case Coding::Aac:
      options.set("movflags", "+faststart");  // playable before it is loaded
      // The length without the encoder's padding is told in these units.
      options.set("movie_timescale", std::to_string(settings.sample_rate));
      break;
    case Coding::Opus:
      // Microseconds of sound that wait for a page to be full.
      if (settings.receiver) options.set("page_duration", "200000");
      break;
    case Coding::Flac:
    case Coding::Vorbis:
      break;
  }
}

}  // namespace

void FfmpegEncoder::CloseOutput::operator()(AVFormatContext* context) const {
  if ((context->flags & AVFMT_FLAG_CUSTOM_IO) != 0) {
    if (context->pb != nullptr) av_freep(&context->pb->buffer);
    avio_context_free(&context->pb);
  } else {
    avio_closep(&context->pb);
  }
  avformat_free_context(context);
}

FfmpegEncoder::FfmpegEncoder(const EncoderSettings& settings)
    : name_(settings.name),
      receiver_(settings.receiver),
      packet_(require_memory(av_packet_alloc())),
      quantizer_(settings.sample_type == SampleType::Int16 ? 16 : 24,
                 settings.options.dither && settings.sample_type == SampleType::Int16) {
  bridge_log();
  AVFormatContext* context = nullptr;
  const std::string url = "file:" + settings.path.string();
  require(avformat_alloc_output_context2(&context, nullptr, settings.format->muxer, url.c_str()),
          "preparing it");
  context_.reset(context);
  context_->flags |= AVFMT_FLAG_BITEXACT;  // the same sound gives the same file
  open_codec(settings);
  open_file(settings);
}

FfmpegEncoder::~FfmpegEncoder() = default;

void FfmpegEncoder::require(int result, const char* doing) const {
  if (thrown_) std::rethrow_exception(thrown_);
  if (result >= 0) return;
  if (result == AVERROR(ENOMEM)) throw_out_of_memory();
  throw Error(ErrorCode::Io,
              fmt::format("cannot write {}: {}: {}", name_, doing, error_text(result)),
              "check the folder's permissions and free space");
}

void FfmpegEncoder::open_codec(const EncoderSettings& settings) {
  const AVCodec* encoder = avcodec_find_encoder_by_name(encoder_name(settings));
  if (encoder == nullptr) {
    throw Error(ErrorCode::Unsupported, fmt::format("cannot write {}: FFmpeg has no encoder {}",
                                                    name_, encoder_name(settings)));
  }
  codec_.reset(require_memory(avcodec_alloc_context3(encoder)));
  codec_->sample_rate = settings.sample_rate;
  codec_->sample_fmt = sample_format(settings);
  codec_->time_base = AVRational{1, settings.sample_rate};
  codec_->flags |= AV_CODEC_FLAG_BITEXACT;
  if (settings.sample_type == SampleType::Int24) codec_->bits_per_raw_sample = 24;
  if ((context_->oformat->flags & AVFMT_GLOBALHEADER) != 0) {
    codec_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  }
  const ChannelLayout layout(settings.layout, settings.channels);
  require(av_channel_layout_copy(&codec_->ch_layout, layout.get()), "preparing it");
  set_quality(*codec_, settings);
  Dictionary options;
  // RFC 7845's order of channels, and coupling by what the channels mean.
  if (settings.format->coding == Coding::Opus && settings.channels > 2) {
    options.set("mapping_family", "1");
  }
  // FFmpeg's noise substitution costs this encoder 0.4 to 3 dB of signal to noise and up to 5 dB of
  // peak (measured on music at 128 to 256 kbit/s).
  if (settings.format->coding == Coding::Aac) options.set("aac_pns", "0");
  if (const int error = avcodec_open2(codec_.get(), encoder, options.address()); error < 0) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("cannot write {}: the encoder {} refuses {} channels at {} Hz with "
                            "these options ({})",
                            name_, encoder->name, settings.channels, settings.sample_rate,
                            error_text(error)),
                "choose another bit rate, or leave it out");
  }
}

void FfmpegEncoder::open_file(const EncoderSettings& settings) {
  stream_ = require_memory(avformat_new_stream(context_.get(), nullptr));
  stream_->time_base = codec_->time_base;
  require(avcodec_parameters_from_context(stream_->codecpar, codec_.get()), "preparing it");
  if (receiver_)
    open_receiver();
  else
    require(avio_open(&context_->pb, context_->url, AVIO_FLAG_WRITE), "opening it");
  if (settings.format->coding == Coding::Mp3) {
    const auto tag = id3v2_tag(settings.options.tags);
    avio_write(context_->pb, tag.data(), static_cast<int>(tag.size()));
  } else {
    for (const auto& [key, value] : settings.options.tags) {
      require(av_dict_set(&context_->metadata, key.c_str(), value.c_str(), 0), "its tags");
    }
  }
  Dictionary options;
  set_muxer_options(options, settings);
  require(avformat_write_header(context_.get(), options.address()), "its header");
}

int FfmpegEncoder::receive(void* self, uint8_t* bytes, int size) {
  auto& encoder = *static_cast<FfmpegEncoder*>(self);
  try {
    encoder.receiver_({bytes, static_cast<size_t>(size)});
    return size;
  } catch (...) {
    encoder.thrown_ = std::current_exception();
    return AVERROR(EIO);
  }
}

void FfmpegEncoder::open_receiver() {
  constexpr int kBytes = 4096;
  auto* buffer = static_cast<uint8_t*>(require_memory(av_malloc(kBytes)));
  context_->pb = avio_alloc_context(buffer, kBytes, 1, this, nullptr, receive, nullptr);
  if (context_->pb == nullptr) {
    av_free(buffer);
    throw_out_of_memory();
  }
  context_->pb->seekable = 0;
  context_->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_FLUSH_PACKETS;
}

int64_t FfmpegEncoder::frame_size() const {
  return codec_->frame_size > 0 ? codec_->frame_size : kPcmFrames;
}

void FfmpegEncoder::encode(const std::vector<std::vector<float>>& samples) {
  const FramePtr frame(require_memory(av_frame_alloc()));
  frame->format = codec_->sample_fmt;
  frame->sample_rate = codec_->sample_rate;
  frame->nb_samples = static_cast<int>(samples[0].size());
  require(av_channel_layout_copy(&frame->ch_layout, &codec_->ch_layout), "its sound");
  require(av_frame_get_buffer(frame.get(), 0), "its sound");
  fill_frame(*frame, samples, quantizer_);
  frame->pts = frames_;
  frames_ += frame->nb_samples;
  require(avcodec_send_frame(codec_.get(), frame.get()), "its sound");
  drain();
}

void FfmpegEncoder::drain() {
  for (;;) {
    const int result = avcodec_receive_packet(codec_.get(), packet_.get());
    if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return;
    require(result, "its sound");
    av_packet_rescale_ts(packet_.get(), codec_->time_base, stream_->time_base);
    packet_->stream_index = stream_->index;
    require(av_write_frame(context_.get(), packet_.get()), "its sound");
    av_packet_unref(packet_.get());
    require(context_->pb->error, "its sound");
  }
}

void FfmpegEncoder::finish() {
  require(avcodec_send_frame(codec_.get(), nullptr), "its end");
  drain();
  require(av_write_trailer(context_.get()), "its end");
  avio_flush(context_->pb);
  require(context_->pb->error, "its end");
  if (!receiver_) require(avio_closep(&context_->pb), "its end");
}

}  // namespace riffle::audio::detail
