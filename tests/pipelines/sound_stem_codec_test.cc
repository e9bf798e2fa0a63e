// SPDX-License-Identifier: GPL-3.0-or-later
// The codec of stems over a narrow consistency autoencoder with noise for weights.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/error.h"
#include "pipelines/stem_codec.h"
#include "small_model.h"
#include "support.h"

namespace riffle::pipelines::test {
namespace {

class SoundStemCodecTest : public testing::Test {
 protected:
  SoundStemCodecTest() : folder_("cae") {
    folder_.write("model_index.json", {{"_class_name", "BandPipeline"},
                                       {"autoencoder", {"riffle", "ConsistencyAutoencoder"}}});
    std::filesystem::copy(riffle::test::golden_file("cae-tiny"), folder_.path() / "autoencoder",
                          std::filesystem::copy_options::recursive);
    codec_ = open_stem_codec(weights::open_bundle(folder_.path()));
  }
  BundleFolder folder_;
  std::unique_ptr<StemCodec> codec_;
};

TEST_F(SoundStemCodecTest, ColumnsAreWholeAndLengthsExact) {
  const int64_t column = codec_->samples_per_column();
  EXPECT_EQ(codec_->sample_rate(), 44100);
  EXPECT_EQ(column, 4096);
  for (const int64_t samples : {int64_t{100}, column, 2 * column + 1}) {
    const at::Tensor latents = codec_->encode(melody(samples, 44100));
    EXPECT_EQ(latents.sizes(),
              (at::IntArrayRef{codec_->channels(), (samples + column - 1) / column}));
    EXPECT_EQ(codec_->decode(latents, samples).frames(), samples);
  }
}

TEST_F(SoundStemCodecTest, LoopsAreCircles) {
  const int64_t column = codec_->samples_per_column();
  audio::Waveform sound = melody(4 * column, 44100);
  const at::Tensor latents = codec_->encode_loop(sound);
  ASSERT_EQ(latents.size(1), 4);
  std::ranges::rotate(sound.samples[0], sound.samples[0].begin() + column);
  EXPECT_LT(relative_error(codec_->encode_loop(sound), latents.roll({-1}, {1})), 1e-3);
  // Other lengths take the nearest number of columns, and come back exactly as long.
  EXPECT_EQ(codec_->encode_loop(melody(4 * column + 900, 44100)).size(1), 4);
  EXPECT_EQ(codec_->decode(latents, 4 * column + 900, {.circular = true}).frames(),
            4 * column + 900);
  // Read faster, it is the same loop: every second place falls on a sample of the slower one.
  const auto once = codec_->decode(latents, 4 * column, {.circular = true}).samples[0];
  const auto twice = codec_->decode(latents, 8 * column, {.circular = true}).samples[0];
  for (size_t i = 0; i < once.size(); i += 101) EXPECT_NEAR(twice[2 * i], once[i], 1e-6);
}

TEST_F(SoundStemCodecTest, SeedsAreDeterministic) {
  const at::Tensor latents = codec_->encode(melody(4096, 44100));
  const auto first = codec_->decode(latents, 4096, {.seed = 3}).samples;
  EXPECT_EQ(codec_->decode(latents, 4096, {.seed = 3}).samples, first);
  EXPECT_NE(codec_->decode(latents, 4096, {.seed = 4}).samples, first);
}

TEST_F(SoundStemCodecTest, RefusesWhatDoesNotFit) {
  EXPECT_RIFFLE_ERROR(codec_->encode(melody(4000, 8000)), ErrorCode::InvalidArgument, "44100 Hz");
  EXPECT_RIFFLE_ERROR(codec_->decode(at::zeros({3, 2}), 1), ErrorCode::InvalidArgument,
                      "channels and 4096 samples a column");
}

}  // namespace
}  // namespace riffle::pipelines::test
