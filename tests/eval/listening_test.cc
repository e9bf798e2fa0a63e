// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/listening.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/files.h"
#include "support/test_files.h"

namespace riffle::eval {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;

class ListeningTest : public testing::Test {
 protected:
  void sound(const std::string& system, const std::string& name) const {
    fs::create_directories(folder_ / "systems" / system);
    write_text_file(folder_ / "systems" / system / name, system + " " + name);
  }
  fs::path systems() const { return folder_ / "systems"; }
  TemporaryFolder folder_;
};

TEST_F(ListeningTest, TrialsAreWhatEverySystemHas) {
  sound("a", "one.wav");
  sound("a", "two.wav");
  sound("a", "notes.txt");
  sound("b", "one.flac");
  sound("b", "two.wav");
  sound("b", "three.wav");
  const auto trials = listening_trials(systems());
  ASSERT_EQ(trials.size(), 2U);
  EXPECT_EQ(trials[0].name, "one");
  ASSERT_EQ(trials[0].stimuli.size(), 2U);
  EXPECT_EQ(trials[0].stimuli[1].system, "b");
  EXPECT_EQ(trials[0].stimuli[1].sound.filename(), "one.flac");
}

TEST_F(ListeningTest, NothingToCompareIsRefused) {
  EXPECT_RIFFLE_ERROR(listening_trials(folder_ / "none"), ErrorCode::NotFound, "no such folder");
  sound("a", "one.wav");
  EXPECT_RIFFLE_ERROR(listening_trials(systems()), ErrorCode::NotFound, "1 folders of sounds");
  sound("b", "two.wav");
  EXPECT_RIFFLE_ERROR(listening_trials(systems()), ErrorCode::NotFound, "the same name");
}

TEST_F(ListeningTest, ThePageHidesWhatIsWhat) {
  for (const char* system : {"model", "truth"}) sound(system, "one.wav");
  const fs::path out = folder_ / "page";
  write_listening_page(listening_trials(systems()),
                       {.title = "</script>Test", .questions = {"Fits?"}, .reference = "truth"},
                       out);
  const std::string html = read_text_file(out / "index.html", 1 << 20);
  EXPECT_THAT(html, testing::HasSubstr("\"questions\":[\"Fits?\"]"));
  // What users write cannot end the script.
  EXPECT_THAT(html, testing::Not(testing::HasSubstr("</script>Test")));
  EXPECT_THAT(html, testing::Not(testing::HasSubstr("{{DATA}}")));
  int sounds = 0;
  for (const auto& entry : fs::directory_iterator(out)) {
    if (entry.path().extension() != ".wav") continue;
    ++sounds;
    EXPECT_EQ(entry.path().stem().string().find_first_not_of("0123456789abcdef"),
              std::string::npos);
    EXPECT_THAT(html, testing::HasSubstr(entry.path().filename().string()));
  }
  EXPECT_EQ(sounds, 2);
  EXPECT_RIFFLE_ERROR(
      write_listening_page(listening_trials(systems()), {.reference = "nobody"}, out),
      ErrorCode::InvalidArgument, "nobody");
}

TEST_F(ListeningTest, ScoresAreReadAndSummedUp) {
  const fs::path csv = folder_ / "scores.csv";
  write_text_file(csv,
                  "listener,question,trial,system,score\r\n"
                  "anna,\"Fits, well?\",one,model,40\n"
                  "anna,\"Fits, well?\",two,model,60\n"
                  "anna,\"Fits, well?\",one,truth,100\n"
                  "ben,\"Fits, well?\",one,model,90\n"
                  "ben,\"Fits, well?\",one,truth,20\n");
  const auto scores = read_listening_scores(csv);
  ASSERT_EQ(scores.size(), 5U);
  EXPECT_EQ(scores[0].question, "Fits, well?");
  const auto all = summarise(scores);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].system, "model");
  EXPECT_NEAR(all[0].mean, (40 + 60 + 90) / 3.0, 1e-9);
  // Ben did not hear the reference.
  const auto awake = summarise(scores, "truth");
  EXPECT_EQ(awake[0].system, "truth");
  EXPECT_EQ(awake[0].interval, 0);
  EXPECT_EQ(awake[1].count, 2);
  EXPECT_NEAR(awake[1].mean, 50, 1e-9);
  EXPECT_NEAR(awake[1].interval, 1.96 * std::sqrt(200.0 / 2), 1e-9);
}

TEST_F(ListeningTest, DamagedScoresNameTheirLine) {
  const fs::path csv = folder_ / "bad.csv";
  for (const char* line : {"a,b,c,d,101", "a,b,c,d,5x", "a,b,c,4", "a,b,c,d,nan"}) {
    write_text_file(csv, std::string("listener,question,trial,system,score\n") + line + "\n");
    EXPECT_RIFFLE_ERROR(read_listening_scores(csv), ErrorCode::BadFile, "line 2");
  }
}

}  // namespace
}  // namespace riffle::eval
