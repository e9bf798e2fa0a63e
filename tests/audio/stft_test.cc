// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/stft.h"

#include <gtest/gtest.h>

#include "audio/codec_signals.h"
#include "core/error.h"

namespace riffle::audio {
namespace {

TEST(ReflectIndex, MirrorsWithoutRepeatingTheEdge) {
  EXPECT_EQ(reflect_index(-1, 5), 1);
  EXPECT_EQ(reflect_index(5, 5), 3);
  EXPECT_EQ(reflect_index(8, 5), 0);
  EXPECT_EQ(reflect_index(9, 5), 1);
  EXPECT_EQ(reflect_index(-100, 1), 0);
  for (int64_t i = -50; i < 50; ++i) {
    EXPECT_GE(reflect_index(i, 4), 0);
    EXPECT_LT(reflect_index(i, 4), 4);
  }
}

struct Shape {
  int n_fft, win, hop;
};
class StftRoundTrip : public ::testing::TestWithParam<Shape> {};

TEST_P(StftRoundTrip, InverseOfForwardIsIdentity) {
  const auto [n_fft, win, hop] = GetParam();
  const Stft stft(n_fft, win, hop);
  const Waveform sound = test::little_tune(0.4);
  const auto spectrogram = stft.forward(sound.samples[0]);
  EXPECT_EQ(spectrogram.frames, 1 + sound.frames() / hop);
  const std::vector<float> back = stft.inverse(spectrogram);
  ASSERT_EQ(static_cast<int64_t>(back.size()), hop * (spectrogram.frames - 1));
  for (size_t i = 0; i < back.size(); ++i) ASSERT_NEAR(back[i], sound.samples[0][i], 1e-5) << i;
}

INSTANTIATE_TEST_SUITE_P(Shapes, StftRoundTrip,
                         ::testing::Values(Shape{17640, 4410, 441}, Shape{4410, 4410, 441},
                                           Shape{4410, 2205, 441}, Shape{2048, 2048, 512},
                                           Shape{4096, 1999, 333}));

TEST(Stft, IsLinear) {
  const Stft stft(4410, 2205, 441);
  const Waveform a = test::little_tune(0.2, 44100, 1, 1);
  const Waveform b = test::little_tune(0.2, 44100, 1, 2);
  std::vector<float> mix(a.samples[0].size());
  for (size_t i = 0; i < mix.size(); ++i) mix[i] = 2 * a.samples[0][i] - 0.5F * b.samples[0][i];
  const auto A = stft.forward(a.samples[0]);
  const auto B = stft.forward(b.samples[0]);
  const auto M = stft.forward(mix);
  for (size_t i = 0; i < M.values.size(); ++i) {
    ASSERT_LT(std::abs(M.values[i] - (2.0F * A.values[i] - 0.5F * B.values[i])), 1e-3) << i;
  }
}

TEST(Stft, ASineLandsOnItsBin) {
  const Stft stft(17640, 4410, 441);
  const Waveform sound = test::sine(1000, 1.0, 44100);
  const auto spectrogram = stft.forward(sound.samples[0]);
  const auto* middle = spectrogram.values.data() + 50 * spectrogram.bins;
  int loudest = 0;
  for (int k = 1; k < spectrogram.bins; ++k) {
    if (std::abs(middle[k]) > std::abs(middle[loudest])) loudest = k;
  }
  EXPECT_EQ(loudest, 400);                              // 2.5 Hz a bin
  EXPECT_NEAR(std::abs(middle[400]), 4410 / 4.0, 1.0);  // amplitude / 2 times the window's sum
}

TEST(Stft, SoundsShorterThanTheWindowAreMirrored) {
  const Stft stft(17640, 4410, 441);
  for (const int64_t n : {1, 2, 100, 440}) {
    const Waveform sound = test::sine(100, 0.5, n);
    const auto spectrogram = stft.forward(sound.samples[0]);
    EXPECT_EQ(spectrogram.frames, 1);
    for (const auto& v : spectrogram.values) ASSERT_TRUE(std::isfinite(std::abs(v)));
  }
}

TEST(Stft, IsCancelledOnRequest) {
  std::stop_source stop;
  stop.request_stop();
  const Stft stft(17640, 4410, 441);
  const Waveform sound = test::sine(100, 0.5, 44100);
  EXPECT_THROW(stft.forward(sound.samples[0], Job{stop.get_token(), {}}), Error);
}

}  // namespace
}  // namespace riffle::audio
