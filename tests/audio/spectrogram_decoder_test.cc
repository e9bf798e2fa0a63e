// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/spectrogram_decoder.h"

#include <gtest/gtest.h>

#include <cmath>

#include "audio/codec_signals.h"
#include "audio/compat_decoder.h"
#include "audio/spectrogram_encoder.h"
#include "core/error.h"
#include "support/test_files.h"

namespace riffle::audio {
namespace {

TEST(RetrievalGrid, IsReducedWhereTheBandAllows) {
  const RetrievalGrid grid = retrieval_grid({});
  EXPECT_EQ(grid.sample_rate, 21000);
  EXPECT_EQ(grid.geometry.hop, 210);
  EXPECT_EQ(grid.geometry.win, 2100);
  EXPECT_EQ(grid.geometry.n_fft, 4200);
  EXPECT_FALSE(retrieval_grid({.max_frequency = 22050}).reduced);
  EXPECT_GE(retrieval_grid({.max_frequency = 20000}).sample_rate, 41600);
}

// Re-encoding the decoded sound gives the spectrogram back: bars well above what was measured (0.02
// to 0.04), well below plain Griffin-Lim's 0.2.
TEST(SpectrogramDecoder, RoundTripAtManySettings) {
  const SpectrogramParams settings[] = {
      {},
      {.stereo = true},
      {.max_frequency = 20000},
      {.step_size_ms = 20, .num_frequencies = 256},
      {.sample_rate = 22050,
       .step_size_ms = 20,
       .padded_duration_ms = 200,
       .num_frequencies = 128,
       .max_frequency = 11000},
      {.sample_rate = 48000, .max_frequency = 16000},
      {.padded_duration_ms = 100, .num_frequencies = 128},
  };
  for (const auto& params : settings) {
    const Waveform sound = test::little_tune(1.5, params.sample_rate, params.channels());
    const MelSpectrogram mel = encode_spectrogram(sound, params);
    const Waveform back = decode_spectrogram(mel, params, {.iterations = 16});
    ASSERT_EQ(back.frames(), params.samples_of(mel.frames));
    ASSERT_EQ(back.channels(), params.channels());
    ASSERT_EQ(back.sample_rate, params.sample_rate);
    EXPECT_LT(test::convergence(encode_spectrogram(back, params), mel), 0.1)
        << params.sample_rate << " " << params.max_frequency << " " << params.num_frequencies;
  }
}

TEST(SpectrogramDecoder, KeepsTheLevel) {
  const Waveform sound = test::little_tune(1.0);
  const Waveform back = decode_spectrogram(encode_spectrogram(sound, {}), {});
  const double ratio =
      test::energy(back.samples[0], 4410, 30000) / test::energy(sound.samples[0], 4410, 30000);
  EXPECT_NEAR(10 * std::log10(ratio), 0.0, 0.3);
}

TEST(SpectrogramDecoder, SameSeedSameSamples) {
  const MelSpectrogram mel = encode_spectrogram(test::little_tune(0.6), {});
  const Waveform a = decode_spectrogram(mel, {}, {.iterations = 4, .seed = 7});
  const Waveform b = decode_spectrogram(mel, {}, {.iterations = 4, .seed = 7});
  const Waveform c = decode_spectrogram(mel, {}, {.iterations = 4, .seed = 8});
  EXPECT_EQ(a.samples, b.samples);
  EXPECT_NE(a.samples, c.samples);
}

TEST(SpectrogramDecoder, EqualChannelsStayEqual) {
  const SpectrogramParams params{.stereo = true};
  Waveform sound = test::little_tune(0.6);
  sound.samples.push_back(sound.samples[0]);
  const Waveform back =
      decode_spectrogram(encode_spectrogram(sound, params), params, {.iterations = 4});
  EXPECT_EQ(back.samples[0], back.samples[1]);
}

// Left and right of a panned sound keep a common phase: plain per-channel Griffin-Lim has a
// correlation near 0 here.
TEST(SpectrogramDecoder, PannedSoundStaysCoherent) {
  const SpectrogramParams params{.stereo = true};
  const Waveform sound = test::little_tune(1.5, 44100, 2);
  const Waveform back = decode_spectrogram(encode_spectrogram(sound, params), params);
  double lr = 0;
  for (size_t i = 0; i < back.samples[0].size(); ++i)
    lr += static_cast<double>(back.samples[0][i]) * back.samples[1][i];
  const double ll = test::energy(back.samples[0], 0, back.samples[0].size());
  const double rr = test::energy(back.samples[1], 0, back.samples[1].size());
  EXPECT_GT(lr / std::sqrt(ll * rr), 0.95);
}

// Many blocks: same length to the sample, as close to the target as one block, and no seam: the
// steps between samples and the error of the re-encoded frames around the borders are like
// everywhere else.
TEST(SpectrogramDecoder, BlocksJoinWithoutASeam) {
  const SpectrogramParams params;
  const Waveform sound = test::little_tune(8.0);
  const MelSpectrogram mel = encode_spectrogram(sound, params);
  const Waveform one = decode_spectrogram(mel, params, {.block_frames = 4096});
  const Waveform many = decode_spectrogram(mel, params, {.block_frames = 128});
  ASSERT_EQ(many.frames(), one.frames());
  const MelSpectrogram again = encode_spectrogram(many, params);
  EXPECT_LT(test::convergence(again, mel),
            1.5 * test::convergence(encode_spectrogram(one, params), mel) + 0.01);

  const auto frame_error = [&](int64_t t) {
    double e = 0;
    for (size_t m = 0; m < 512; ++m)
      e += std::pow(static_cast<double>(again.frame(0, t)[m]) - mel.frame(0, t)[m], 2);
    return e;
  };
  double border = 0, rest = 0, borders = 0, rests = 0;
  float border_step = 0, rest_step = 0;
  for (int64_t t = 20; t + 20 < mel.frames; ++t) {
    // Blocks end at 129, 257, ... frames (block_frames + 1, then every block_frames + 1 - ...):
    // near any of the first ends.
    const bool near = std::abs(t - 129) <= 5;
    (near ? border : rest) += frame_error(t);
    (near ? borders : rests) += 1;
    float& step = near ? border_step : rest_step;
    for (int64_t i = (t - 1) * 441; i < t * 441; ++i) {
      step = std::max(step, std::abs(many.samples[0][static_cast<size_t>(i)] -
                                     many.samples[0][static_cast<size_t>(i - 1)]));
    }
  }
  EXPECT_LT(border / borders, 6 * rest / rests);
  EXPECT_LT(border_step, 1.5 * rest_step);
}

TEST(SpectrogramDecoder, PushInAnyPiecesGivesTheSameSamples) {
  const SpectrogramParams params;
  const MelSpectrogram mel = encode_spectrogram(test::little_tune(4.0), params);
  const DecodeOptions options{.iterations = 3, .block_frames = 100};
  const Waveform whole = decode_spectrogram(mel, params, options);
  SpectrogramDecoder decoder(params, options);
  std::vector<float> samples;
  for (int64_t t = 0; t < mel.frames; t += 37) {
    const int64_t count = std::min<int64_t>(37, mel.frames - t);
    MelSpectrogram part(1, count, 512);
    std::copy_n(mel.frame(0, t).data(), count * 512, part.values.data());
    const Waveform more = decoder.push(part);
    samples.insert(samples.end(), more.samples[0].begin(), more.samples[0].end());
  }
  const Waveform rest = decoder.finish();
  samples.insert(samples.end(), rest.samples[0].begin(), rest.samples[0].end());
  EXPECT_EQ(samples, whole.samples[0]);
}

TEST(SpectrogramDecoder, LengthsAreExact) {
  for (const int64_t frames : {2, 3, 11, 40, 161, 162, 300}) {
    const MelSpectrogram silence(1, frames, 512);
    const Waveform back = decode_spectrogram(silence, {}, {.iterations = 1, .block_frames = 120});
    EXPECT_EQ(back.frames(), 441 * (frames - 1)) << frames;
    for (const float v : back.samples[0]) ASSERT_EQ(v, 0.0F);
  }
}

TEST(SpectrogramDecoder, RefusesWhatHoldsNoSound) {
  EXPECT_RIFFLE_ERROR(decode_spectrogram(MelSpectrogram(1, 1, 512), {}), ErrorCode::InvalidArgument,
                      "at least 2");
  EXPECT_RIFFLE_ERROR(decode_spectrogram(MelSpectrogram(1, 9, 100), {}), ErrorCode::InvalidArgument,
                      "100 rows");
  EXPECT_RIFFLE_ERROR(decode_spectrogram(MelSpectrogram(2, 9, 512), {}), ErrorCode::InvalidArgument,
                      "2 channels");
  EXPECT_RIFFLE_ERROR(decode_spectrogram(MelSpectrogram(1, 9, 512), {}, {.iterations = 0}),
                      ErrorCode::InvalidArgument, "iterations");
}

TEST(SpectrogramDecoder, CanBeCancelledWithinAStep) {
  const MelSpectrogram mel = encode_spectrogram(test::little_tune(1.0), {});
  std::stop_source stop;
  const Job job{stop.get_token(), [&](const Progress& p) {
                  if (p.stage == "phase" && p.done == 2) stop.request_stop();
                  EXPECT_LE(p.done, 2);
                }};
  EXPECT_RIFFLE_ERROR(decode_spectrogram(mel, {}, {.iterations = 1000}, job), ErrorCode::Cancelled,
                      "cancelled");
}

TEST(SpectrogramDecoder, BeatsTheCompatDecoder) {
  const SpectrogramParams params;
  const MelSpectrogram mel = encode_spectrogram(test::little_tune(5.12), params);
  const double best =
      test::convergence(encode_spectrogram(decode_spectrogram(mel, params), params), mel);
  const double compat = test::convergence(
      encode_spectrogram(decode_spectrogram_compat(mel, params, {.apply_filters = false}), params),
      mel);
  EXPECT_LT(best, 0.35 * compat);
}

}  // namespace
}  // namespace riffle::audio
