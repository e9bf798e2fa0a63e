// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/accompany.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/rand.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "models/tone_rows.h"
#include "pipelines/best_take.h"
#include "pipelines/headroom.h"
#include "pipelines/registry.h"
#include "pipelines/sound_file.h"
#include "tiny_band.h"

namespace riffle::pipelines {
namespace {

using test::few;
using test::kMono;
using test::TinyBand;

class AccompanyTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    band_ = std::make_unique<TinyBand>();
    context_ = band_->sound_file("context.wav", test::melody(7 * TinyBand::kColumn, 16000));
    other_ = band_->sound_file("other.wav", test::melody(7 * TinyBand::kColumn, 16000, 2));
  }
  static void TearDownTestSuite() { band_.reset(); }

  static Clip accompanied(AccompanyRequest request) {
    if (request.context.empty()) request.context = context_;
    return accompany(**band_, std::move(request)).at(0);
  }
  static std::vector<float> channel(const Clip& clip, size_t c = 0) {
    return clip.sound.samples[c];
  }

  static inline std::unique_ptr<TinyBand> band_;
  static inline std::string context_;
  static inline std::string other_;
};

TEST_F(AccompanyTest, IsExactlyAsLongAsItsContextAtItsRate) {
  for (const auto& [frames, rate] : {std::pair<int64_t, int>{12345, 16000},
                                     {50001, 44100},
                                     {int64_t{20} * TinyBand::kColumn + 77, 16000},
                                     {100, 48000}}) {
    const std::string file = band_->sound_file("odd.wav", test::melody(frames, rate, 2));
    const Clip clip = accompanied({.context = file, .shape = kMono, .sampling = few(1, 2)});
    EXPECT_EQ(clip.sound.frames(), frames);
    EXPECT_EQ(clip.sound.sample_rate, rate);
  }
}

TEST_F(AccompanyTest, HearsItsContext) {
  const Clip one = accompanied({.shape = kMono, .sampling = few(4)});
  const Clip again = accompanied({.shape = kMono, .sampling = few(4)});
  const Clip other = accompanied({.context = other_, .shape = kMono, .sampling = few(4)});
  EXPECT_EQ(one.sound.samples, again.sound.samples);
  EXPECT_GT(test::relative_error(other.latents, one.latents), 1e-3);
}

// With no weight on it the context is not looked at.
TEST_F(AccompanyTest, DoesNotHearAContextWithoutGuidance) {
  BandSampling deaf = few(4);
  deaf.guidance_context = 0;
  const Clip one = accompanied({.shape = kMono, .sampling = deaf});
  const Clip other = accompanied({.context = other_, .shape = kMono, .sampling = deaf});
  EXPECT_TRUE(at::equal(one.latents, other.latents));
}

TEST_F(AccompanyTest, FollowsSeedsAndStyles) {
  const auto latents = [&](BandStyle style, int64_t seed = 4) {
    return accompanied({.style = std::move(style), .shape = kMono, .sampling = few(seed)}).latents;
  };
  const at::Tensor plain = latents({});
  const at::Tensor said = latents({.prompt = "slap bass"});
  const at::Tensor like = latents({.like = other_});
  EXPECT_GT(test::relative_error(latents({}, 5), plain), 0.1);
  EXPECT_GT(test::relative_error(said, plain), 1e-4);
  EXPECT_GT(test::relative_error(latents({.prompt = "soft pad"}), said), 1e-5);
  EXPECT_LT(
      test::relative_error(latents({.like = other_, .prompt = "slap bass", .blend = 0}), like),
      1e-4);
  EXPECT_LT(
      test::relative_error(latents({.like = other_, .prompt = "slap bass", .blend = 1}), said),
      1e-4);
}

TEST_F(AccompanyTest, CountsSeedsUp) {
  const auto clips =
      accompany(**band_, {.context = context_, .count = 2, .shape = kMono, .sampling = few(10)});
  ASSERT_EQ(clips.size(), 2U);
  EXPECT_EQ(clips[1].request.at("seed"), 11);
  const Clip alone = accompanied({.shape = kMono, .sampling = few(11)});
  EXPECT_EQ(clips[1].sound.samples, alone.sound.samples);
}

// Of several takes that is kept which fits best; the first of them is the only one of best_of 1.
TEST_F(AccompanyTest, KeepsTheTakeThatFitsBest) {
  BandModel& model = **band_;
  std::vector<std::string> notes;
  BandPiece piece{.samples = 7 * TinyBand::kColumn};
  piece.style = style_of_sound(model, other_, notes, {});
  BandSampling sampling = few(0);
  settle(sampling, model);
  const auto played = [&](uint64_t seed, int64_t best_of) {
    piece.seed = seed;
    piece.best_of = best_of;
    return play(model, piece, kMono, sampling, {});
  };
  const auto fit = [&](const PlayedStem& stem) {
    return fit_of_take(model, stem.sound, piece, kMono, {});
  };
  int first_kept = 0;
  double gained = 0;
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    const PlayedStem one = played(seed, 1);
    const PlayedStem best = played(seed, 3);
    EXPECT_TRUE(one.notes.empty());
    ASSERT_EQ(best.notes.size(), 1U);
    if (best.notes[0].find("take 1 of 3") != std::string::npos) {
      ++first_kept;
      EXPECT_LT(test::relative_error(best.latents, one.latents), 1e-5);
    } else {
      EXPECT_GT(test::relative_error(best.latents, one.latents), 0.1);
    }
    gained += fit(best) - fit(one);
  }
  EXPECT_GT(first_kept, 0);
  EXPECT_LT(first_kept, 8);
  EXPECT_GT(gained, 0);
}

TEST_F(AccompanyTest, ATakeFitsByItsNotesToo) {
  const auto fit = [&](const std::string& chords) {
    std::vector<std::string> notes;
    const audio::Waveform sound =
        test::chord({261.63, 329.63, 392.0}, 7 * TinyBand::kColumn, TinyBand::kRate);
    const BandPiece piece{.samples = sound.frames(),
                          .context = {.chroma = chroma_of_chords(**band_, chords, 120, 4,
                                                                 sound.frames(), kMono, notes)}};
    return fit_of_take(**band_, sound, piece, kMono, {});
  };
  EXPECT_GT(fit("C"), fit("Am"));
  EXPECT_GT(fit("Am"), fit("F#"));
}

TEST_F(AccompanyTest, WithNothingToFitThereIsOneTake) {
  const SoloRequest alone{.best_of = 4, .shape = kMono, .sampling = few(3)};
  const Clip clip = solo(**band_, alone).at(0);
  EXPECT_FALSE(test::has_note(clip.notes, "take"));
  SoloRequest one = alone;
  one.best_of = 1;
  EXPECT_TRUE(at::equal(solo(**band_, one).at(0).latents, clip.latents));
  EXPECT_EQ(clip.request.at("best_of"), 4);
  const Clip accompaniment = accompanied({.best_of = 2, .shape = kMono, .sampling = few(3)});
  EXPECT_TRUE(test::has_note(accompaniment.notes, "of 2 was kept"));
}

TEST_F(AccompanyTest, NoStereoIsMonoAndMoreIsWider) {
  const auto width = [&](double stereo) {
    const Clip clip = accompanied({.shape = {.stereo = stereo}, .sampling = few(4, 10)});
    EXPECT_EQ(clip.sound.channels(), stereo == 0 ? 1 : 2);
    return stereo == 0 ? 0.0 : test::relative_error(clip.latents[0], clip.latents[1]);
  };
  EXPECT_EQ(width(0), 0);
  EXPECT_GT(width(0.4), 0);
  EXPECT_GT(width(1), width(0.4));
  // The channel that was made first is the mono one.
  const Clip mono = accompanied({.shape = kMono, .sampling = few(4)});
  const Clip wide = accompanied({.shape = {.stereo = 0.5}, .sampling = few(4)});
  EXPECT_EQ(channel(wide, 1), channel(mono));
  // The model's own width where none is asked for.
  EXPECT_EQ(accompanied({.sampling = few(4)}).request.at("stereo"), 0.4);
}

TEST_F(AccompanyTest, MixIsContextAndStem) {
  const Clip clip = accompanied({.mix = true, .gain_db = -6, .shape = kMono, .sampling = few(4)});
  ASSERT_EQ(clip.parts.size(), 1U);
  EXPECT_EQ(clip.parts[0].name, "mix");
  const auto context = read_sound_file(context_, {}).sound.samples[0];
  const auto& mix = clip.parts[0].sound.samples[0];
  ASSERT_EQ(mix.size(), context.size());
  for (size_t i = 0; i < mix.size(); i += 97) {
    EXPECT_NEAR(mix[i], context[i] + channel(clip)[i], 1e-6);
  }
  const Clip loud = accompanied({.shape = kMono, .sampling = few(4)});
  EXPECT_NEAR(test::decibels(test::rms(channel(clip)) / test::rms(channel(loud))), -6, 0.01);
}

// A soft recording gets the stem a loud one gets, softer.
TEST_F(AccompanyTest, LevelsGoWithTheContext) {
  audio::Waveform soft = test::melody(7 * TinyBand::kColumn, 16000, 1, 0.01);
  audio::Waveform softer = soft;
  for (float& sample : softer.samples[0]) sample /= 5;
  const Clip one = accompanied(
      {.context = band_->sound_file("soft.wav", soft), .shape = kMono, .sampling = few(4)});
  const Clip two = accompanied(
      {.context = band_->sound_file("softer.wav", softer), .shape = kMono, .sampling = few(4)});
  EXPECT_NEAR(test::decibels(test::rms(channel(two)) / test::rms(channel(one))), -13.98, 0.1);
  EXPECT_TRUE(test::has_note(one.notes, "louder"));
}

TEST_F(AccompanyTest, FullLoopStrengthRepeatsExactly) {
  for (const int64_t loop : {2, 3}) {
    const Clip clip = accompanied({.shape = {.loop = loop, .stereo = 0.5}, .sampling = few(4)});
    const int64_t frames = 7 * TinyBand::kColumn;
    ASSERT_EQ(clip.sound.frames(), frames);
    EXPECT_TRUE(clip.loop);
    const auto period = static_cast<size_t>(frames / loop);
    for (const auto& samples : clip.sound.samples) {
      for (size_t i = period; i < samples.size(); ++i) ASSERT_EQ(samples[i], samples[i - period]);
    }
  }
  const Clip free = accompanied(
      {.shape = {.loop = 2, .loop_strength = 0.5, .stereo = 0.0}, .sampling = few(4, 4)});
  const int64_t half = free.latents.size(-1) / 2;
  const double apart =
      test::relative_error(free.latents.narrow(-1, half, half), free.latents.narrow(-1, 0, half));
  EXPECT_GT(apart, 1e-4);
}

TEST_F(AccompanyTest, EqualGuidanceEqualsThreePredictions) {
  const at::Tensor x = at::randn({2, 16, 1, 8});
  const models::Conditioning conditioning{.summary = at::ones({2, 64}) / 8,
                                          .context = at::randn({2, 16, 1, 8})};
  const auto predicted = [&](diffusion::TwoConditionGuidance guidance) {
    return BandDenoiser(**band_, guidance).predict(x, 0.7, conditioning, {}, {});
  };
  const at::Tensor none = predicted({0, 0});
  const at::Tensor context = predicted({1, 0});
  const at::Tensor both = predicted({1, 1});
  EXPECT_GT(test::relative_error(context, none), 1e-3);
  EXPECT_GT(test::relative_error(both, context), 1e-4);
  const at::Tensor expected = none + 1.25 * (context - none) + 1.25 * (both - context);
  EXPECT_LT(test::relative_error(predicted({1.25, 1.25}), expected), 1e-5);
  EXPECT_TRUE(predicted({.context = 3, .style = 2, .least_noise = 0.71}).equal(both));
}

// The music it is to fit and its notes are one condition: no weight on it, and they say nothing.
TEST_F(AccompanyTest, NotesAreGuidedWithTheContext) {
  const at::Tensor x = at::randn({1, 16, 1, 8});
  models::Conditioning told{.chroma = at::rand({1, models::kChromaRows, 8})};
  const auto predicted = [&](const models::Conditioning& conditioning, double weight) {
    return BandDenoiser(**band_, {weight, 1}).predict(x, 0.7, conditioning, {}, {});
  };
  const at::Tensor plain = predicted({}, 1);
  EXPECT_GT(test::relative_error(predicted(told, 1), plain), 1e-4);
  EXPECT_LT(test::relative_error(predicted(told, 0), plain), 1e-5);
}

TEST_F(AccompanyTest, PlaysChordsThatAreAskedFor) {
  const auto accompaniment = [&](const std::string& chords) {
    return accompanied({.chords = chords, .bpm = 120, .shape = kMono, .sampling = few(4)});
  };
  const Clip heard = accompaniment("");
  const Clip minor = accompaniment("Am");
  EXPECT_EQ(minor.maybe_bpm, 120);
  EXPECT_GT(test::relative_error(minor.latents, heard.latents), 1e-4);
  EXPECT_GT(test::relative_error(accompaniment("Eb").latents, minor.latents), 1e-4);
  EXPECT_TRUE(at::equal(accompaniment("Am | %").latents, minor.latents));
  const auto alone = [&](const std::string& chords) {
    return solo(**band_, {.length = {.bpm = 120}, .chords = chords, .sampling = few(1)})
        .at(0)
        .latents;
  };
  EXPECT_GT(test::relative_error(alone("C"), alone("")), 1e-4);
  EXPECT_RIFFLE_ERROR(accompanied({.chords = "Am"}), ErrorCode::InvalidArgument, "need a tempo");
  EXPECT_RIFFLE_ERROR(accompanied({.chords = "H", .bpm = 90}), ErrorCode::InvalidArgument,
                      "chords: \"H\" is no chord");
}

TEST_F(AccompanyTest, SamplersAgreeWhereStepsAreMany) {
  const auto latents = [&](const char* scheduler, int64_t steps) {
    BandSampling sampling = few(4, steps);
    sampling.scheduler = scheduler;
    return accompanied({.shape = kMono, .sampling = sampling}).latents;
  };
  const at::Tensor heun = latents("heun", 40);
  EXPECT_LT(test::relative_error(latents("dpmpp_2m", 60), heun), 0.05);
  EXPECT_LT(test::relative_error(latents("euler", 120), heun), 0.1);
}

TEST_F(AccompanyTest, ACancelledRunLeavesNothing) {
  std::stop_source stop;
  int64_t evaluations = 0;
  int delivered = 0;
  RunContext context{.job = {stop.get_token(), [&](const Progress& progress) {
                               if (progress.stage == "diffuse" && ++evaluations == 2) {
                                 stop.request_stop();
                               }
                             }}};
  context.on_clip = [&](Clip&&) { ++delivered; };
  EXPECT_RIFFLE_ERROR(accompany(**band_, {.context = context_, .sampling = few(1, 20)}, context),
                      ErrorCode::Cancelled, "");
  EXPECT_EQ(evaluations, 2);
  EXPECT_EQ(delivered, 0);
}

TEST_F(AccompanyTest, SoloIsExactlyAsLongAsAsked) {
  const auto frames = [&](const Length& length, const BandShape& shape) {
    return solo(**band_, {.length = length, .shape = shape, .sampling = few(1, 2)})
        .at(0)
        .sound.frames();
  };
  EXPECT_EQ(frames({}, kMono), TinyBand::kWindow * TinyBand::kColumn);
  EXPECT_EQ(frames({.seconds = 1.2345}, kMono), 19752);
  // A bar at 111 BPM: 4 * 60 / 111 s.
  EXPECT_EQ(frames({.bars = 1, .bpm = 111}, {.loop = 1, .stereo = 0.0}), 34595);
  EXPECT_EQ(frames({.bars = 2, .bpm = 111}, {.loop = 2, .stereo = 0.0}), 69189);
}

TEST_F(AccompanyTest, WithoutClapThereIsNoStyle) {
  TinyBand deaf(false);
  EXPECT_RIFFLE_ERROR(solo(*deaf, {.style = {.prompt = "drums"}, .sampling = few(1)}),
                      ErrorCode::Unsupported, "CLAP");
  EXPECT_EQ(solo(*deaf, {.length = {.seconds = 0.5}, .sampling = few(1)}).size(), 1U);
}

TEST_F(AccompanyTest, UnknownWordsAreTold) {
  const auto clips = solo(**band_, {.style = {.prompt = "soft bagpipes"},
                                    .length = {.seconds = 0.5},
                                    .shape = kMono,
                                    .sampling = few(1)});
  EXPECT_TRUE(test::has_note(clips.at(0).notes, "bagpipes"));
}

TEST_F(AccompanyTest, InterpolationEndsAtItsEnds) {
  const std::string a = context_;
  const auto clips = interpolate(**band_, {.from = a,
                                           .to = other_,
                                           .steps = 3,
                                           .length = {.seconds = 0.8},
                                           .shape = kMono,
                                           .sampling = few(9)});
  ASSERT_EQ(clips.size(), 3U);
  const auto alone = [&](const std::string& like) {
    return solo(**band_, {.style = {.like = like},
                          .length = {.seconds = 0.8},
                          .shape = kMono,
                          .sampling = few(9)})
        .at(0)
        .latents;
  };
  EXPECT_LT(test::relative_error(clips[0].latents, alone(a)), 1e-4);
  EXPECT_LT(test::relative_error(clips[2].latents, alone(other_)), 1e-4);
  EXPECT_RIFFLE_ERROR(interpolate(**band_, {.from = a, .to = a, .prompt = "b"}),
                      ErrorCode::InvalidArgument, "two things");
  EXPECT_RIFFLE_ERROR(interpolate(**band_, {.from = a}), ErrorCode::InvalidArgument, "nothing");
}

TEST_F(AccompanyTest, PipelinesSayWhichModelTheyNeed) {
  EXPECT_RIFFLE_ERROR(pipeline_entry("generate").run(**band_, {{"prompt", "bass"}}, {}),
                      ErrorCode::InvalidArgument,
                      "generate needs a riff model, and band is a band model");
  test::SmallModel small;
  EXPECT_RIFFLE_ERROR(pipeline_entry("accompany").run(*small, {{"context", "x.wav"}}, {}),
                      ErrorCode::InvalidArgument,
                      "accompany needs a band model, and small is a riff model");
  EXPECT_RIFFLE_ERROR(open_music_model(band_->path()), ErrorCode::InvalidArgument, "band model");
  EXPECT_RIFFLE_ERROR(open_band_model(small.path()), ErrorCode::InvalidArgument, "riff model");
  EXPECT_EQ(open_model(band_->path())->kind(), ModelKind::Band);
  EXPECT_EQ(open_model(small.path())->kind(), ModelKind::Riff);
}

TEST_F(AccompanyTest, PartsThatDoNotFitAreRefused) {
  TinyBand band;
  Json config = read_json_file(band.path() / "unet" / "config.json");
  config["in_channels"] = 24;
  band.write("unet/config.json", config);
  EXPECT_RIFFLE_ERROR(open_band_model(band.path()), ErrorCode::BadFile, "the codec has 16");
}

TEST(HeadroomTest, PeaksAboveFullScaleAreHeldAndNothingElse) {
  const audio::Waveform quiet = test::melody(16000, 16000, 2, 0.2);
  audio::Waveform sound = quiet;
  std::vector<std::string> notes;
  hold_peaks(sound, false, notes);
  EXPECT_EQ(sound.samples, quiet.samples);
  EXPECT_TRUE(notes.empty());
  for (auto& channel : sound.samples) channel[9000] = 1.8F;
  audio::Waveform loop = sound;
  hold_peaks(sound, false, notes);
  EXPECT_LE(peak_of(sound), 1);
  ASSERT_EQ(sound.frames(), 16000);
  EXPECT_EQ(sound.samples[0][100], quiet.samples[0][100]);
  EXPECT_TRUE(test::has_note(notes, "held"));
  hold_peaks(loop, true, notes);
  EXPECT_NEAR(peak_of(loop), std::pow(10, -0.3 / 20), 1e-4);
  EXPECT_NEAR(loop.samples[1][100] / quiet.samples[1][100], peak_of(loop) / 1.8, 1e-4);
  EXPECT_TRUE(test::has_note(notes, "softer"));
}

}  // namespace
}  // namespace riffle::pipelines
