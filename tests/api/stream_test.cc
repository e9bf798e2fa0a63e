// SPDX-License-Identifier: GPL-3.0-or-later
// A generation that is made as segments and plays while it is made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "api/api.h"
#include "audio/read_audio.h"
#include "core/files.h"

namespace riffle::test {
namespace {

using ::testing::HasSubstr;

class Streamed : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder();
    server_ = new ApiServer(folder_->path());
  }
  static void TearDownTestSuite() {
    delete server_;
    delete folder_;
  }
  void TearDown() override { server().clear(); }
  static ApiServer& server() { return *server_; }
  static Json submit(const Json& more, int status = 202) {
    Json request = {{"prompt", "bells"}, {"steps", 2}, {"decode_iterations", 2}, {"seed", 5}};
    request.update(more);
    return server().call("POST", "/api/v1/jobs",
                         {{"pipeline", "generate"}, {"stream", true}, {"request", request}},
                         status);
  }
  static Json done(const Json& more) {
    const Json job = server().finished(submit(more).at("id"));
    EXPECT_EQ(job.at("state"), "done") << job.at("error").dump();
    return job;
  }
  static audio::Waveform sound_at(const std::string& url, const std::string& ending = "wav") {
    const Answer answer = server().ask("GET", url);
    EXPECT_EQ(answer.status, 200) << url;
    const auto file = *folder_ / ("got." + ending);
    write_text_file(file, answer.body);
    return audio::read_audio(file);
  }
  static double window_s() {
    return server().get("/api/v1/capabilities").at("model").at("window_s");
  }

  static inline TemporaryFolder* folder_ = nullptr;
  static inline ApiServer* server_ = nullptr;
};

TEST_F(Streamed, SegmentsOfAGenerationJoinToTheClip) {
  // Two whole windows and a part of a third.
  const double seconds = 2.4 * window_s();
  const Json job = done({{"seconds", seconds}});
  const Json& segments = job.at("segments");
  ASSERT_EQ(segments.size(), 3U);
  EXPECT_GT(job.at("real_time_factor"), 0);
  std::vector<float> joined;
  for (size_t i = 0; i < segments.size(); ++i) {
    const Json& segment = segments.at(i);
    EXPECT_EQ(segment.at("index"), i);
    EXPECT_EQ(segment.at("start_sample"), joined.size());
    EXPECT_GT(segment.at("real_time_factor"), 0);
    EXPECT_EQ(segment.at("request").at("prompt"), "bells");
    const audio::Waveform part = sound_at(segment.at("url"));
    EXPECT_EQ(part.frames(), segment.at("samples"));
    joined.insert(joined.end(), part.samples[0].begin(), part.samples[0].end());
    EXPECT_EQ(server().ask("GET", segment.at("picture_url")).status, 200);
  }
  const Json& clip = job.at("clips").at(0);
  EXPECT_EQ(clip.at("frames"), std::llround(seconds * 22050));
  EXPECT_EQ(clip.at("frames"), joined.size());
  EXPECT_EQ(clip.at("seed"), 5);
  EXPECT_EQ(clip.at("request").at("prompt"), "bells");
  EXPECT_THAT(clip.at("notes").dump(), HasSubstr("segments of a stream"));
  EXPECT_EQ(sound_at(clip.at("audio_url")).samples[0], joined);
  // Where segments meet nothing jumps further than it does inside of them.
  double inside = 0;
  for (size_t i = 1; i < joined.size(); ++i) {
    inside = std::max(inside, double{std::abs(joined[i] - joined[i - 1])});
  }
  for (size_t i = 1; i < segments.size(); ++i) {
    const auto at = segments.at(i).at("start_sample").get<size_t>();
    EXPECT_LT(std::abs(joined[at] - joined[at - 1]), inside);
  }
  // The same seed gives the same sound.
  EXPECT_EQ(sound_at(done({{"seconds", seconds}}).at("clips").at(0).at("audio_url")).samples[0],
            joined);
}

TEST_F(Streamed, ItPlaysInEveryFormat) {
  const Json job = done({{"seconds", 1.5 * window_s()}});
  const std::string url = job.at("url");
  const auto frames = job.at("clips").at(0).at("frames").get<double>();
  const audio::Waveform wav = sound_at(url + "/stream.wav");
  EXPECT_EQ(static_cast<double>(wav.frames()), frames);
  EXPECT_EQ(wav.sample_rate, 22050);
  for (const char* ending : {"mp3", "opus"}) {
    const audio::Waveform sound = sound_at(url + "/stream." + ending, ending);
    // Coders work in blocks, and begin with silence.
    EXPECT_NEAR(sound.duration_s(), frames / 22050, 0.15) << ending;
  }
  EXPECT_EQ(server().ask("GET", url + "/stream.flac").status, 404);
}

TEST_F(Streamed, ItPlaysWhileItIsMade) {
  // More than can be made before a listener has come.
  const Json job = submit({{"seconds", 100 * window_s()}, {"steps", 50}});
  server().follow(job.at("events_url"),
                  [](const SseEvent& event) { return event.name == "segment"; });
  size_t bytes = 0;
  EXPECT_EQ(server().listen_to(job.at("url").get<std::string>() + "/stream.wav", 20000, bytes),
            200);
  EXPECT_GE(bytes, 20000U);
  const Json now = server().get(job.at("url"));
  EXPECT_EQ(now.at("state"), "running");
  EXPECT_LT(now.at("segments").size(), 100U);
  EXPECT_GT(now.at("real_time_factor"), 0);
  server().call("DELETE", job.at("url"), nullptr, 200);
  const Json ended = server().finished(job.at("id"));
  EXPECT_EQ(ended.at("state"), "cancelled");
  EXPECT_TRUE(ended.at("clips").empty());
}

TEST_F(Streamed, PromptsChangeAtTheirTimesAndBarsSetTheLength) {
  const Json job = done({{"prompt", "0s: bells; 2 bars: piano"}, {"bars", 4}, {"bpm", 240}});
  const Json& clip = job.at("clips").at(0);
  EXPECT_EQ(clip.at("frames"), 4 * 22050);
  EXPECT_EQ(clip.at("bpm"), 240);
  EXPECT_EQ(clip.at("beats"), 16);
  std::set<std::string> prompts;
  for (const Json& segment : job.at("segments")) {
    prompts.insert(segment.at("request").at("prompt"));
    prompts.insert(segment.at("request").at("to"));
    EXPECT_EQ(segment.at("bpm"), 240);
  }
  EXPECT_TRUE(prompts.contains("bells"));
  EXPECT_TRUE(prompts.contains("piano"));
  EXPECT_EQ(job.at("segments").back().at("request").at("to"), "piano");
}

TEST_F(Streamed, WhatHasNoSegmentsIsRefused) {
  for (const Json& more : {Json{{"loop", true}}, Json{{"count", 2}}, Json{{"variation", 0.5}},
                           Json{{"stereo", 0.5}}, Json{{"chords", "Am"}, {"bpm", 100}}}) {
    EXPECT_THAT(submit(more, 400).at("detail").get<std::string>(), HasSubstr("streamed job"));
  }
}

}  // namespace
}  // namespace riffle::test
