// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/edit_stem.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "pipelines/sound_file.h"
#include "tiny_band.h"

namespace riffle::pipelines {
namespace {

using test::few;
using test::TinyBand;

class EditStemTest : public testing::Test {
 protected:
  static constexpr int64_t kFrames = 20 * TinyBand::kColumn;  // 3.2 s
  static void SetUpTestSuite() {
    band_ = std::make_unique<TinyBand>();
    sound_ = test::melody(kFrames, 16000, 2);
    stem_ = band_->sound_file("stem.wav", sound_);
    context_ = band_->sound_file("context.wav", test::melody(kFrames, 16000, 1, 0.1));
  }
  static void TearDownTestSuite() { band_.reset(); }

  // Whether [first, last) of both are the same samples.
  static bool same(const audio::Waveform& a, int64_t first, int64_t last, const audio::Waveform& b,
                   int64_t b_first) {
    for (size_t c = 0; c < a.samples.size(); ++c) {
      if (!std::equal(a.samples[c].begin() + first, a.samples[c].begin() + last,
                      b.samples[c].begin() + b_first)) {
        return false;
      }
    }
    return a.channels() == b.channels();
  }

  static inline std::unique_ptr<TinyBand> band_;
  static inline audio::Waveform sound_;
  static inline std::string stem_;
  static inline std::string context_;
};

TEST_F(EditStemTest, InpaintingReturnsTheOriginalOutside) {
  for (const std::string& context : {std::string(), context_}) {
    const Clip clip =
        inpaint_stem(
            **band_,
            {.file = stem_, .from = "1s", .to = "1.5s", .context = context, .sampling = few(3)})
            .at(0);
    ASSERT_EQ(clip.sound.frames(), kFrames);
    EXPECT_TRUE(same(clip.sound, 0, 16000, sound_, 0));
    EXPECT_TRUE(same(clip.sound, 24000, kFrames, sound_, 24000));
    EXPECT_FALSE(same(clip.sound, 16000, 24000, sound_, 16000));
  }
  EXPECT_RIFFLE_ERROR(
      inpaint_stem(**band_, {.file = stem_, .from = "2s", .to = "1s", .sampling = few(3)}),
      ErrorCode::InvalidArgument, "nothing lies between");
}

TEST_F(EditStemTest, InpaintingHearsWhatIsAround) {
  const auto latents = [&](const std::string& file) {
    return inpaint_stem(**band_, {.file = file, .from = "1s", .to = "1.5s", .sampling = few(3)})
        .at(0)
        .latents;
  };
  const std::string other = band_->sound_file("o.wav", test::melody(kFrames, 16000, 2, 0.05));
  EXPECT_GT(test::relative_error(latents(other), latents(stem_)), 1e-3);
}

TEST_F(EditStemTest, ExtendingAddsExactlySoMuch) {
  for (const char* side : {"end", "start"}) {
    const Clip clip = extend_stem(**band_, {.file = stem_,
                                            .context = context_,
                                            .length = {.seconds = 0.77},
                                            .side = side,
                                            .sampling = few(3)})
                          .at(0);
    const int64_t more = 12320;
    ASSERT_EQ(clip.sound.frames(), kFrames + more);
    const int64_t first = side == std::string("end") ? 0 : more;
    EXPECT_TRUE(same(clip.sound, first, first + kFrames, sound_, 0));
    const int64_t fresh = side == std::string("end") ? kFrames : 0;
    EXPECT_GT(test::rms(clip.sound.samples[0], fresh + 2000, fresh + 10000), 0);
  }
}

TEST_F(EditStemTest, AmountZeroIsTheStemItself) {
  const auto varied = [&](double amount) {
    return vary_stem(**band_, {.file = stem_, .amount = amount, .sampling = few(3, 20)}).at(0);
  };
  EXPECT_EQ(varied(0).sound.samples, sound_.samples);
  const at::Tensor own = varied(0).latents;
  const double little = test::relative_error(varied(0.1).latents, own);
  const double more = test::relative_error(varied(0.6).latents, own);
  EXPECT_GT(little, 0);
  EXPECT_GT(more, 2 * little);
  EXPECT_EQ(varied(0.6).sound.frames(), kFrames);
}

TEST_F(EditStemTest, VariationsHearTheContext) {
  const auto latents = [&](const std::string& context) {
    return vary_stem(**band_,
                     {.file = stem_, .amount = 0.8, .context = context, .sampling = few(3)})
        .at(0)
        .latents;
  };
  EXPECT_GT(test::relative_error(latents(context_), latents("")), 1e-3);
}

TEST_F(EditStemTest, VariationsLoopAndWiden) {
  const Clip clip =
      vary_stem(
          **band_,
          {.file = stem_, .amount = 0, .shape = {.loop = 4, .stereo = 0.3}, .sampling = few(3)})
          .at(0);
  ASSERT_EQ(clip.sound.channels(), 2);
  ASSERT_EQ(clip.sound.frames(), kFrames);
  const auto period = static_cast<size_t>(kFrames / 4);
  for (const auto& samples : clip.sound.samples) {
    for (size_t i = period; i < samples.size(); ++i) ASSERT_EQ(samples[i], samples[i - period]);
  }
  EXPECT_NE(clip.sound.samples[0], clip.sound.samples[1]);
}

}  // namespace
}  // namespace riffle::pipelines
