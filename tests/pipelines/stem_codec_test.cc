// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/stem_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "pipelines/sound_latents.h"
#include "small_model.h"
#include "support.h"

namespace riffle::pipelines::test {
namespace {

std::unique_ptr<StemCodec> shipped_codec() {
  const auto path = std::filesystem::path(RIFFLE_SOURCE_DIR) / "models" / "riffle-small";
  return open_stem_codec(weights::open_bundle(path));
}

TEST(StemCodecTest, ColumnsAreWholeAndLengthsExact) {
  const SmallModel small;
  const auto codec = open_stem_codec(weights::open_bundle(small.path()));
  const int64_t column = codec->samples_per_column();
  EXPECT_EQ(codec->sample_rate(), 16000);
  EXPECT_EQ(column, 8 * 320);
  EXPECT_EQ(codec->channels(), 16);
  for (const int64_t samples : {int64_t{1}, column - 1, column, column + 1, 5 * column + 7}) {
    const at::Tensor latents = codec->encode(melody(samples, 16000));
    EXPECT_EQ(latents.sizes(), (at::IntArrayRef{16, (samples + column - 1) / column}));
    EXPECT_EQ(codec->decode(latents, samples, {.iterations = 2}).frames(), samples);
  }
}

// With the sound's own maximum for black the latents are those of riff models, rows beside
// channels.
TEST(StemCodecTest, ChannelsAreRowsOfLatentChannels) {
  const SmallModel small;
  const auto sound = melody(16 * 2560, 16000);
  const auto model = open_music_model(small.path());
  const SoundLatents pictures = latents_of_sound(*model, sound, {});
  Json spectrogram = read_json_file(small.path() / "spectrogram.json");
  spectrogram["max_value"] = pictures.max_value;
  small.write("spectrogram.json", spectrogram);
  const auto codec = open_stem_codec(weights::open_bundle(small.path()));
  // Far from the end, which knows what comes after: here nothing, there silence.
  const at::Tensor latents = codec->encode(sound).narrow(1, 0, 4);
  const at::Tensor theirs = pictures.latents[0].reshape({16, -1}).narrow(1, 0, 4);
  EXPECT_LT(relative_error(latents, theirs), 1e-2);
}

TEST(StemCodecTest, LevelsSurvive) {
  const auto codec = shipped_codec();
  const int64_t frames = 3 * 44100;
  for (const double amplitude : {0.4, 0.1, 0.05}) {
    const audio::Waveform sound = melody(frames, 44100, 1, amplitude);
    const audio::Waveform again = codec->decode(codec->encode(sound), frames);
    EXPECT_NEAR(decibels(rms(again.samples[0]) / rms(sound.samples[0])), 0, 1) << amplitude;
  }
}

TEST(StemCodecTest, SilenceStaysSilent) {
  const auto codec = shipped_codec();
  const audio::Waveform silence{.sample_rate = 44100, .samples = {std::vector<float>(44100)}};
  EXPECT_LT(decibels(rms(codec->decode(codec->encode(silence), 44100).samples[0]) + 1e-12), -60);
}

// Around the end it moves as it does anywhere else.
TEST(StemCodecTest, LoopsHaveNoStepAtTheirEnd) {
  const auto codec = shipped_codec();
  const int64_t frames = 10 * codec->samples_per_column();
  const auto sound =
      codec->decode(codec->encode(melody(frames, 44100)), frames - 100, {.circular = true});
  ASSERT_EQ(sound.frames(), frames - 100);
  const std::vector<float>& x = sound.samples[0];
  double largest = 0;
  for (size_t i = 1; i < x.size(); ++i) {
    largest = std::max(largest, std::abs(double{x[i]} - double{x[i - 1]}));
  }
  EXPECT_LT(std::abs(double{x.front()} - double{x.back()}), largest / 2);
}

// A loop that begins elsewhere has the same latents, further round: its ends are no ends.
TEST(StemCodecTest, LoopsAreEncodedAsCircles) {
  const SmallModel small;
  const auto codec = open_stem_codec(weights::open_bundle(small.path()));
  const int64_t column = codec->samples_per_column();
  audio::Waveform sound = melody(8 * column, 16000);
  const at::Tensor latents = codec->encode_loop(sound);
  ASSERT_EQ(latents.size(1), 8);
  std::ranges::rotate(sound.samples[0], sound.samples[0].begin() + 3 * column);
  EXPECT_LT(relative_error(codec->encode_loop(sound), latents.roll({-3}, {1})), 1e-3);
  EXPECT_EQ(codec->encode_loop(melody(8 * column + 400, 16000)).size(1), 8);
  EXPECT_EQ(codec->encode_loop(melody(8 * column - 400, 16000)).size(1), 8);
}

TEST(StemCodecTest, SeedsAreDeterministic) {
  const SmallModel small;
  const auto codec = open_stem_codec(weights::open_bundle(small.path()));
  const int64_t frames = 3 * codec->samples_per_column();
  const at::Tensor latents = codec->encode(melody(frames, 16000));
  EXPECT_EQ(codec->decode(latents, frames, {.seed = 3}).samples,
            codec->decode(latents, frames, {.seed = 3}).samples);
}

TEST(StemCodecTest, RefusesWhatDoesNotFit) {
  const SmallModel small;
  const auto codec = open_stem_codec(weights::open_bundle(small.path()));
  EXPECT_RIFFLE_ERROR(codec->encode(melody(4000, 8000)), ErrorCode::InvalidArgument, "16000 Hz");
  EXPECT_RIFFLE_ERROR(codec->encode(melody(4000, 16000, 2)), ErrorCode::InvalidArgument, "mono");
  EXPECT_RIFFLE_ERROR(codec->encode({.sample_rate = 16000, .samples = {{}}}),
                      ErrorCode::InvalidArgument, "0 samples");
  EXPECT_RIFFLE_ERROR(codec->decode(at::zeros({16, 2}), 2 * codec->samples_per_column() + 1),
                      ErrorCode::InvalidArgument, "samples a column");
  EXPECT_RIFFLE_ERROR(codec->decode(at::zeros({15, 2}), 1), ErrorCode::InvalidArgument,
                      "16 channels");
}

}  // namespace
}  // namespace riffle::pipelines::test
