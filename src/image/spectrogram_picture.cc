// SPDX-License-Identifier: GPL-3.0-or-later
#include "image/spectrogram_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/parallel.h"
#include "image/spectrogram_exif.h"

namespace riffle::image {
namespace {

using audio::MelSpectrogram;
using audio::SpectrogramParams;

constexpr int64_t kColumnsAtOnce = 64;  // what one thread takes
constexpr int kMinRows = 16;
constexpr int kMaxRows = 8192;

// Plane of the picture (0 red, 1 green, 2 blue) that holds a channel.
int plane_of(const SpectrogramParams& params, int channel) {
  return params.stereo ? channel + 1 : 0;
}

void require_fit(const MelSpectrogram& mel, const SpectrogramParams& params) {
  params.validate();
  if (mel.channels != params.channels() || mel.rows != params.num_frequencies) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("spectrogram of {} channels and {} rows, but the parameters say {} "
                            "channels and {} rows",
                            mel.channels, mel.rows, params.channels(), params.num_frequencies));
  }
  if (mel.frames > std::numeric_limits<int>::max()) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("spectrogram of {} frames is too long for one picture", mel.frames),
                "make several pictures of one maximum");
  }
}

void require_maximum(float max_value) {
  if (std::isfinite(max_value) && max_value >= 0) return;
  throw Error(ErrorCode::InvalidArgument,
              fmt::format("spectrogram maximum is {}, expected a finite number from 0", max_value));
}

uint8_t level_of(float amplitude, float max_value, float power) {
  const float root = std::pow(amplitude / max_value, power) * 255.0F;
  return static_cast<uint8_t>(255.0F - root);
}

// Calls visit(t, row) for frames [begin, end) and all rows in small tiles: frames lie a power of
// two apart in memory, so walking along one row of many of them would thrash the cache.
template <class Visit>
void for_each_value(int64_t begin, int64_t end, int rows, const Visit& visit) {
  constexpr int64_t kTileFrames = 8;
  constexpr int kTileRows = 16;  // a cache line of floats
  for (int64_t t0 = begin; t0 < end; t0 += kTileFrames) {
    for (int r0 = 0; r0 < rows; r0 += kTileRows) {
      for (int r = r0; r < std::min(rows, r0 + kTileRows); ++r) {
        for (int64_t t = t0; t < std::min(end, t0 + kTileFrames); ++t) visit(t, r);
      }
    }
  }
}

void copy_red_to_gray(Picture& picture, int64_t begin, int64_t end) {
  for (int y = 0; y < picture.height; ++y) {
    const auto row = picture.row(y);
    for (auto x = static_cast<size_t>(begin); x < static_cast<size_t>(end); ++x)
      row[3 * x + 1] = row[3 * x + 2] = row[3 * x];
  }
}

void paint_silence(Picture& picture, bool stereo) {
  std::fill(picture.rgb.begin(), picture.rgb.end(), uint8_t{255});
  if (!stereo) return;
  for (size_t i = 0; i < picture.rgb.size(); i += 3) picture.rgb[i] = 0;
}

// Amplitude of every level. The arithmetic of Exact is the original's, step by step.
std::array<float, 256> amplitudes_of_levels(float power, const MelFromPictureOptions& options) {
  std::array<float, 256> table{};
  for (int level = 0; level < 256; ++level) {
    float relative = 0;
    if (options.dequantize == Dequantize::Exact) {
      relative = std::pow(static_cast<float>(255 - level) / 255.0F, 1.0F / power);
    } else if (level < 255) {
      const double exponent = 1.0 / static_cast<double>(power);
      const double above = (255 - level) / 255.0;
      const double below = (254 - level) / 255.0;
      relative = static_cast<float>(
          (std::pow(above, exponent + 1) - std::pow(below, exponent + 1)) * 255 / (exponent + 1));
    }
    table[static_cast<size_t>(level)] = relative * options.max_value;
  }
  return table;
}

}  // namespace

float max_amplitude(const MelSpectrogram& mel) {
  if (mel.channels < 1 || mel.frames < 1 || mel.rows < 1) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("spectrogram of {} channels, {} frames and {} rows has no values",
                            mel.channels, mel.frames, mel.rows));
  }
  float largest = 0;
  for (size_t i = 0; i < mel.values.size(); ++i) {
    const float value = mel.values[i];
    if (!(value >= 0) || std::isinf(value)) {
      const auto rows = static_cast<size_t>(mel.rows);
      const auto frames = static_cast<size_t>(mel.frames);
      throw Error(ErrorCode::InvalidArgument,
                  fmt::format("spectrogram amplitude of channel {}, frame {}, row {} is {}, "
                              "expected a finite number from 0",
                              i / rows / frames, i / rows % frames, i % rows, value));
    }
    largest = std::max(largest, value);
  }
  return largest;
}

Picture picture_from_mel(const MelSpectrogram& mel, const SpectrogramParams& params,
                         std::optional<float> max_value, const Job& job) {
  require_fit(mel, params);
  const float own_maximum = max_amplitude(mel);
  const float maximum = max_value.value_or(own_maximum);
  require_maximum(maximum);
  if (maximum == 0 && own_maximum > 0) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("spectrogram maximum is 0, but amplitudes reach {}", own_maximum));
  }

  Picture picture(static_cast<int>(mel.frames), mel.rows);
  picture.exif = encode_spectrogram_exif({params, maximum});
  if (maximum == 0) {
    paint_silence(picture, params.stereo);
    return picture;
  }
  parallel_for(mel.frames, kColumnsAtOnce, [&](int64_t begin, int64_t end) {
    job.check();
    for (int channel = 0; channel < mel.channels; ++channel) {
      const int plane = plane_of(params, channel);
      for_each_value(begin, end, mel.rows, [&](int64_t t, int row) {
        const float amplitude = mel.frame(channel, t)[static_cast<size_t>(row)];
        picture.row(mel.rows - 1 - row)[static_cast<size_t>(3 * t + plane)] =
            level_of(std::min(amplitude, maximum), maximum, params.power_for_image);
      });
    }
    if (!params.stereo) copy_red_to_gray(picture, begin, end);
  });
  return picture;
}

MelSpectrogram mel_from_picture(const Picture& picture, const SpectrogramParams& params,
                                const MelFromPictureOptions& options, const Job& job) {
  params.validate();
  require_maximum(options.max_value);
  if (picture.width < 1 || picture.height != params.num_frequencies) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("picture of {} x {} pixels, but the parameters say {} rows",
                            picture.width, picture.height, params.num_frequencies));
  }
  const auto table = amplitudes_of_levels(params.power_for_image, options);
  MelSpectrogram mel(params.channels(), picture.width, picture.height);
  parallel_for(mel.frames, kColumnsAtOnce, [&](int64_t begin, int64_t end) {
    job.check();
    for (int channel = 0; channel < mel.channels; ++channel) {
      const int plane = plane_of(params, channel);
      for_each_value(begin, end, mel.rows, [&](int64_t t, int row) {
        const auto level = picture.row(mel.rows - 1 - row)[static_cast<size_t>(3 * t + plane)];
        mel.frame(channel, t)[static_cast<size_t>(row)] = table[level];
      });
    }
  });
  return mel;
}

FittedParams fit_to_picture(const SpectrogramParams& params, const Picture& picture,
                            std::string_view name) {
  if (picture.width < 2 || picture.height < kMinRows || picture.height > kMaxRows) {
    throw Error(ErrorCode::BadFile,
                fmt::format("picture {}: {} x {} pixels are no spectrogram, expected at least 2 "
                            "columns and {} to {} rows",
                            name, picture.width, picture.height, kMinRows, kMaxRows),
                "give a spectrogram picture: time to the right, one row a mel band");
  }
  FittedParams fitted{params, {}};
  if (picture.height != params.num_frequencies) {
    fitted.notes.push_back(
        fmt::format("the picture has {} rows, so num_frequencies is {} instead "
                    "of {}",
                    picture.height, picture.height, params.num_frequencies));
    fitted.params.num_frequencies = picture.height;
  }
  return fitted;
}

}  // namespace riffle::image
