// SPDX-License-Identifier: GPL-3.0-or-later
// audio-to-image, image-to-audio, print-exif, info and sample-clips as a user runs them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "audio/audio_info.h"
#include "audio/read_audio.h"
#include "core/files.h"
#include "core/json.h"
#include "e2e/process.h"
#include "image/picture_file.h"
#include "image/spectrogram_exif.h"

namespace riffle::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Codec : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  Json succeed(std::vector<std::string> arguments) const {
    arguments.emplace_back("--json");
    arguments.emplace_back("--quiet");
    const Finished done = riffle(arguments);
    EXPECT_EQ(done.status, 0) << ::testing::PrintToString(arguments) << done.err;
    EXPECT_EQ(done.err, "");
    return parse_json(done.out, "stdout");
  }
  TemporaryFolder folder_;
};

TEST_F(Codec, RoundTripKeepsLengthAndMeetsTheLoudness) {
  write_sound(path("a.wav"), make_sound(3, 2));
  succeed({"audio-to-image", path("a.wav"), path("a.png"), "--stereo"});
  const image::Picture picture = image::read_picture(path("a.png"));
  EXPECT_EQ(picture.width, 1 + 3 * 44100 / 441);
  EXPECT_EQ(picture.height, 512);

  const Json made = succeed({"image-to-audio", path("a.png"), path("b.wav"), "--loudness", "-20"});
  EXPECT_EQ(made.at("frames"), 441 * (picture.width - 1));
  const audio::AudioInfo info = audio::inspect_audio(path("b.wav"));
  EXPECT_EQ(info.file.frames, 441 * (picture.width - 1));
  EXPECT_EQ(info.file.channels, 2);
  // What normalize_loudness() promises, and 0.1 for the rounding to 24 bits and the printing.
  EXPECT_NEAR(info.loudness.integrated_lufs, -20, 0.3);
  EXPECT_NEAR(made.at("loudness_lufs").get<double>(), info.loudness.integrated_lufs, 0.1);
}

TEST_F(Codec, KeptLoudnessIsThatOfTheSound) {
  write_sound(path("a.wav"), make_sound(2));
  succeed({"audio-to-image", path("a.wav"), path("a.png")});
  succeed({"image-to-audio", path("a.png"), path("b.wav"), "--keep-loudness"});
  const double before = audio::inspect_audio(path("a.wav")).loudness.integrated_lufs;
  const double after = audio::inspect_audio(path("b.wav")).loudness.integrated_lufs;
  EXPECT_NEAR(after, before, 1.0);  // 8-bit levels and the phases found cost some tenths
}

TEST_F(Codec, TilesShareOneScaleAndComeBackAsOnePiece) {
  write_sound(path("a.wav"), make_sound(4.2));
  succeed({"audio-to-image", path("a.wav"), path("whole.png")});
  const Json made =
      succeed({"audio-to-image", path("a.wav"), path("tiles/t.png"), "--tile-width", "140"});
  // 421 columns: a picture of the single column left over would hold no sound.
  EXPECT_THAT(names_in(path("tiles")), ElementsAre("t-0001.png", "t-0002.png", "t-0003.png"));
  EXPECT_EQ(made.at("images")[2].at("width"), 141);
  succeed({"image-to-audio", path("whole.png"), path("whole.wav")});
  succeed({"image-to-audio", path("tiles"), path("tiles.wav")});
  succeed({"image-to-audio", path("tiles/t-*.png"), path("pattern.wav")});
  constexpr uint64_t kMaxBytes = 1 << 24;
  const auto whole = read_file(path("whole.wav"), kMaxBytes);
  EXPECT_TRUE(whole == read_file(path("tiles.wav"), kMaxBytes));
  EXPECT_TRUE(whole == read_file(path("pattern.wav"), kMaxBytes));
}

TEST_F(Codec, SeedDecidesTheSound) {
  write_sound(path("a.wav"), make_sound(1));
  succeed({"audio-to-image", path("a.wav"), path("a.png")});
  for (const char* name : {"1", "1b", "2"}) {
    succeed({"image-to-audio", path("a.png"), path(std::string(name) + ".wav"), "--compat",
             "--seed", std::string(1, name[0])});
  }
  EXPECT_TRUE(read_file(path("1.wav"), 1 << 20) == read_file(path("1b.wav"), 1 << 20));
  EXPECT_FALSE(read_file(path("1.wav"), 1 << 20) == read_file(path("2.wav"), 1 << 20));
}

TEST_F(Codec, CompatWritesSixteenBitsAtItsOwnLoudness) {
  write_sound(path("a.wav"), make_sound(1));
  succeed({"audio-to-image", path("a.wav"), path("a.png")});
  succeed({"image-to-audio", "--image", path("a.png"), "--audio", path("b.wav"), "--compat"});
  const audio::AudioInfo info = audio::inspect_audio(path("b.wav"));
  EXPECT_EQ(info.file.codec, "pcm_s16le");
  EXPECT_NEAR(info.loudness.sample_peak_dbfs, -0.1, 0.01);  // pydub's headroom
}

TEST_F(Codec, FlagsReachThePicture) {
  write_sound(path("a.wav"), make_sound(1, 1, 48000));
  succeed({"audio-to-image", path("a.wav"), path("a.jpg"), "--20khz", "--max-frequency", "16000",
           "--num-frequencies", "256", "--step-size-ms", "20", "--power-for-image", "0.5"});
  const image::Picture picture = image::read_picture(path("a.jpg"));
  const auto params = image::decode_spectrogram_exif(picture.exif, "a.jpg").found->params;
  EXPECT_EQ(params, (audio::SpectrogramParams{.stereo = true,
                                              .sample_rate = 48000,
                                              .step_size_ms = 20,
                                              .num_frequencies = 256,
                                              .min_frequency = 10,
                                              .max_frequency = 16000,
                                              .power_for_image = 0.5F}));
  succeed({"audio-to-image", path("a.wav"), path("b.png"), "--sample-rate", "44100"});
  EXPECT_EQ(image::read_picture(path("b.png")).width, 101);
}

TEST_F(Codec, PictureWithoutTagsTakesFlagsAndSaysSo) {
  write_sound(path("a.wav"), make_sound(1));
  succeed({"audio-to-image", path("a.wav"), path("a.png"), "--step-size-ms", "20"});
  image::Picture picture = image::read_picture(path("a.png"));
  picture.exif.clear();
  image::write_picture(path("bare.png"), picture);
  const Finished done =
      riffle({"image-to-audio", path("bare.png"), path("b.wav"), "--json", "--step-size-ms", "20"});
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_THAT(done.err, HasSubstr("bare.png"));
  EXPECT_EQ(parse_json(done.out, "stdout").at("frames"), 882 * (picture.width - 1));
}

TEST_F(Codec, PicturesOfOtherParametersAreNotJoined) {
  write_sound(path("a.wav"), make_sound(1));
  succeed({"audio-to-image", path("a.wav"), path("a.png")});
  succeed({"audio-to-image", path("a.wav"), path("b.png"), "--max-frequency", "8000"});
  const Finished done = riffle({"image-to-audio", path("a.png"), path("b.png"), path("c.wav")});
  EXPECT_EQ(done.status, 4);
  EXPECT_THAT(done.err, HasSubstr("b.png"));
}

TEST_F(Codec, ResultLinesAreOnStdoutAndNothingElse) {
  write_sound(path("a.wav"), make_sound(1));
  const Finished encoded = riffle({"audio-to-image", path("a.wav"), path("a.png")});
  EXPECT_EQ(encoded.out, path("a.png") + " (101 x 512)\n");
  const Finished decoded = riffle({"image-to-audio", path("a.png"), path("b.wav")});
  EXPECT_THAT(decoded.out, HasSubstr(path("b.wav") + " (1.000 s, 44100 Hz, mono, -23"));
  const Finished clips = riffle({"sample-clips", path("a.wav"), path("clips"), "--num-clips", "2",
                                 "--duration-ms", "500", "--seed", "42"});
  EXPECT_EQ(clips.status, 0) << clips.err;
  EXPECT_EQ(names_in(path("clips")).size(), 2U);
  for (const auto& name : names_in(path("clips"))) EXPECT_THAT(clips.out, HasSubstr(name + "\n"));
}

TEST_F(Codec, InfoTellsSoundFromPicture) {
  write_sound(path("a.wav"), make_sound(2, 2));
  succeed({"audio-to-image", path("a.wav"), path("a.png"), "--stereo"});
  const Json files = succeed({"info", path("a.wav"), path("a.png")}).at("files");
  EXPECT_EQ(files[0].at("kind"), "sound");
  EXPECT_EQ(files[0].at("sample_rate"), 44100);
  EXPECT_EQ(files[0].at("channels"), 2);
  EXPECT_EQ(files[0].at("frames"), 88200);
  EXPECT_LT(files[0].at("loudness_lufs").get<double>(), -5);
  EXPECT_EQ(files[1].at("kind"), "picture");
  EXPECT_EQ(files[1].at("spectrogram").at("stereo"), true);
  EXPECT_NEAR(files[1].at("spectrogram").at("duration_s").get<double>(), 2.0, 1e-9);
}

// The original's own picture of this recording, made by its own encoder.
TEST(CodecParity, StereoPictureEqualsTheOriginals) {
  RIFFLE_REFERENCE_OR_SKIP(sound, "spectrogram/clip_2.wav");
  RIFFLE_REFERENCE_OR_SKIP(wanted_path, "spectrogram/clip_2_stereo.png");
  TemporaryFolder folder;
  const std::string made_path = (folder / "made.png").string();
  ASSERT_EQ(riffle({"audio-to-image", sound.string(), made_path, "--stereo"}).status, 0);
  const image::Picture wanted = image::read_picture(wanted_path);
  const image::Picture made = image::read_picture(made_path);
  ASSERT_EQ(made.rgb.size(), wanted.rgb.size());
  size_t different = 0;
  for (size_t i = 0; i < made.rgb.size(); ++i) {
    const int difference = std::abs(made.rgb[i] - wanted.rgb[i]);
    ASSERT_LE(difference, 1);
    different += static_cast<size_t>(difference);
  }
  EXPECT_LE(different, wanted.rgb.size() / 1000);
  EXPECT_EQ(made.exif, wanted.exif);
}

TEST(CodecParity, PrintExifLinesAreTheOriginals) {
  RIFFLE_REFERENCE_OR_SKIP(picture, "spectrogram/clip_2.png");
  const Finished printed = riffle({"print-exif", "--image", picture.string()});
  EXPECT_EQ(printed.status, 0);
  EXPECT_THAT(printed.out, HasSubstr("NUM_FREQUENCIES      =             512\n"));
  EXPECT_THAT(printed.out, HasSubstr("SAMPLE_RATE          =           44100\n"));
  EXPECT_THAT(printed.out, HasSubstr("MAX_VALUE            =      46801012.0\n"));
}

}  // namespace
}  // namespace riffle::test
