// SPDX-License-Identifier: GPL-3.0-or-later
// Jams: segments that join, made ahead, changed while they play.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "api/api.h"
#include "audio/read_audio.h"
#include "core/files.h"

namespace riffle::test {
namespace {

using ::testing::HasSubstr;

class JamApi : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder();
    server_ = new ApiServer(folder_->path(), {"--max-jams", "2"});
  }
  static void TearDownTestSuite() {
    delete server_;
    delete folder_;
  }
  static ApiServer& server() { return *server_; }

  static Json start(const Json& more) {
    Json body = {
        {"prompt", "lo-fi piano"}, {"steps", 2}, {"ahead", 2}, {"bpm", 240}, {"beats_per_bar", 1}};
    body.update(more);
    return server().call("POST", "/api/v1/jams", body, 201);
  }
  // Waits until so many segments are made.
  static Json segments(const Json& jam, size_t count) {
    Json list;
    wait_until(
        [&] {
          list = server().get(jam.at("segments_url")).at("segments");
          return list.size() >= count;
        },
        "segments");
    return list;
  }
  static audio::Waveform sound(const Json& segment) {
    write_text_file(*folder_ / "s.wav", server().ask("GET", segment.at("url")).body);
    return audio::read_audio(*folder_ / "s.wav");
  }
  static void end(const Json& jam) {
    server().call("DELETE", jam.at("url"), nullptr, 200);
    server().follow(jam.at("events_url"), [](const SseEvent& e) { return e.name == "end"; });
  }
  static void played(const Json& jam, int segment) {
    server().call("POST", jam.at("url").get<std::string>() + "/played", {{"segment", segment}},
                  200);
  }
  static TemporaryFolder* folder_;
  static ApiServer* server_;
};
TemporaryFolder* JamApi::folder_ = nullptr;
ApiServer* JamApi::server_ = nullptr;

TEST_F(JamApi, SegmentsJoinSampleForSampleOnTheBeat) {
  const Json jam = start({{"seed_image", "og_beat"}, {"seed", 3}});
  segments(jam, 2);
  played(jam, 1);
  const Json list = segments(jam, 4);
  end(jam);
  const double beat = 60.0 / 240 * 22050;
  for (size_t i = 0; i + 1 < list.size(); ++i) {
    EXPECT_EQ(list[i + 1].at("start_sample"),
              list[i].at("start_sample").get<int64_t>() + list[i].at("samples").get<int64_t>());
  }
  std::vector<float> all;
  for (size_t i = 0; i < list.size(); ++i) {
    const Json& segment = list[i];
    const double beats = segment.at("beats");
    EXPECT_NEAR(segment.at("first_beat_sample").get<double>(), beats * beat * double(i), 1);
    const int64_t before =
        segment.at("first_beat_sample").get<int64_t>() - segment.at("start_sample").get<int64_t>();
    EXPECT_EQ(before, i == 0 ? 0 : 662);
    EXPECT_EQ(segment.at("bpm"), 240);
    const audio::Waveform part = sound(segment);
    EXPECT_EQ(part.frames(), segment.at("samples"));
    all.insert(all.end(), part.samples[0].begin(), part.samples[0].end());
  }
  EXPECT_EQ(list[1].at("request").at("alpha"), 0.25);
  // No click at a joint: steps from sample to sample are like those elsewhere.
  double largest = 0;
  for (size_t i = 1; i < all.size(); ++i) {
    largest = std::max(largest, std::abs(double(all[i]) - double(all[i - 1])));
  }
  for (size_t i = 1; i < list.size(); ++i) {
    const auto at = list[i].at("start_sample").get<size_t>();
    EXPECT_LT(std::abs(double(all[at]) - double(all[at - 1])), 0.8 * largest) << i;
  }
}

TEST_F(JamApi, IsMadeAheadByABoundedNumberAndGoesOnWhenPlayed) {
  const Json jam = start({{"ahead", 2}});
  segments(jam, 2);
  wait_until([&] { return server().get(jam.at("url")).at("waiting") == true; }, "waiting");
  EXPECT_EQ(server().get(jam.at("url")).at("made"), 2);
  played(jam, 0);
  segments(jam, 3);
  wait_until([&] { return server().get(jam.at("url")).at("waiting") == true; }, "waiting");
  EXPECT_EQ(server().get(jam.at("url")).at("made"), 3);
  // What was not made cannot have been played.
  played(jam, 1000);
  EXPECT_EQ(server().get(jam.at("url")).at("played"), 2);
  end(jam);
}

TEST_F(JamApi, AChangeIsHeardFromTheSegmentItNames) {
  const Json jam = start({{"ahead", 4}, {"transition_segments", 1}});
  const Json before = segments(jam, 4);
  played(jam, 0);
  bool discarded = false;
  std::vector<Json> made;
  std::vector<SseEvent> events;
  bool changed = false;
  events = server().follow(jam.at("events_url"), [&](const SseEvent& event) {
    if (!changed) {
      changed = true;
      const Json now = server().call("PATCH", jam.at("url"),
                                     {{"prompt", "acid bass"}, {"from_segment", 2}}, 200);
      EXPECT_EQ(now.at("prompt"), "acid bass");
    }
    if (event.name == "discard") {
      discarded = true;
      EXPECT_EQ(event.data.at("from_segment"), 2);
    }
    if (event.name == "segment" && discarded) made.push_back(event.data.at("segment"));
    return made.size() == 2;
  });
  ASSERT_EQ(made.size(), 2U);
  EXPECT_EQ(made[0].at("index"), 2);
  EXPECT_EQ(made[0].at("revision"), 1);
  EXPECT_EQ(made[0].at("start_sample"), before[2].at("start_sample"));
  EXPECT_EQ(made[0].at("request").at("to"), "acid bass");
  EXPECT_EQ(made[0].at("request").at("alpha"), 1);
  // Its old version is gone, its new one is there.
  EXPECT_EQ(server().ask("GET", before[2].at("url")).status, 410);
  EXPECT_EQ(server().ask("GET", made[0].at("url")).status, 200);
  EXPECT_EQ(server().ask("GET", before[1].at("url")).status, 200);
  end(jam);
}

TEST_F(JamApi, TempoSeedImageAndDenoisingMayChange) {
  const Json jam = start({{"ahead", 1}});
  segments(jam, 1);
  server().call("PATCH", jam.at("url"),
                {{"bpm", 120}, {"seed_image", "marim"}, {"denoising", 0.5}, {"queue", {"a", "b"}}},
                200);
  played(jam, 0);
  const Json list = segments(jam, 2);
  EXPECT_EQ(list[1].at("bpm"), 120);
  EXPECT_EQ(list[1].at("request").at("seed_image"), "marim");
  EXPECT_EQ(list[1].at("request").at("denoising"), 0.5);
  EXPECT_EQ(list[1].at("start_sample"), list[0].at("samples"));
  server().call("PATCH", jam.at("url"), {{"paused", true}}, 200);
  EXPECT_EQ(server().get(jam.at("url")).at("state"), "paused");
  for (const Json& bad :
       {Json{{"bpm", 1000}}, Json{{"seed_image", "nothing"}}, Json{{"prompt", ""}},
        Json{{"colour", 1}}, Json{{"seed_image", "../x"}}, Json{{"preset", "magic"}}}) {
    const Answer answer = server().ask("PATCH", jam.at("url"), bad.dump());
    EXPECT_TRUE(answer.status == 400 || answer.status == 404) << bad.dump();
  }
  end(jam);
  server().call("PATCH", jam.at("url"), {{"prompt", "x"}}, 409);
}

TEST_F(JamApi, PicturesArePreviewedAndComplete) {
  const Json jam = start({{"ahead", 1}, {"steps", 6}, {"preview_interval", 1}});
  std::string preview;
  Json segment;
  server().follow(jam.at("events_url"), [&](const SseEvent& event) {
    if (event.name == "preview" && preview.empty()) {
      preview = event.data.at("picture_url");
      EXPECT_EQ(event.data.at("segment"), 0);
      EXPECT_EQ(server().ask("GET", preview).status, 200);
    }
    if (event.name == "segment") segment = event.data.at("segment");
    return event.name == "segment";
  });
  // The first event of a fresh connection is the state; previews may have gone by before.
  if (segment.is_null()) segment = segments(jam, 1).at(0);
  EXPECT_EQ(server().ask("GET", segment.at("picture_url")).status, 200);
  end(jam);
}

TEST_F(JamApi, AStretchIsKeptAsAClip) {
  const Json jam = start({{"ahead", 3}});
  const Json list = segments(jam, 3);
  played(jam, 1);
  const std::string save = jam.at("url").get<std::string>() + "/save";
  const Json clip = server().call("POST", save, {{"title", "Keep"}, {"from_segment", 0}}, 201);
  EXPECT_EQ(clip.at("pipeline"), "jam");
  EXPECT_EQ(clip.at("frames"),
            list[0].at("samples").get<int64_t>() + list[1].at("samples").get<int64_t>());
  const Json last = server().call("POST", save, {{"last_s", 0.3}}, 201);
  EXPECT_EQ(last.at("frames"), 6615);
  EXPECT_EQ(server().ask("GET", clip.at("picture_url")).status, 200);
  server().call("POST", save, {{"from_segment", 900}}, 409);
  end(jam);
}

TEST_F(JamApi, CanBeHeardAsOneStream) {
  const Json jam = start({{"segments", 3}, {"ahead", 1}});
  const Answer stream = server().ask("GET", jam.at("url").get<std::string>() + "/stream.wav");
  EXPECT_EQ(stream.status, 200);
  EXPECT_EQ(stream.body.substr(0, 4), "RIFF");
  const Json list = server().get(jam.at("segments_url")).at("segments");
  ASSERT_EQ(list.size(), 3U);
  int64_t samples = 0;
  for (const Json& segment : list) samples += segment.at("samples").get<int64_t>();
  EXPECT_NEAR(double(stream.body.size()), 2.0 * double(samples), 200);
  for (const char* ending : {"mp3", "opus"}) {
    const Answer other =
        server().ask("GET", jam.at("url").get<std::string>() + "/stream." + ending);
    write_text_file(*folder_ / (std::string("x.") + ending), other.body);
    const audio::Waveform heard = audio::read_audio(*folder_ / (std::string("x.") + ending));
    EXPECT_NEAR(heard.duration_s(), double(samples) / 22050, 0.1) << ending;
  }
  EXPECT_EQ(server().ask("GET", jam.at("url").get<std::string>() + "/stream.exe").status, 404);
}

TEST_F(JamApi, TheRadioEndsWithItsListener) {
  size_t bytes = 0;
  EXPECT_GT(server().listen_to("/api/v1/stream.mp3?prompt=bells&bpm=240", 3000, bytes), 0);
  EXPECT_GE(bytes, 3000U);
  wait_until([&] { return server().get("/api/v1/jams").at("jams").empty(); }, "the jam's end");
  EXPECT_EQ(server().ask("GET", "/api/v1/stream.mp3").status, 400);
}

TEST_F(JamApi, ThereAreOnlySoMany) {
  const Json one = start(Json::object());
  const Json two = start(Json::object());
  const Answer third = server().ask("POST", "/api/v1/jams", R"({"prompt": "x"})");
  EXPECT_EQ(third.status, 429);
  EXPECT_EQ(third.headers.count("retry-after"), 1U);
  EXPECT_EQ(server().get("/api/v1/jams").at("jams").size(), 2U);
  end(one);
  end(two);
  EXPECT_EQ(server().ask("POST", "/api/v1/jams", "{}").status, 400);
  EXPECT_EQ(server().ask("GET", "/api/v1/jams/jam_nothere").status, 404);
}

}  // namespace
}  // namespace riffle::test
