// SPDX-License-Identifier: GPL-3.0-or-later
// The commands that make music, with a model of noise: what comes out is right in all but sound.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "audio/read_audio.h"
#include "core/files.h"
#include "core/json.h"
#include "e2e/process.h"
#include "image/picture_file.h"
#include "support/tiny_bundle.h"

namespace riffle::test {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Music : public ::testing::Test {
 protected:
  void SetUp() override {
    make_tiny_bundle(folder_ / "tiny",
                     R"({"num_frequencies": 64, "sample_rate": 22050, "step_size_ms": 20,
                         "padded_duration_ms": 200})");
    write_sound(folder_ / "song.wav", make_sound(2.5, 2));
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  Finished run(std::vector<std::string> arguments) const {
    for (const char* word : {"--model", "MODEL", "--steps", "2"}) {
      if (arguments[0] == "vary" && std::string(word) == "--steps") break;
      arguments.emplace_back(std::string(word) == "MODEL" ? path("tiny") : word);
    }
    return riffle(arguments);
  }
  Json document(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--json", "--quiet"});
    const Finished done = run(arguments);
    EXPECT_EQ(done.status, 0) << done.err;
    return parse_json(done.out, "stdout");
  }
  TemporaryFolder folder_;
};

TEST_F(Music, GenerateWritesSoundPictureAndItsOwnRequest) {
  const Json done = document({"generate", "funky synth", "--bars", "1", "--bpm", "120", "--loop",
                              "--seed", "7", "-o", path("a.wav"), "--image", path("a.png"),
                              "--preview", path("steps"), "--count", "1"});
  const Json clip = done.at("clips").at(0);
  EXPECT_EQ(clip.at("frames"), 44100);
  EXPECT_EQ(clip.at("request").at("seed"), 7);
  EXPECT_EQ(image::read_picture(path("a.png")).height, 64);
  const audio::Waveform first = audio::read_audio(path("a.wav"));
  EXPECT_EQ(first.frames(), 44100);
  // The request in the file makes the file again.
  write_text_file(folder_ / "request.json", clip.at("request").dump());
  document({"generate", "--request", path("request.json"), "-o", path("b.wav")});
  EXPECT_EQ(audio::read_audio(path("b.wav")).samples, first.samples);
  document({"vary", path("a.wav"), "--amount", "0", "-o", path("c.wav")});
  EXPECT_EQ(audio::read_audio(path("c.wav")).samples, first.samples);
}

TEST_F(Music, ClipsAreNumberedAndNamedAfterThePromptOtherwise) {
  document({"generate", "piano", "--count", "2", "--seconds", "0.5", "-o", path("takes.mp3")});
  EXPECT_TRUE(fs::exists(path("takes-0001.mp3")));
  EXPECT_TRUE(fs::exists(path("takes-0002.mp3")));
}

TEST_F(Music, EveryPipelineKeepsItsLength) {
  const int64_t frames = audio::read_audio(path("song.wav")).frames();
  document({"cover", path("song.wav"), "organ", "-o", path("cover.flac")});
  EXPECT_EQ(audio::read_audio(path("cover.flac")).frames(), frames);
  document({"inpaint", path("song.wav"), "drums", "--from", "0.5s", "--to", "1s", "--high-hz",
            "400", "-o", path("inpaint.wav")});
  EXPECT_EQ(audio::read_audio(path("inpaint.wav")).frames(), frames);
  document({"extend", path("song.wav"), "--seconds", "1.5", "-o", path("longer.wav")});
  const audio::Waveform longer = audio::read_audio(path("longer.wav"));
  EXPECT_EQ(longer.frames(), frames + longer.sample_rate * 3 / 2);
  document({"morph", "a", "b", "--clips", "2", "--seconds", "1", "-o", path("morph.wav")});
  EXPECT_EQ(audio::read_audio(path("morph.wav")).frames(), 2 * 22050);
}

TEST_F(Music, FaultsAreOneLineAndLeaveNoFile) {
  const auto fault = [&](std::vector<std::string> arguments, int status, const char* part) {
    arguments.insert(arguments.end(), {"-o", path("x.wav")});
    const Finished done = run(arguments);
    EXPECT_EQ(done.status, status) << done.err;
    EXPECT_THAT(done.err, HasSubstr(part));
    EXPECT_FALSE(fs::exists(path("x.wav")));
  };
  fault({"generate"}, 2, "prompt is missing");
  fault({"generate", "x", "--bars", "4"}, 2, "without a tempo");
  fault({"generate", "x", "--scheduler", "magic"}, 3, "magic");
  fault({"cover", path("absent.wav"), "x"}, 3, "absent.wav");
  fault({"inpaint", path("song.wav"), "x", "--from", "2s", "--to", "1s"}, 2, "nothing lies");
  fault({"generate", "x", "--request", path("song.wav")}, 4, "song.wav");
}

TEST_F(Music, NamesAModelThatIsNotThere) {
  const Finished done = riffle({"generate", "x", "--model", "no-such-model"});
  EXPECT_EQ(done.status, 3);
  EXPECT_THAT(done.err, HasSubstr("no-such-model"));
}

}  // namespace
}  // namespace riffle::test
