// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/compose.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "tiny_band.h"

namespace riffle::pipelines {
namespace {

using test::few;
using test::TinyBand;

class ComposeTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { band_ = std::make_unique<TinyBand>(); }
  static void TearDownTestSuite() { band_.reset(); }

  static Clip composed(const Json& plan, const std::string& context = {},
                       const std::string& chords = {}) {
    return compose(**band_, {.plan = plan.dump(),
                             .context = context,
                             .length = {.seconds = 0.7, .bpm = 90},
                             .chords = chords,
                             .stereo = 0.0,
                             .sampling = few(3)})
        .at(0);
  }
  static Json plan() {
    return {{"tracks",
             {{{"prompt", "drums"}, {"gain_db", -18}},  // peaks stay below full scale
              {{"prompt", "slap bass"}, {"gain_db", -24}, {"name", "Low End!"}},
              {{"prompt", "soft pad"}, {"gain_db", -18}}}}};
  }
  static inline std::unique_ptr<TinyBand> band_;
};

TEST_F(ComposeTest, TheMixIsTheSumOfItsStems) {
  const Clip clip = composed(plan());
  ASSERT_EQ(clip.parts.size(), 3U);
  EXPECT_EQ(clip.parts[0].name, "1-drums");
  EXPECT_EQ(clip.parts[1].name, "2-low-end");
  EXPECT_EQ(clip.sound.frames(), 11200);
  for (size_t i = 0; i < 11200; i += 53) {
    float sum = 0;
    for (const ClipPart& part : clip.parts) sum += part.sound.samples[0][i];
    EXPECT_NEAR(clip.sound.samples[0][i], sum, 1e-6);
  }
}

TEST_F(ComposeTest, AllTracksPlayTheChords) {
  const Clip minor = composed(plan(), {}, "Am");
  const Clip major = composed(plan(), {}, "Eb | Bb7");
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_NE(minor.parts[i].sound.samples, major.parts[i].sound.samples) << i;
  }
}

TEST_F(ComposeTest, ItsRequestMakesItAgain) {
  const Clip clip = composed(plan());
  const Json again = parse_json(clip.request.at("plan").get<std::string>(), "plan");
  EXPECT_EQ(again.at("tracks").at(2).at("seed"), 5);
  EXPECT_EQ(composed(again).sound.samples, clip.sound.samples);
}

TEST_F(ComposeTest, StemsHearThoseBeforeThemAndNoOthers) {
  const Clip clip = composed(plan());
  Json changed = parse_json(clip.request.at("plan").get<std::string>(), "plan");
  changed["tracks"][1]["gain_db"] = -30;
  const Clip other = composed(changed);
  EXPECT_EQ(other.parts[0].sound.samples, clip.parts[0].sound.samples);
  EXPECT_NEAR(test::decibels(test::rms(other.parts[1].sound.samples[0]) /
                             test::rms(clip.parts[1].sound.samples[0])),
              -6, 0.01);
  EXPECT_NE(other.parts[2].sound.samples, clip.parts[2].sound.samples);
}

TEST_F(ComposeTest, FoldersGiveATrackARecording) {
  const auto folder = band_->path() / "refs";
  std::filesystem::create_directories(folder);
  for (const char* name : {"b pad.wav", "a drums.wav"}) {
    audio::write_audio(folder / name, test::melody(8000, 16000));
  }
  write_text_file(folder / "notes.txt", "not a sound");
  const Clip clip =
      compose(**band_, {.refs = folder.string(), .length = {.seconds = 0.5}, .sampling = few(3)})
          .at(0);
  ASSERT_EQ(clip.parts.size(), 2U);
  EXPECT_EQ(clip.parts[0].name, "1-a-drums");
  EXPECT_EQ(clip.parts[1].name, "2-b-pad");
}

TEST_F(ComposeTest, GoesOnFromMusicThatIsThere) {
  const std::string context = band_->sound_file("c.wav", test::melody(9000, 16000));
  const Clip clip = composed({{"tracks", {{{"prompt", "drums"}}}}}, context);
  EXPECT_EQ(clip.sound.frames(), 9000);
  EXPECT_NE(clip.sound.samples, clip.parts.at(0).sound.samples);
}

TEST_F(ComposeTest, SaysWhatIsWrongWithAPlan) {
  EXPECT_RIFFLE_ERROR(compose(**band_, {}), ErrorCode::InvalidArgument, "nothing to compose");
  EXPECT_RIFFLE_ERROR(compose(**band_, {.plan = "{}", .refs = "x"}), ErrorCode::InvalidArgument,
                      "as a plan and as a folder");
  EXPECT_RIFFLE_ERROR(tracks_of_plan({{"tracks", Json::array()}}), ErrorCode::InvalidArgument,
                      "list of tracks");
  EXPECT_RIFFLE_ERROR(tracks_of_plan({{"tracks", {{{"volume", 3}}}}}), ErrorCode::InvalidArgument,
                      "plan: track 1: there is no field \"volume\"");
  EXPECT_RIFFLE_ERROR(compose(**band_, {.refs = "/nowhere"}), ErrorCode::NotFound, "/nowhere");
}

}  // namespace
}  // namespace riffle::pipelines
