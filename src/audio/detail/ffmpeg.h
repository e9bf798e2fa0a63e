// SPDX-License-Identifier: GPL-3.0-or-later
// Owners for FFmpeg's C objects, its error texts and its log. Only files of this folder include
// FFmpeg's headers.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/channel_layout.h>
#include <libavutil/frame.h>
}

#include <memory>
#include <string>

#include "audio/channel_layout.h"
#include "audio/tags.h"

namespace riffle::audio::detail {

// For the many free functions that take a pointer to the pointer.
template <auto kFree>
struct FreeByAddress {
  template <class T>
  void operator()(T* object) const {
    kFree(&object);
  }
};

using FramePtr = std::unique_ptr<AVFrame, FreeByAddress<av_frame_free>>;
using PacketPtr = std::unique_ptr<AVPacket, FreeByAddress<av_packet_free>>;
using CodecContextPtr = std::unique_ptr<AVCodecContext, FreeByAddress<avcodec_free_context>>;
using InputContextPtr = std::unique_ptr<AVFormatContext, FreeByAddress<avformat_close_input>>;

// AVDictionary with its destructor.
class Dictionary {
 public:
  Dictionary() = default;
  ~Dictionary() { av_dict_free(&dictionary_); }
  Dictionary(const Dictionary&) = delete;
  Dictionary& operator=(const Dictionary&) = delete;
  void set(const char* key, const std::string& value);
  AVDictionary** address() { return &dictionary_; }

 private:
  AVDictionary* dictionary_ = nullptr;
};

// AVChannelLayout with its destructor. An unknown layout is a plain number of channels.
class ChannelLayout {
 public:
  ChannelLayout(ChannelMask mask, int channels);
  ~ChannelLayout() { av_channel_layout_uninit(&layout_); }
  ChannelLayout(const ChannelLayout&) = delete;
  ChannelLayout& operator=(const ChannelLayout&) = delete;
  const AVChannelLayout* get() const { return &layout_; }

 private:
  AVChannelLayout layout_{};
};

// The mask of a layout in native order, else kUnknownLayout.
ChannelMask mask_of(const AVChannelLayout& layout);

// What FFmpeg says about a negative return value.
std::string error_text(int error);

[[noreturn]] void throw_out_of_memory();

// Returns the pointer, or throws Error{OutOfMemory} when it is null.
template <class T>
T* require_memory(T* object) {
  if (object == nullptr) throw_out_of_memory();
  return object;
}

// Sends FFmpeg's own messages to riffle::log at debug level. Idempotent.
void bridge_log();

// Adds to `tags` what the dictionary holds, in its order: keys in lower case, values as UTF-8, keys
// already there left out. `film`: the container is one that is made for films and keeps books about
// itself there (brands, handler names, ...); those are left out too.
void append_tags(Tags& tags, const AVDictionary* dictionary, bool film);

}  // namespace riffle::audio::detail
