// SPDX-License-Identifier: GPL-3.0-or-later
// A server that stops, politely or not: nothing that was finished is lost, what was not begins
// again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "api/api.h"
#include "audio/read_audio.h"
#include "core/files.h"

namespace riffle::test {
namespace {

using ::testing::HasSubstr;

TEST(Restart, QueuedJobsRunAndTheRunningOneBeginsAgain) {
  const TemporaryFolder folder;
  std::string running;
  std::string queued;
  {
    ApiServer server(folder.path());
    running = server.occupy().at("id");
    queued = server.submit({{"seed", -1}}).at("id");
    const Finished done = server.stop();
    EXPECT_EQ(done.status, 0) << done.err;
  }
  const ApiServer server(folder.path());
  const Json again = server.get("/api/v1/jobs/" + running);
  EXPECT_EQ(again.at("restarts"), 1);
  // Events of the process before are not known here: the whole comes first.
  const auto events = server.follow(
      "/api/v1/jobs/" + running + "/events", [](const SseEvent& e) { return e.name == "progress"; },
      "1-4");
  EXPECT_EQ(events.front().name, "state");
  server.call("DELETE", "/api/v1/jobs/" + running, nullptr, 200);
  const Json job = server.finished(queued);
  EXPECT_EQ(job.at("state"), "done");
  // The seed that was drawn when it was submitted is the one it was made with.
  EXPECT_EQ(job.at("clips").at(0).at("seed"), job.at("request").at("seed"));
  const Json cancelled = server.finished(running);
  EXPECT_EQ(cancelled.at("state"), "cancelled");
}

TEST(Restart, APoliteStopFinishesAnswersAndEndsStreams) {
  const TemporaryFolder folder;
  ApiServer server(folder.path());
  const Json jam =
      server.call("POST", "/api/v1/jams", {{"prompt", "x"}, {"steps", 2}, {"bpm", 240}}, 201);
  std::thread follower([&] {
    const auto events = server.follow(jam.at("events_url"), [](const SseEvent&) { return false; });
    EXPECT_FALSE(events.empty());
  });
  server.occupy();
  const Finished done = server.stop();
  follower.join();
  EXPECT_EQ(done.status, 0) << done.err;
}

// Killed at thirty moments while clips are made - during denoising, while files are written,
// between clips: every clip that was told of is there, whole, and every job is finished in the end
// without one clip too many.
TEST(Restart, AKillAtAnyMomentLosesNoFinishedClip) {
  const TemporaryFolder folder;
  constexpr int kKills = 30;
  constexpr int kClips = 2;
  std::vector<std::string> jobs;
  std::set<std::string> told;
  for (int round = 0; round < kKills; ++round) {
    ApiServer server(folder.path());
    const Json job = server.submit({{"count", kClips}, {"seed", 100 * round}, {"seconds", 0.2}});
    jobs.push_back(job.at("id"));
    int seen = 0;
    server.follow(job.at("events_url"), [&](const SseEvent& event) {
      if (event.name == "clip") told.insert(event.data.at("clip").at("id").get<std::string>());
      return ++seen > round % 10;
    });
    server.kill();
  }
  const ApiServer server(folder.path());
  std::set<int64_t> seeds;
  for (const std::string& id : jobs) {
    const Json job = server.finished(id);
    EXPECT_EQ(job.at("state"), "done") << job.at("error").dump();
    EXPECT_EQ(job.at("clips").size(), size_t{kClips});
    for (const Json& clip : job.at("clips")) {
      seeds.insert(clip.at("seed").get<int64_t>());
      told.insert(clip.at("id").get<std::string>());
    }
  }
  EXPECT_EQ(seeds.size(), size_t{kKills * kClips});
  EXPECT_EQ(told.size(), size_t{kKills * kClips});
  for (const std::string& id : told) {
    const Answer sound = server.ask("GET", "/api/v1/clips/" + id + "/audio.wav");
    ASSERT_EQ(sound.status, 200) << id;
    write_text_file(folder / "x.wav", sound.body);
    EXPECT_EQ(audio::read_audio(folder / "x.wav").frames(), 4410);
  }
  // Nothing lies about that belongs to no clip.
  EXPECT_EQ(names_in(folder / "library/clips").size(), size_t{kKills * kClips});
}

}  // namespace
}  // namespace riffle::test
