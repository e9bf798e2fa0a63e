// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/spectrogram_encoder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "audio/codec_signals.h"
#include "core/error.h"
#include "support/safetensors_lite.h"
#include "support/test_files.h"

namespace riffle::audio {
namespace {

Waveform from_int16(const std::vector<int32_t>& values, size_t channels, int rate) {
  Waveform sound{rate, std::vector<std::vector<float>>(channels)};
  const size_t n = values.size() / channels;
  for (size_t i = 0; i < values.size(); ++i)
    sound.samples[i / n].push_back(static_cast<float>(values[i]) / 32768.0F);
  return sound;
}

// expected: [channels, rows, frames]. float32 sums of up to 45 products and FFT rounding: 1e-4 of
// the value, plus 1e-6 of the frame's loudest row for rows that are next to nothing.
void expect_mel_near(const MelSpectrogram& mel, const std::vector<float>& expected,
                     int64_t expected_frames) {
  for (int c = 0; c < mel.channels; ++c) {
    for (int64_t t = 0; t < expected_frames; ++t) {
      float top = 0;
      for (const float v : mel.frame(c, t)) top = std::max(top, v);
      for (int m = 0; m < mel.rows; ++m) {
        const float want = expected[static_cast<size_t>((c * mel.rows + m) * expected_frames + t)];
        ASSERT_NEAR(mel.frame(c, t)[static_cast<size_t>(m)], want, 1e-4F * want + 1e-6F * top)
            << c << " " << t << " " << m;
      }
    }
  }
}

TEST(SpectrogramEncoder, EqualsTorchaudio) {
  const test::SafetensorsLite golden(test::golden_file("codec.safetensors"));
  const Waveform sound = from_int16(golden.values<int32_t>("sound"), 2, 44100);
  // The golden amplitudes are of integers as samples.
  const MelSpectrogram mel = encode_spectrogram(sound, {.stereo = true});
  ASSERT_EQ(mel.frames, golden.shape("mel")[2]);
  expect_mel_near(mel, golden.values<float>("mel"), mel.frames);
}

TEST(SpectrogramEncoder, EqualsTorchaudioAtOtherSettings) {
  const test::SafetensorsLite golden(test::golden_file("codec.safetensors"));
  const Waveform sound = from_int16(golden.values<int32_t>("small"), 2, 22050);
  const MelSpectrogram mel = encode_spectrogram(sound, {.stereo = true,
                                                        .sample_rate = 22050,
                                                        .step_size_ms = 20,
                                                        .padded_duration_ms = 200,
                                                        .num_frequencies = 128,
                                                        .min_frequency = 20,
                                                        .max_frequency = 11000});
  ASSERT_EQ(mel.frames, golden.shape("small_mel")[2]);
  expect_mel_near(mel, golden.values<float>("small_mel"), mel.frames);
}

TEST(SpectrogramEncoder, StreamEqualsWhole) {
  const SpectrogramParams params{.stereo = true};
  const Waveform sound = test::little_tune(1.3, 44100, 2);
  const MelSpectrogram whole = encode_spectrogram(sound, params);
  SpectrogramEncoder encoder(params);
  std::vector<MelSpectrogram> parts;
  int64_t at = 0;
  for (int64_t size = 1; at < sound.frames(); size = size * 3 + 1) {
    const int64_t count = std::min(size, sound.frames() - at);
    Waveform block{44100, {}};
    for (const auto& c : sound.samples)
      block.samples.emplace_back(c.begin() + at, c.begin() + at + count);
    parts.push_back(encoder.push(block));
    at += count;
  }
  parts.push_back(encoder.finish());
  int64_t t = 0;
  for (const auto& part : parts) {
    for (int64_t i = 0; i < part.frames; ++i, ++t) {
      for (int c = 0; c < 2; ++c) {
        ASSERT_TRUE(
            std::equal(part.frame(c, i).begin(), part.frame(c, i).end(), whole.frame(c, t).begin()))
            << t;
      }
    }
  }
  EXPECT_EQ(t, whole.frames);
  EXPECT_EQ(t, params.frames_of(sound.frames()));
}

TEST(SpectrogramEncoder, ShortSoundsAreDefined) {
  for (const int64_t n : {1, 2, 50, 441, 2205, 2206, 4409}) {
    const MelSpectrogram mel = encode_spectrogram(test::sine(440, 0.5, n), {});
    EXPECT_EQ(mel.frames, 1 + n / 441) << n;
    for (const float v : mel.values) ASSERT_TRUE(std::isfinite(v));
  }
  EXPECT_RIFFLE_ERROR(encode_spectrogram({44100, {{}}}, {}), ErrorCode::InvalidArgument,
                      "no samples");
}

TEST(SpectrogramEncoder, SilenceIsZero) {
  const MelSpectrogram mel = encode_spectrogram({44100, {std::vector<float>(10000)}}, {});
  for (const float v : mel.values) ASSERT_EQ(v, 0.0F);
}

TEST(SpectrogramEncoder, RefusesWhatDoesNotFit) {
  EXPECT_RIFFLE_ERROR(encode_spectrogram(test::sine(440, 0.5, 5000, 48000), {}),
                      ErrorCode::InvalidArgument, "48000 Hz");
  EXPECT_RIFFLE_ERROR(encode_spectrogram(test::little_tune(0.1, 44100, 2), {}),
                      ErrorCode::InvalidArgument, "2 channels");
  Waveform bad = test::sine(440, 0.5, 5000);
  bad.samples[0][77] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_RIFFLE_ERROR(encode_spectrogram(bad, {}), ErrorCode::InvalidArgument, "not a number");
}

}  // namespace
}  // namespace riffle::audio
