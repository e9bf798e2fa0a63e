// SPDX-License-Identifier: GPL-3.0-or-later
// One audio stream encoded and written to a file through libavcodec and libavformat.
#pragma once

#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "audio/audio_stream.h"
#include "audio/audio_writer.h"
#include "audio/detail/ffmpeg.h"
#include "audio/detail/output_format.h"
#include "audio/detail/quantize.h"

namespace riffle::audio::detail {

struct EncoderSettings {
  const OutputFormat* format;  // never null
  std::filesystem::path path;  // what is written
  std::string name;            // what errors call it
  int sample_rate;             // one the format has
  int channels;                // as many as it takes
  ChannelMask layout;
  SampleType sample_type;        // PCM and FLAC
  AudioWriterOptions options;    // the rest; its tags are those the format keeps
  StreamReceiver receiver = {};  // takes the bytes in place of a file; path is then not used
};

class FfmpegEncoder {
 public:
  // Throws Error{Io} where the system refuses, Error{InvalidArgument} where the encoder does.
  explicit FfmpegEncoder(const EncoderSettings& settings);
  ~FfmpegEncoder();
  FfmpegEncoder(const FfmpegEncoder&) = delete;
  FfmpegEncoder& operator=(const FfmpegEncoder&) = delete;

  // Frames the encoder takes at a time; only the last call to encode() may give fewer.
  int64_t frame_size() const;
  // samples: [channels][at most frame_size() frames].
  void encode(const std::vector<std::vector<float>>& samples);
  // Flushes the encoder and writes the file's end.
  void finish();

  // The layout the file has, which may name other speakers than asked for.
  ChannelMask layout() const { return mask_of(codec_->ch_layout); }
  int64_t clipped_samples() const { return quantizer_.clipped(); }

 private:
  void open_codec(const EncoderSettings& settings);
  void open_file(const EncoderSettings& settings);
  void drain();
  void require(int result, const char* doing) const;
  void open_receiver();
  static int receive(void* self, uint8_t* bytes, int size);

  struct CloseOutput {
    void operator()(AVFormatContext* context) const;
  };

  std::string name_;
  StreamReceiver receiver_;
  std::exception_ptr thrown_;  // by the receiver; FFmpeg's C code cannot carry it
  std::unique_ptr<AVFormatContext, CloseOutput> context_;
  CodecContextPtr codec_;
  PacketPtr packet_;
  AVStream* stream_ = nullptr;
  Quantizer quantizer_;
  int64_t frames_ = 0;
};

}  // namespace riffle::audio::detail
