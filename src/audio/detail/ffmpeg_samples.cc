// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/detail/ffmpeg_samples.h"

extern "C" {
#include <libavutil/samplefmt.h>
}

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <type_traits>

#include "core/error.h"

namespace riffle::audio::detail {
namespace {

// FFmpeg hands out samples of every type as bytes.
template <class T>
T* as(uint8_t* bytes) {
  return static_cast<T*>(static_cast<void*>(bytes));
}

template <class T>
float to_float(T x) {
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<float>(x);
  } else if constexpr (std::is_same_v<T, uint8_t>) {
    return static_cast<float>(x - 128) / 128.0F;
  } else {
    constexpr double kScale = -1.0 / static_cast<double>(std::numeric_limits<T>::min());
    return static_cast<float>(static_cast<double>(x) * kScale);
  }
}

template <class T>
void copy_planar(const AVFrame& frame, std::vector<std::vector<float>>& out) {
  const size_t channels = out.size();
  const bool planar = av_sample_fmt_is_planar(static_cast<AVSampleFormat>(frame.format)) != 0;
  for (size_t c = 0; c < channels; ++c) {
    const T* from = as<T>(frame.extended_data[planar ? c : 0]);
    const size_t stride = planar ? 1 : channels;
    const size_t first = planar ? 0 : c;
    for (size_t i = 0; i < out[c].size(); ++i) out[c][i] = to_float(from[first + i * stride]);
  }
}

}  // namespace

std::vector<std::vector<float>> planar_samples(const AVFrame& frame) {
  std::vector<std::vector<float>> out(static_cast<size_t>(frame.ch_layout.nb_channels),
                                      std::vector<float>(static_cast<size_t>(frame.nb_samples)));
  switch (av_get_packed_sample_fmt(static_cast<AVSampleFormat>(frame.format))) {
    case AV_SAMPLE_FMT_U8:
      copy_planar<uint8_t>(frame, out);
      break;
    case AV_SAMPLE_FMT_S16:
      copy_planar<int16_t>(frame, out);
      break;
    case AV_SAMPLE_FMT_S32:
      copy_planar<int32_t>(frame, out);
      break;
    case AV_SAMPLE_FMT_S64:
      copy_planar<int64_t>(frame, out);
      break;
    case AV_SAMPLE_FMT_FLT:
      copy_planar<float>(frame, out);
      break;
    case AV_SAMPLE_FMT_DBL:
      copy_planar<double>(frame, out);
      break;
    default:
      throw Error(ErrorCode::Unsupported,
                  fmt::format("FFmpeg's sample format {} is not known here", frame.format));
  }
  return out;
}

int64_t zero_unusable(std::vector<std::vector<float>>& samples) {
  constexpr float kLargest = 1e9F;
  int64_t count = 0;
  for (auto& channel : samples) {
    for (float& x : channel) {
      if (std::abs(x) <= kLargest) continue;  // false for NaN
      x = 0;
      ++count;
    }
  }
  return count;
}

void fill_frame(AVFrame& frame, const std::vector<std::vector<float>>& samples,
                Quantizer& quantizer) {
  const size_t channels = samples.size();
  for (size_t c = 0; c < channels; ++c) {
    const std::vector<float>& from = samples[c];
    const size_t count = from.size();
    switch (frame.format) {
      case AV_SAMPLE_FMT_S16: {
        auto* to = as<int16_t>(frame.data[0]);
        for (size_t i = 0; i < count; ++i) {
          to[i * channels + c] = static_cast<int16_t>(quantizer(from[i]));
        }
        break;
      }
      case AV_SAMPLE_FMT_S32: {
        auto* to = as<int32_t>(frame.data[0]);
        for (size_t i = 0; i < count; ++i) to[i * channels + c] = quantizer(from[i]) * 256;
        break;
      }
      case AV_SAMPLE_FMT_FLT: {
        auto* to = as<float>(frame.data[0]);
        for (size_t i = 0; i < count; ++i) to[i * channels + c] = from[i];
        break;
      }
      case AV_SAMPLE_FMT_FLTP:
        std::copy(from.begin(), from.end(), as<float>(frame.extended_data[c]));
        break;
      default:
        throw Error(ErrorCode::Internal,
                    fmt::format("no way to fill FFmpeg's sample format {}", frame.format));
    }
  }
}

}  // namespace riffle::audio::detail
