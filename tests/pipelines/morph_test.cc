// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/morph.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "image/picture_file.h"
#include "pipelines/generate.h"
#include "support.h"

namespace riffle::pipelines {
namespace {

using test::quick;

class MorphTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { model_ = std::make_unique<test::TinyModel>(); }
  static void TearDownTestSuite() { model_.reset(); }
  static Clip one(const MorphRequest& request, const RunContext& context = {}) {
    std::vector<Clip> clips = morph(**model_, request, context);
    EXPECT_EQ(clips.size(), 1U);
    return std::move(clips.at(0));
  }
  static const Geometry& geometry() { return (*model_)->geometry(); }
  static std::string picture_file(const std::string& name, int width, int height,
                                  uint8_t level = 90) {
    image::Picture picture(width, height);
    for (size_t i = 0; i < picture.rgb.size(); ++i) {
      picture.rgb[i] = static_cast<uint8_t>(level + (i / 3 * 7919) % 60);
    }
    image::write_picture(model_->file(name), picture);
    return model_->file(name).string();
  }
  static inline std::unique_ptr<test::TinyModel> model_;
};

TEST_F(MorphTest, IsAsLongAsItsClips) {
  const int rate = geometry().codec.sample_rate;
  for (const double seconds : {0.5, 1.013, 2.5, 3.1417}) {
    for (const int64_t clips : {2, 5}) {
      const Clip clip = one({.prompt = "a",
                             .to = "b",
                             .clips = clips,
                             .length = {.seconds = seconds},
                             .sampling = quick(1, 1)});
      EXPECT_EQ(clip.sound.frames(), clips * nearest(seconds * rate)) << clips << " x " << seconds;
    }
  }
  const Clip bars = one({.prompt = "a",
                         .to = "b",
                         .clips = 3,
                         .length = {.bars = 1, .bpm = 97},
                         .sampling = quick(1, 1)});
  EXPECT_EQ(bars.sound.frames(), 3 * nearest(4 * 60 * 22050 / 97.0));
  EXPECT_EQ(bars.beats, 12);
}

TEST_F(MorphTest, BeginsAndEndsAsTheSingleClips) {
  const Sampling sampling = quick(5, 3);
  const Clip clip = one({.prompt = "church bells",
                         .to = "jazz piano",
                         .clips = 4,
                         .to_seed = 9,
                         .sampling = sampling});
  const auto single = [&](const std::string& prompt, int64_t seed) {
    Sampling own = sampling;
    own.seed = seed;
    return generate(**model_, {.prompt = prompt, .sampling = own}).at(0);
  };
  const int64_t columns = geometry().window;
  ASSERT_EQ(clip.latents.size(-1), 4 * columns);
  const auto part = [&](int64_t i) { return clip.latents.narrow(-1, i * columns, columns); };
  EXPECT_LT(test::relative_error(part(0), single("church bells", 5).latents), 1e-5);
  EXPECT_LT(test::relative_error(part(3), single("jazz piano", 9).latents), 1e-5);
  EXPECT_GT(test::relative_error(part(1), part(0)), 1e-2);
}

TEST_F(MorphTest, TheSamePromptMovesOnByItsSeed) {
  const Clip clip = one({.prompt = "a", .clips = 2, .sampling = quick(5, 1)});
  EXPECT_EQ(clip.request.at("to_seed"), 6);
  const Clip two = one({.prompt = "a", .to = "b", .clips = 2, .sampling = quick(5, 1)});
  EXPECT_EQ(two.request.at("to_seed"), 5);
  // The seed after the last one is the first: every request in a clip can be read again.
  const Clip last = one({.prompt = "a", .clips = 2, .sampling = quick(4294967295, 1)});
  EXPECT_EQ(last.request.at("to_seed"), 0);
  Json record(last.request);
  record.erase("pipeline");
  record.erase("model");
  EXPECT_NO_THROW(request_from_json<MorphRequest>(record, "record"));
}

TEST_F(MorphTest, ClipsStartOnTheBeatOfTheirPicture) {
  const int width = 101;  // plays for 100 hops
  const std::string init = picture_file("init.png", width, 64);
  const Clip clip = one({.prompt = "a", .init = init, .clips = 3, .sampling = quick(1)});
  EXPECT_EQ(clip.sound.frames(), 3 * 100 * geometry().codec.hop_length());
  EXPECT_EQ(clip.picture.width, 301);
}

TEST_F(MorphTest, ClipsAreAsLongAsTheSoundTheyAreMadeOver) {
  const auto sound = test::melody(30011, 44100, 2);  // 0.68 s
  const std::string init = model_->sound_file("init.wav", sound);
  const Clip clip = one({.prompt = "a", .to = "b", .init = init, .clips = 4, .sampling = quick(1)});
  EXPECT_EQ(clip.sound.frames(), 4 * nearest(sound.duration_s() * 22050));
}

TEST_F(MorphTest, StrengthZeroStaysWithItsInit) {
  const std::string init = picture_file("init.png", 64, 64);
  const auto latents = [&](double strength) {
    return one({.prompt = "a",
                .init = init,
                .clips = 2,
                .strength = strength,
                .sampling = quick(1, 20)})
        .latents.narrow(-1, 0, 8);
  };
  // The least noise there is against all of it.
  const at::Tensor kept = latents(0);
  EXPECT_LT(test::relative_error(latents(0.05), kept), 0.05);
  EXPECT_GT(test::relative_error(latents(1), kept), 0.5);
}

TEST_F(MorphTest, AMaskKeepsItsBlackPart) {
  const std::string init = picture_file("init.png", 64, 64);
  image::Picture picture(64, 64);  // black on the left
  for (int y = 0; y < 64; ++y) {
    for (size_t x = 32 * 3; x < 64 * 3; ++x) picture.row(y)[x] = 255;
  }
  image::write_picture(model_->file("mask.png"), picture);
  MorphRequest request{.prompt = "a",
                       .init = init,
                       .mask = model_->file("mask.png").string(),
                       .clips = 2,
                       .strength = 1,
                       .sampling = quick(1, 4)};
  const at::Tensor masked = one(request).latents;
  request.sampling.seed = 2;
  const at::Tensor other = one(request).latents;
  ASSERT_EQ(masked.size(-1), 16);  // two clips of eight columns
  for (const int64_t start : {0, 8}) {
    EXPECT_TRUE(at::equal(masked.narrow(-1, start, 4), other.narrow(-1, start, 4)));
    EXPECT_FALSE(at::allclose(masked.narrow(-1, start + 4, 4), other.narrow(-1, start + 4, 4)));
  }
}

TEST_F(MorphTest, RefusesWhatDoesNotFit) {
  const std::string init = picture_file("init.png", 64, 64);
  EXPECT_RIFFLE_ERROR(one({.prompt = "a",
                           .init = init,
                           .mask = picture_file("mask.png", 96, 64),
                           .clips = 2,
                           .sampling = quick(1, 1)}),
                      ErrorCode::InvalidArgument, "a mask of 96 x 64 pixels does not fit");
  EXPECT_RIFFLE_ERROR(one({.prompt = "a",
                           .mask = picture_file("mask.png", 64, 64),
                           .clips = 2,
                           .sampling = quick(1, 1)}),
                      ErrorCode::InvalidArgument, "does not fit");
  EXPECT_RIFFLE_ERROR(one({.prompt = "a",
                           .init = picture_file("tall.png", 64, 512),
                           .clips = 2,
                           .sampling = quick(1, 1)}),
                      ErrorCode::InvalidArgument, "512 rows");
  EXPECT_RIFFLE_ERROR(one({.prompt = "a",
                           .init = picture_file("narrow.png", 3, 64),
                           .clips = 2,
                           .sampling = quick(1, 1)}),
                      ErrorCode::InvalidArgument, "3 columns");
}

TEST_F(MorphTest, StopsBetweenAndWithinClips) {
  for (const int64_t at : {1, 2}) {
    std::stop_source source;
    int64_t clips = 0;
    const Job job{source.get_token(), [&](const Progress& progress) {
                    if (progress.stage == "morph" && ++clips == at) source.request_stop();
                  }};
    EXPECT_RIFFLE_ERROR(
        one({.prompt = "a", .clips = 3, .length = {.seconds = 0.5}, .sampling = quick(1, 1)},
            {.job = job}),
        ErrorCode::Cancelled, "");
    EXPECT_EQ(clips, at);
  }
}

// Stretches of 30 frames with these levels.
audio::MelSpectrogram steps_of(const std::vector<double>& levels_db) {
  audio::MelSpectrogram mel(1, 30 * static_cast<int64_t>(levels_db.size()), 8);
  for (int64_t t = 0; t < mel.frames; ++t) {
    const double db = levels_db[static_cast<size_t>(t / 30)];
    for (float& value : mel.frame(0, t)) {
      value = db < -200 ? 0.0F : static_cast<float>(std::pow(10, db / 20));
    }
  }
  return mel;
}

double frame_db(const audio::MelSpectrogram& mel, int64_t t) {
  return 20 * std::log10(double{mel.frame(0, t)[0]});
}

TEST(LevelStretches, BringsThemToOneLevel) {
  audio::MelSpectrogram mel = steps_of({-6, 4, 0, -10, 5});
  const double largest = level_stretches(mel, {0, 30, 60, 90, 120}, 12);
  EXPECT_NEAR(largest, 10 - 1.4, 1e-3);
  for (int64_t t = 15; t < mel.frames; t += 30) EXPECT_NEAR(frame_db(mel, t), -1.4, 0.01);
}

TEST(LevelStretches, GlidesFromGainToGain) {
  audio::MelSpectrogram mel = steps_of({0, 0, 8, 8});
  const audio::MelSpectrogram before = mel;
  level_stretches(mel, {0, 30, 60, 90}, 12);
  for (int64_t t = 1; t < mel.frames; ++t) {
    const double gain = frame_db(mel, t) - frame_db(before, t);
    const double gain_before = frame_db(mel, t - 1) - frame_db(before, t - 1);
    EXPECT_LT(std::abs(gain - gain_before), 1) << t;
  }
}

TEST(LevelStretches, HasLimitsAndLeavesSilenceAlone) {
  audio::MelSpectrogram mel = steps_of({0, -60, -300, 0});
  const audio::MelSpectrogram before = mel;
  const double largest = level_stretches(mel, {0, 30, 60, 90}, 6);
  EXPECT_NEAR(std::abs(largest), 6, 1e-6);
  for (int64_t t = 0; t < mel.frames; ++t) {
    if (t / 30 == 2) {
      EXPECT_EQ(mel.frame(0, t)[0], 0.0F);
    } else {
      EXPECT_LE(std::abs(frame_db(mel, t) - frame_db(before, t)), 6.001);
    }
  }
  audio::MelSpectrogram silence = steps_of({-300, -300});
  EXPECT_EQ(level_stretches(silence, {0, 30}, 6), 0);
}

}  // namespace
}  // namespace riffle::pipelines
