// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/cover.h"

#include <gtest/gtest.h>

#include "audio/loudness.h"
#include "audio/read_audio.h"
#include "core/error.h"
#include "pipelines/render.h"
#include "pipelines/sound_file.h"
#include "pipelines/sound_latents.h"
#include "support.h"

namespace riffle::pipelines {
namespace {

using test::quick;

constexpr const char* kStereoSpectrogram =
    R"({"num_frequencies": 64, "sample_rate": 22050, "step_size_ms": 20, "window_duration_ms": 100,
        "padded_duration_ms": 200, "stereo": true})";

class CoverTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { model_ = std::make_unique<test::TinyModel>(); }
  static void TearDownTestSuite() { model_.reset(); }
  static Clip one(const CoverRequest& request, const RunContext& context = {}) {
    std::vector<Clip> clips = cover(**model_, request, context);
    EXPECT_EQ(clips.size(), 1U);
    return std::move(clips.at(0));
  }
  static std::string melody_file(int64_t frames, int rate, int channels = 1) {
    return model_->sound_file("melody.wav", test::melody(frames, rate, channels));
  }
  static const Geometry& geometry() { return (*model_)->geometry(); }
  static inline std::unique_ptr<test::TinyModel> model_;
};

TEST_F(CoverTest, IsAsLongAsTheRecordingAtItsRateAndWithItsChannels) {
  for (const int rate : {8000, 22050, 44100, 48000}) {
    for (const double seconds : {0.05, rate < 40000 ? 2.56 : 4.1}) {
      const int channels = seconds < 1 ? 2 : 1;
      const auto frames = static_cast<int64_t>(seconds * rate) + 1;
      const Clip clip = one({.file = melody_file(frames, rate, channels),
                             .prompt = "p",
                             .strength = 0.5,
                             .sampling = quick(1)});
      EXPECT_EQ(clip.sound.frames(), frames) << seconds << " s at " << rate;
      EXPECT_EQ(clip.sound.sample_rate, rate);
      EXPECT_EQ(clip.sound.channels(), channels);
    }
  }
  EXPECT_EQ(
      one({.file = melody_file(1, 44100), .prompt = "p", .sampling = quick(1)}).sound.frames(), 1);
}

TEST_F(CoverTest, HasTheChannelsAskedFor) {
  for (const auto& [wanted, channels] : {std::pair{"mono", 1}, {"stereo", 2}}) {
    for (const int given : {1, 2}) {
      const Clip clip = one({.file = melody_file(8000, 22050, given),
                             .prompt = "p",
                             .channels = wanted,
                             .sampling = quick(1, 1)});
      EXPECT_EQ(clip.sound.channels(), channels) << wanted << " of " << given;
    }
  }
}

TEST_F(CoverTest, AStereoModelGivesTheChannelsAskedForToo) {
  test::TinyModel stereo(kStereoSpectrogram);
  for (const auto& [wanted, given, channels] :
       {std::tuple{"auto", 1, 1}, {"auto", 2, 2}, {"mono", 2, 1}, {"stereo", 1, 2}}) {
    const std::string file = stereo.sound_file("melody.wav", test::melody(8000, 22050, given));
    const auto clips =
        cover(*stereo, {.file = file, .prompt = "p", .channels = wanted, .sampling = quick(1, 1)});
    EXPECT_EQ(clips.at(0).sound.channels(), channels) << wanted << " of " << given;
    EXPECT_EQ(clips.at(0).sound.frames(), 8000);
  }
}

TEST_F(CoverTest, StaysAsLoudAsTheRecording) {
  const std::string file = melody_file(3 * 44100, 44100);
  const double before = audio::measure_loudness(audio::read_audio(file)).integrated_lufs;
  const Clip clip = one({.file = file, .prompt = "p", .sampling = quick(1)});
  EXPECT_NEAR(audio::measure_loudness(clip.sound).integrated_lufs, before, 0.5);
  const Clip quiet = one({.file = file, .prompt = "p", .loudness = -40, .sampling = quick(1)});
  EXPECT_NEAR(audio::measure_loudness(quiet.sound).integrated_lufs, -40, 0.5);
}

TEST_F(CoverTest, SilenceStaysSilent) {
  const audio::Waveform silence{.sample_rate = 22050, .samples = {std::vector<float>(30000)}};
  const Clip clip = one(
      {.file = model_->sound_file("silence.wav", silence), .prompt = "p", .sampling = quick(1)});
  EXPECT_EQ(clip.sound.frames(), 30000);
  EXPECT_LT(test::rms(clip.sound.samples[0]), 1e-3);
}

TEST_F(CoverTest, StrengthZeroIsAboutTheAutoencodersPicture) {
  const audio::Waveform sound = test::melody(3 * 22050, 22050);
  const std::string file = model_->sound_file("melody.wav", sound);
  const SoundLatents original = latents_of_sound(**model_, sound, {});
  const auto error = [&](double strength) {
    const Clip clip =
        one({.file = file, .prompt = "p", .strength = strength, .sampling = quick(1, 20)});
    return (clip.latents - original.latents).square().mean().sqrt().item<double>();
  };
  // The least noise 20 steps know has a deviation of 0.04.
  EXPECT_LT(error(0), 0.1);
  EXPECT_GT(error(1), 3 * error(0));
}

TEST_F(CoverTest, TheSameSeedGivesTheSameCover) {
  const std::string file = melody_file(60000, 22050);
  const auto samples = [&](int64_t seed) {
    return one({.file = file, .prompt = "p", .sampling = quick(seed)}).sound.samples;
  };
  EXPECT_EQ(samples(3), samples(3));
  EXPECT_NE(samples(3), samples(4));
}

// The noise is the recording's: as far up as it goes, what comes out has more of it than what noise
// of the seed gives.
TEST_F(CoverTest, KeepsMoreOfTheRecordingThanFreshNoiseDoes) {
  const audio::Waveform sound = test::melody(3 * 22050, 22050);
  const std::string file = model_->sound_file("melody.wav", sound);
  const at::Tensor source = latents_of_sound(**model_, sound, {}).latents;
  const auto distance = [&](double strength, bool fresh) {
    const Clip clip = one({.file = file,
                           .prompt = "p",
                           .strength = strength,
                           .fresh_noise = fresh,
                           .sampling = quick(1, 20)});
    return test::relative_error(clip.latents, source);
  };
  const double whole = distance(0.45, false);
  EXPECT_LT(whole, 0.8 * distance(1, true));
  EXPECT_LT(distance(0.2, false), whole);
  EXPECT_GT(distance(1, false), whole) << "above 0.45 the seed's noise takes its place";
}

// Noise belongs to the timeline: what two recordings have in common at the start is covered alike.
TEST_F(CoverTest, AlikeChannelsStayAlike) {
  audio::Waveform sound = test::melody(30000, 22050);
  sound.samples.push_back(sound.samples[0]);
  const Clip clip =
      one({.file = model_->sound_file("twins.wav", sound), .prompt = "p", .sampling = quick(1)});
  ASSERT_EQ(clip.latents.size(0), 2);
  EXPECT_LT(test::relative_error(clip.latents.narrow(0, 0, 1), clip.latents.narrow(0, 1, 1)), 1e-5);
}

TEST_F(CoverTest, TurnsIntoTheSecondPromptByAndBy) {
  const std::string file = melody_file(10 * 22050, 22050);
  const auto latents = [&](const char* prompt, const char* to) {
    Sampling sampling = quick(1, 4);
    sampling.guidance = 8;
    return one({.file = file, .prompt = prompt, .to = to, .strength = 1, .sampling = sampling})
        .latents;
  };
  const at::Tensor first = latents("aaaa", "");
  const at::Tensor second = latents("zzzz zz z", "");
  const at::Tensor way = latents("aaaa", "zzzz zz z");
  const int64_t columns = first.size(-1);
  const int64_t third = columns / 3;
  const auto distance = [&](const at::Tensor& to, int64_t start, int64_t count) {
    return (way.narrow(-1, start, count) - to.narrow(-1, start, count)).norm().item<double>();
  };
  EXPECT_LT(distance(first, 0, third), 0.5 * distance(second, 0, third));
  EXPECT_LT(distance(second, columns - third, third),
            0.5 * distance(first, columns - third, third));
  // By and by: how far it is from the first prompt never jumps.
  double before = 0;
  const double whole = distance(first, columns - 6, 6);
  for (int64_t start = 0; start + 6 <= columns; start += 6) {
    const double here = distance(first, start, 6);
    EXPECT_LT(here - before, 0.6 * whole) << start;
    before = here;
  }
}

TEST_F(CoverTest, SaysWhenTheSecondPromptIsNotHeard) {
  const Clip clip =
      one({.file = melody_file(10000, 22050), .prompt = "a", .to = "b", .sampling = quick(1, 1)});
  EXPECT_TRUE(test::has_note(clip.notes, "only the first prompt"));
}

TEST_F(CoverTest, MagicMixStaysNearerToTheRecording) {
  const audio::Waveform sound = test::melody(2 * 22050, 22050);
  const std::string file = model_->sound_file("melody.wav", sound);
  const auto covered = [&](bool magic, double mix) {
    return one({.file = file,
                .prompt = "p",
                .strength = 0.8,
                .magic_mix = magic,
                .mix = mix,
                .sampling = quick(1, 10)})
        .latents;
  };
  const at::Tensor plain = covered(false, 0.5);
  EXPECT_TRUE(at::equal(covered(true, 1), plain));
  const at::Tensor source = latents_of_sound(**model_, sound, {}).latents;
  EXPECT_LT(test::relative_error(covered(true, 0.3), source), test::relative_error(plain, source));
}

TEST_F(CoverTest, StopsOnTheWay) {
  const std::string file = melody_file(5 * 22050, 22050);
  for (const char* stage : {"encode", "diffuse", "decode", "phase"}) {
    std::stop_source source;
    const Job job{source.get_token(), [&](const Progress& progress) {
                    if (progress.stage == stage) source.request_stop();
                  }};
    EXPECT_RIFFLE_ERROR(one({.file = file, .prompt = "p", .sampling = quick(1)}, {.job = job}),
                        ErrorCode::Cancelled, "");
  }
}

TEST_F(CoverTest, RefusesFilesWithoutSound) {
  EXPECT_RIFFLE_ERROR(one({.file = model_->file("none.wav"), .prompt = "p"}), ErrorCode::NotFound,
                      "none.wav");
}

}  // namespace
}  // namespace riffle::pipelines
