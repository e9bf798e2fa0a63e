// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/inpaint.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "audio/read_audio.h"
#include "audio/stft.h"
#include "core/error.h"
#include "pipelines/repaint.h"
#include "support.h"

namespace riffle::pipelines {
namespace {

using test::quick;

class InpaintTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { model_ = std::make_unique<test::TinyModel>(); }
  static void TearDownTestSuite() { model_.reset(); }
  static Clip painted(const InpaintRequest& request) {
    std::vector<Clip> clips = inpaint(**model_, request);
    EXPECT_EQ(clips.size(), 1U);
    return std::move(clips.at(0));
  }
  static Clip extended(const ExtendRequest& request) {
    std::vector<Clip> clips = extend(**model_, request);
    EXPECT_EQ(clips.size(), 1U);
    return std::move(clips.at(0));
  }
  static std::string file_of(const audio::Waveform& sound) {
    return model_->sound_file("sound.wav", sound);
  }
  static const Geometry& geometry() { return (*model_)->geometry(); }
  static inline std::unique_ptr<test::TinyModel> model_;
};

std::vector<float> slice(const std::vector<float>& samples, int64_t first, int64_t last) {
  return {samples.begin() + first, samples.begin() + last};
}

TEST_F(InpaintTest, OutsideTheSpanEverySampleIsTheRecordings) {
  for (const auto& [rate, channels] : {std::pair{22050, 1}, {44100, 2}, {8000, 1}}) {
    const audio::Waveform sound = test::melody(6 * rate, rate, channels);
    for (const auto& [from, to] : {std::pair{2.0, 3.0}, {0.0, 0.5}, {5.0, 6.0}, {2.0, 2.01}}) {
      const Clip clip = painted({.file = file_of(sound),
                                 .prompt = "p",
                                 .from = fmt::format("{}s", from),
                                 .to = fmt::format("{}s", to),
                                 .sampling = quick(1)});
      const auto first = nearest(from * rate);
      const auto last = nearest(to * rate);
      ASSERT_EQ(clip.sound.frames(), sound.frames());
      ASSERT_EQ(clip.sound.channels(), channels);
      EXPECT_EQ(clip.sound.sample_rate, rate);
      for (size_t c = 0; c < sound.samples.size(); ++c) {
        const auto& before = sound.samples[c];
        const auto& after = clip.sound.samples[c];
        EXPECT_EQ(slice(after, 0, first), slice(before, 0, first));
        EXPECT_EQ(slice(after, last, sound.frames()), slice(before, last, sound.frames()));
        EXPECT_GT(test::relative_error(slice(after, first, last), slice(before, first, last)), 0.1)
            << from << " to " << to;
      }
    }
  }
}

TEST_F(InpaintTest, TheWholeOfAShortSoundCanBeAnew) {
  for (const int64_t frames : {int64_t{100}, int64_t{3000}}) {
    const audio::Waveform sound = test::melody(frames, 22050);
    for (const auto& high : {std::optional<double>{}, std::optional<double>{2000}}) {
      const Clip clip = painted({.file = file_of(sound),
                                 .prompt = "p",
                                 .from = "0s",
                                 .to = "10s",
                                 .high_hz = high,
                                 .sampling = quick(1)});
      EXPECT_EQ(clip.sound.frames(), frames);
      EXPECT_NE(clip.sound.samples, sound.samples);
    }
  }
}

TEST_F(InpaintTest, TakesBars) {
  const audio::Waveform sound = test::melody(5 * 22050, 22050);
  const Clip clip = painted({.file = file_of(sound),
                             .prompt = "p",
                             .from = "1 bar",
                             .to = "2 bars",
                             .bpm = 120,
                             .beats_per_bar = 3,
                             .sampling = quick(1)});
  const int64_t bar = 3 * 22050 / 2;
  EXPECT_EQ(slice(clip.sound.samples[0], 0, bar), slice(sound.samples[0], 0, bar));
  EXPECT_EQ(slice(clip.sound.samples[0], 2 * bar, sound.frames()),
            slice(sound.samples[0], 2 * bar, sound.frames()));
  EXPECT_EQ(clip.maybe_bpm, 120.0);
}

// How much of the change lies in frequencies, in dB against the sound there.
double change_db(const std::vector<float>& before, const std::vector<float>& after, int rate,
                 double low_hz, double high_hz) {
  const audio::Stft stft(8192, 8192, 2048);
  std::vector<float> difference(before.size());
  for (size_t i = 0; i < before.size(); ++i) difference[i] = after[i] - before[i];
  const auto energy = [&](const std::vector<float>& samples) {
    const audio::ComplexSpectrogram spectrum = stft.forward(samples);
    double sum = 0;
    for (int64_t t = 0; t < spectrum.frames; ++t) {
      for (int bin = 0; bin < spectrum.bins; ++bin) {
        const double hz = static_cast<double>(bin) * rate / 8192;
        if (hz < low_hz || hz > high_hz) continue;
        sum +=
            std::norm(spectrum.values[static_cast<size_t>(t) * static_cast<size_t>(spectrum.bins) +
                                      static_cast<size_t>(bin)]);
      }
    }
    return sum;
  };
  return 10 * std::log10(energy(difference) / energy(before));
}

// Noise has something to lose at every frequency.
audio::Waveform hiss(int64_t frames, int rate) {
  audio::Waveform sound{.sample_rate = rate, .samples = {{}}};
  std::mt19937 random(1);
  for (int64_t i = 0; i < frames; ++i) {
    sound.samples[0].push_back(static_cast<float>(random()) / 4294967296.0F * 0.4F - 0.2F);
  }
  return sound;
}

TEST_F(InpaintTest, OutsideTheBandNothingChanges) {
  constexpr int kRate = 44100;
  const audio::Waveform sound = hiss(8 * kRate, kRate);
  const auto band = [&](std::optional<double> low, std::optional<double> high) {
    return painted({.file = file_of(sound),
                    .prompt = "p",
                    .from = "2s",
                    .to = "6s",
                    .low_hz = low,
                    .high_hz = high,
                    .sampling = quick(1)})
        .sound.samples[0];
  };
  const auto change = [&](const std::vector<float>& after, double low, double high) {
    return change_db(sound.samples[0], after, kRate, low, high);
  };
  const std::vector<float> middle = band(1000, 3000);
  EXPECT_LT(change(middle, 0, 900), -50);
  EXPECT_LT(change(middle, 3300, 22050), -50);
  EXPECT_GT(change(middle, 1050, 2900), -10);
  EXPECT_EQ(slice(middle, 0, 2 * kRate), slice(sound.samples[0], 0, 2 * kRate));
  EXPECT_EQ(slice(middle, 6 * kRate, 8 * kRate), slice(sound.samples[0], 6 * kRate, 8 * kRate));
  const std::vector<float> bass = band({}, 500);
  EXPECT_LT(change(bass, 600, 22050), -50);
  // The model hears nothing above 10 kHz and hence has nothing to put there.
  for (const auto& high : {std::optional<double>{}, std::optional<double>{20000}}) {
    const std::vector<float> treble = band(4000, high);
    EXPECT_LT(change(treble, 0, 3600), -50);
    EXPECT_LT(change(treble, 11000, 22050), -50);
    EXPECT_GT(change(treble, 4100, 9500), -10);
  }
}

TEST_F(InpaintTest, RefusesSpansAndBandsThatAreNone) {
  const std::string file = file_of(test::melody(2 * 22050, 22050));
  const auto refuse = [&](InpaintRequest request, const char* part) {
    request.file = file;
    request.prompt = "p";
    request.sampling = quick(1, 1);
    EXPECT_RIFFLE_ERROR(painted(request), ErrorCode::InvalidArgument, part);
  };
  refuse({.from = "1s", .to = "1s"}, "nothing lies between 1s and 1s");
  refuse({.from = "1.5s", .to = "1s"}, "nothing lies between");
  refuse({.from = "2s", .to = "3s"}, "of a sound of 2.000 s");
  refuse({.from = "soon", .to = "3s"}, "from: \"soon\" is no time");
  refuse({.from = "0s", .to = "inf"}, "to: \"inf\" is no time");
  refuse({.from = "0s", .to = "1 bar"}, "without a tempo");
  refuse({.from = "0s", .to = "1s", .low_hz = 500, .high_hz = 400}, "no frequency");
  refuse({.from = "0s", .to = "1s", .low_hz = 12000}, "no frequency");
  refuse({.from = "0s", .to = "1s", .low_hz = 12000, .high_hz = 13000}, "no frequency");
}

TEST_F(InpaintTest, ExtendsExactlyOnBothSides) {
  for (const auto& [rate, channels] : {std::pair{22050, 1}, {48000, 2}}) {
    for (const double seconds : {0.05, 1.3}) {
      const auto frames = static_cast<int64_t>(seconds * rate);
      const audio::Waveform sound = test::melody(frames, rate, channels);
      const int64_t fade = std::min<int64_t>(nearest(0.02 * rate), frames);
      for (const double added_s : {0.333, 4.0}) {
        const int64_t added = nearest(added_s * rate);
        const Clip at_end = extended(
            {.file = file_of(sound), .length = {.seconds = added_s}, .sampling = quick(1)});
        const Clip at_start = extended({.file = file_of(sound),
                                        .length = {.seconds = added_s},
                                        .side = "start",
                                        .sampling = quick(1)});
        ASSERT_EQ(at_end.sound.frames(), frames + added);
        ASSERT_EQ(at_start.sound.frames(), frames + added);
        ASSERT_EQ(at_end.sound.channels(), channels);
        for (size_t c = 0; c < sound.samples.size(); ++c) {
          const auto& end = at_end.sound.samples[c];
          const auto& start = at_start.sound.samples[c];
          EXPECT_EQ(slice(end, 0, frames - fade), slice(sound.samples[c], 0, frames - fade));
          EXPECT_EQ(slice(start, added + fade, added + frames),
                    slice(sound.samples[c], fade, frames));
          EXPECT_GT(test::rms(end, frames, frames + added), 1e-4);
          EXPECT_GT(test::rms(start, 0, added), 1e-4);
        }
      }
    }
  }
}

TEST_F(InpaintTest, ExtendsByBarsOrByHalfAWindow) {
  const audio::Waveform sound = test::melody(22050, 22050);
  const Clip bars = extended({.file = file_of(sound),
                              .prompt = "p",
                              .length = {.bars = 1, .bpm = 100},
                              .sampling = quick(1)});
  EXPECT_EQ(bars.sound.frames(), 22050 + nearest(4 * 0.6 * 22050));
  EXPECT_EQ(bars.beats, nearest(static_cast<double>(bars.sound.frames()) / 22050 * 100 / 60));
  const Clip some = extended({.file = file_of(sound), .sampling = quick(1)});
  EXPECT_EQ(some.sound.frames(),
            22050 + nearest(static_cast<double>(geometry().window_samples()) / 2));
}

TEST(Spliced, FadesInsideTheSpanAtEqualPower) {
  const audio::Waveform zeros{.sample_rate = 1000, .samples = {std::vector<float>(1000, 0.0F)}};
  const audio::Waveform ones{.sample_rate = 1000, .samples = {std::vector<float>(1000, 1.0F)}};
  const auto in = spliced(zeros, ones, 100, 900, 20, {}).samples[0];
  const auto out = spliced(ones, zeros, 100, 900, 20, {}).samples[0];
  for (size_t i = 0; i < in.size(); ++i) {
    EXPECT_NEAR(in[i] * in[i] + out[i] * out[i], 1, 1e-6);
    if (i > 100 && i < 500) {
      EXPECT_GE(in[i], in[i - 1]);
    }
  }
  EXPECT_EQ(in[99], 0);
  EXPECT_GT(in[100], 0);
  EXPECT_EQ(in[500], 1);
  EXPECT_EQ(in[900], 0);
}

}  // namespace
}  // namespace riffle::pipelines
