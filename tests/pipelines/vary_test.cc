// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/vary.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "pipelines/generate.h"
#include "pipelines/registry.h"
#include "pipelines/sound_file.h"
#include "support.h"

namespace riffle::pipelines {
namespace {

using test::quick;

class VaryTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { model_ = std::make_unique<test::TinyModel>(); }
  static void TearDownTestSuite() { model_.reset(); }
  // The clip as the command line leaves it.
  static std::string file_of(const std::string& name, const Clip& clip) {
    return model_->sound_file(name, clip.sound, {{kRequestTag, clip.request.dump()}});
  }
  static Clip made(double seconds = 1) {
    return generate(**model_, {.prompt = "p", .length = {.seconds = seconds}, .sampling = quick(4)})
        .at(0);
  }
  static inline std::unique_ptr<test::TinyModel> model_;
};

TEST_F(VaryTest, NothingGivesTheClipItselfAndAllAnother) {
  const Clip clip = made();
  const std::string file = file_of("clip.wav", clip);
  const auto varied = [&](double amount) {
    return vary(**model_, {.file = file, .amount = amount, .seed = 77}).at(0);
  };
  EXPECT_EQ(varied(0).sound.samples, clip.sound.samples);
  const double little = test::relative_error(varied(0.05).latents, clip.latents);
  const double more = test::relative_error(varied(0.4).latents, clip.latents);
  EXPECT_GT(little, 1e-4);
  EXPECT_GT(more, 2 * little);
  Sampling other = quick(77);
  const Clip another =
      generate(**model_, {.prompt = "p", .length = {.seconds = 1}, .sampling = other}).at(0);
  EXPECT_LT(test::relative_error(varied(1).latents, another.latents), 1e-5);
}

TEST_F(VaryTest, SeveralVariationsDifferAndCanBeMadeAgain) {
  const std::string file = file_of("clip.wav", made());
  const auto clips = vary(**model_, {.file = file, .amount = 0.5, .count = 3, .seed = 4294967294});
  ASSERT_EQ(clips.size(), 3U);
  EXPECT_NE(clips[0].sound.samples, clips[1].sound.samples);
  EXPECT_NE(clips[1].sound.samples, clips[2].sound.samples);
  for (const Clip& clip : clips) {
    Json record(clip.request);
    EXPECT_EQ(record.at("pipeline"), "generate");
    record.erase("pipeline");
    record.erase("model");
    EXPECT_EQ(pipeline_entry("generate").run(**model_, record, {}).at(0).sound.samples,
              clip.sound.samples);
  }
}

// A variation is varied further, not thrown away.
TEST_F(VaryTest, VariationsCanBeVaried) {
  const std::string file = file_of("clip.wav", made());
  const Clip first = vary(**model_, {.file = file, .amount = 0.5, .seed = 7}).at(0);
  const std::string first_file = file_of("first.wav", first);
  const auto again = [&](double amount) {
    return vary(**model_, {.file = first_file, .amount = amount, .seed = 8}).at(0);
  };
  EXPECT_EQ(again(0).sound.samples, first.sound.samples);
  const Clip second = again(0.05);
  EXPECT_LT(test::relative_error(second.latents, first.latents),
            test::relative_error(second.latents, made().latents));
  // And a third time, from the file of the second.
  const std::string second_file = file_of("second.wav", second);
  EXPECT_EQ(vary(**model_, {.file = second_file, .amount = 0, .seed = 9}).at(0).sound.samples,
            second.sound.samples);
}

TEST_F(VaryTest, AnyOtherSoundIsCovered) {
  const std::string file = model_->sound_file("other.wav", test::melody(16000, 16000));
  const auto clips =
      vary(**model_, {.file = file, .amount = 0.3, .count = 2, .seed = 1, .prompt = "flute"});
  ASSERT_EQ(clips.size(), 2U);
  for (const Clip& clip : clips) {
    EXPECT_EQ(clip.sound.frames(), 16000);
    EXPECT_TRUE(test::has_note(clip.notes, "varied as a cover"));
    // What the clip says of itself can be asked for again, also where no prompt was given.
    Json record(clip.request);
    const std::string pipeline = record.at("pipeline");
    record.erase("pipeline");
    record.erase("model");
    EXPECT_NO_THROW(pipeline_entry(pipeline).check(record));
    record.erase("prompt");
    EXPECT_EQ(pipeline, "vary");
    EXPECT_NO_THROW(pipeline_entry(pipeline).check(record));
  }
  EXPECT_NE(clips[0].sound.samples, clips[1].sound.samples);
  EXPECT_EQ(clips[0].request.at("seed"), 1);
  EXPECT_EQ(clips[1].request.at("seed"), 2);
}

TEST_F(VaryTest, RefusesAnotherModelsClips) {
  Clip clip = made(0.5);
  clip.request["model"] = "another";
  EXPECT_RIFFLE_ERROR(vary(**model_, {.file = file_of("clip.wav", clip), .seed = 1}),
                      ErrorCode::InvalidArgument, "made with the model another, not riff-tiny");
  clip.request["model"] = "riff-tiny";
  clip.request["prompt"] = 5;
  EXPECT_RIFFLE_ERROR(vary(**model_, {.file = file_of("clip.wav", clip), .seed = 1}),
                      ErrorCode::InvalidArgument, "prompt must be a text");
  EXPECT_RIFFLE_ERROR(vary(**model_, {.file = model_->file("none.wav"), .seed = 1}),
                      ErrorCode::NotFound, "none.wav");
}

TEST_F(VaryTest, TakesNoForeignCommentForARequest) {
  for (const char* comment :
       {"nice song", "{\"pipeline\"", "[1]", "{\"a\": 1}", "{\"pipeline\": 3}"}) {
    const std::string file =
        model_->sound_file("other.wav", test::melody(4000, 8000), {{kRequestTag, comment}});
    const Clip clip = vary(**model_, {.file = file, .amount = 0, .seed = 1}).at(0);
    EXPECT_TRUE(test::has_note(clip.notes, "varied as a cover")) << comment;
  }
}

}  // namespace
}  // namespace riffle::pipelines
