// SPDX-License-Identifier: GPL-3.0-or-later
// Jobs, their events and results.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "api/api.h"
#include "audio/read_audio.h"
#include "core/files.h"
#include "image/picture_file.h"

namespace riffle::test {
namespace {

using ::testing::HasSubstr;

class Jobs : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder();
    server_ = new ApiServer(folder_->path(), {"--queue", "3"});
  }
  static void TearDownTestSuite() {
    delete server_;
    delete folder_;
  }
  // What a test that failed left behind does not fail the next one.
  void TearDown() override { server().clear(); }
  static ApiServer& server() { return *server_; }
  static audio::Waveform sound_at(const std::string& url) {
    const Answer answer = server().ask("GET", url);
    EXPECT_EQ(answer.status, 200);
    const auto path = *folder_ / "got.wav";
    write_text_file(path, answer.body);
    return audio::read_audio(path);
  }
  // Of /metrics.
  static double figure(const std::string& name) {
    const std::string text = server().ask("GET", "/metrics").body;
    const size_t at = text.find("\n" + name + " ");
    EXPECT_NE(at, std::string::npos) << name;
    return std::stod(text.substr(at + name.size() + 2));
  }
  static TemporaryFolder* folder_;
  static ApiServer* server_;
};
TemporaryFolder* Jobs::folder_ = nullptr;
ApiServer* Jobs::server_ = nullptr;

bool is(const SseEvent& event, const char* name) { return event.name == name; }

TEST_F(Jobs, SaysWhatItCanDo) {
  const Json can = server().get("/api/v1/capabilities");
  EXPECT_EQ(can.at("model").at("mel_rows"), 64);
  EXPECT_EQ(can.at("limits").at("queue"), 3);
  EXPECT_FALSE(can.at("auth_required"));
  bool found = false;
  for (const Json& pipeline : can.at("pipelines")) {
    if (pipeline.at("kind") == "riff") {
      EXPECT_EQ(pipeline.at("available"), true);
    }
    if (pipeline.at("name") != "cover") continue;
    for (const Json& field : pipeline.at("fields")) {
      found = found || (field.at("name") == "file" && field.at("is_file") == true);
    }
  }
  EXPECT_TRUE(found);
  std::set<std::string> jam_fields;
  for (const Json& field : can.at("jam_fields")) jam_fields.insert(field.at("name"));
  // All of JamSubmit but its list of prompts and the number of segments, which forms have no row
  // for.
  std::set<std::string> submit;
  const Json& schemas = open_api().document().at("components").at("schemas");
  for (const auto& [name, schema] : schemas.at("JamSubmit").at("properties").items()) {
    if (name != "queue" && name != "segments") submit.insert(name);
  }
  EXPECT_EQ(jam_fields, submit);
  for (const Json& seed : can.at("seed_images")) EXPECT_GT(seed.at("beats"), 0);
  EXPECT_EQ(server().get("/healthz").at("status"), "ok");
  EXPECT_EQ(server().ask("GET", "/api/v1/openapi.json").json(), open_api().document());
}

TEST_F(Jobs, AJobBecomesAClipWithAllItsParts) {
  const Answer submitted =
      server().ask("POST", "/api/v1/jobs",
                   R"({"pipeline": "generate", "title": "Mine", "tags": ["a", "b"],
                       "request": {"prompt": "piano", "seconds": 0.5, "steps": 2, "seed": 5}})");
  ASSERT_EQ(submitted.status, 202) << submitted.body;
  EXPECT_EQ(submitted.headers.at("location"), submitted.json().at("url"));
  const Json job = server().finished(submitted.json().at("id"));
  ASSERT_EQ(job.at("state"), "done") << job.dump();
  EXPECT_EQ(job.at("progress").at("fraction"), 1);
  const Json& clip = job.at("clips").at(0);
  EXPECT_EQ(clip.at("title"), "Mine");
  EXPECT_EQ(clip.at("seed"), 5);
  EXPECT_EQ(clip.at("tags"), Json({"a", "b"}));
  EXPECT_EQ(clip.at("job"), job.at("id"));
  const audio::Waveform sound = sound_at(clip.at("audio_url"));
  EXPECT_EQ(sound.frames(), clip.at("frames"));
  EXPECT_EQ(sound.frames(), 11025);
  const Answer picture = server().ask("GET", clip.at("picture_url"));
  EXPECT_EQ(picture.headers.at("content-type"), "image/png");
  EXPECT_THAT(picture.body, HasSubstr("PNG"));
  EXPECT_EQ(server().ask("GET", clip.at("latents_url")).status, 200);
  // What the clip says of itself makes it again.
  const Json again =
      server().finished(server()
                            .call("POST", "/api/v1/jobs",
                                  {{"pipeline", "generate"}, {"request", clip.at("request")}}, 202)
                            .at("id"));
  EXPECT_EQ(sound_at(again.at("clips").at(0).at("audio_url")).samples, sound.samples);
}

TEST_F(Jobs, EventsTellTheWholeStoryInOrder) {
  const Json job = server().submit({{"count", 2}, {"steps", 6}}, {{"preview_interval", 2}});
  const auto events =
      server().follow(job.at("events_url"), [](const SseEvent& event) { return is(event, "end"); });
  ASSERT_GE(events.size(), 4U);
  EXPECT_TRUE(is(events.front(), "state"));
  EXPECT_TRUE(is(events.back(), "end"));
  EXPECT_EQ(events.back().data.at("job").at("clips").size(), 2U);
  double fraction = 0;
  int clips = 0;
  int previews = 0;
  for (const SseEvent& event : events) {
    if (is(event, "progress")) {
      EXPECT_GE(event.data.at("progress").at("fraction"), fraction);
      fraction = event.data.at("progress").at("fraction");
    }
    clips += is(event, "clip") ? 1 : 0;
    previews += is(event, "preview") ? 1 : 0;
  }
  EXPECT_EQ(clips, 2);
  EXPECT_EQ(previews, 4);
  EXPECT_EQ(server()
                .ask("GET", "/api/v1/jobs/" + job.at("id").get<std::string>() + "/preview.png")
                .headers.at("content-type"),
            "image/png");
}

TEST_F(Jobs, EventsAreReplayedFromWhereOneLeftOff) {
  const Json job = server().submit({{"steps", 6}}, {{"preview_interval", 0}});
  const std::string url = job.at("events_url");
  server().finished(job.at("id"));
  // Over: the whole, and nothing after it.
  const auto all = server().follow(url, [](const SseEvent&) { return false; });
  ASSERT_EQ(all.size(), 2U);
  EXPECT_TRUE(is(all[0], "state"));
  EXPECT_TRUE(is(all[1], "end"));
  // From one before the end: just the end.
  const std::string last = all[1].id;
  const size_t dash = last.rfind('-');
  const int number = std::stoi(last.substr(dash + 1));
  const std::string before = last.substr(0, dash + 1) + std::to_string(number - 1);
  const auto rest = server().follow(
      url, [](const SseEvent&) { return false; }, before);
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_TRUE(is(rest[0], "end"));
  EXPECT_EQ(server().ask("GET", url, "", {.headers = {{"Last-Event-ID", last}}}).status, 204);
}

TEST_F(Jobs, OneStreamTellsOfEveryJob) {
  const Json running = server().occupy();
  const Json waiting = server().submit();
  std::set<std::string> told;
  std::set<std::string> ended;
  bool cancelled = false;
  server().follow("/api/v1/events", [&](const SseEvent& event) {
    if (is(event, "state")) told.insert(event.data.at("job").at("id").get<std::string>());
    if (is(event, "end")) ended.insert(event.data.at("job").at("id").get<std::string>());
    if (told.size() == 2 && !cancelled) {
      cancelled = true;
      server().call("DELETE", running.at("url"), nullptr, 200);
    }
    return ended.size() >= 2;
  });
  EXPECT_THAT(ended, ::testing::UnorderedElementsAre(running.at("id").get<std::string>(),
                                                     waiting.at("id").get<std::string>()));
}

TEST_F(Jobs, CancelStopsARunningJobAndAWaitingOne) {
  const Json running = server().occupy();
  const std::string id = running.at("id");
  const Json waiting = server().submit();
  EXPECT_EQ(waiting.at("position"), 1);
  EXPECT_EQ(server().get("/api/v1/jobs").at("running"), 1);
  server().call("DELETE", waiting.at("url"), nullptr, 200);
  EXPECT_EQ(server().get(waiting.at("url")).at("state"), "cancelled");
  server().call("DELETE", running.at("url"), nullptr, 200);
  const Json ended = server().finished(id);
  EXPECT_EQ(ended.at("state"), "cancelled");
  EXPECT_LT(ended.at("progress").at("fraction"), 0.9);
  EXPECT_TRUE(ended.at("clips").empty());
  // Once more changes nothing.
  EXPECT_EQ(server().call("DELETE", running.at("url"), nullptr, 200).at("state"), "cancelled");
}

TEST_F(Jobs, AFullQueueSaysWhenToComeBack) {
  std::vector<Json> jobs = {server().occupy()};
  for (int i = 0; i < 3; ++i) jobs.push_back(server().submit());
  const Answer answer = server().ask("POST", "/api/v1/jobs",
                                     R"({"pipeline": "generate", "request": {"prompt": "x"}})");
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.json().at("code"), "queue_full");
  EXPECT_EQ(answer.headers.at("retry-after"), "5");
  for (const Json& job : jobs) server().call("DELETE", job.at("url"), nullptr, 200);
  for (const Json& job : jobs) server().finished(job.at("id"));
}

TEST_F(Jobs, JobsThatFitAreMadeInOneForward) {
  const audio::Waveform alone = sound_at(server().make({{"seed", 11}}).at("audio_url"));
  const Json blocker = server().occupy();
  const Json first = server().submit({{"seed", 11}});
  const Json second = server().submit({{"seed", 12}, {"prompt", "bells"}});
  const double forwards = figure("riffle_model_forwards");
  const double items = figure("riffle_model_items");
  server().call("DELETE", blocker.at("url"), nullptr, 200);
  const Json one = server().finished(first.at("id"));
  const Json two = server().finished(second.at("id"));
  ASSERT_EQ(one.at("state"), "done");
  ASSERT_EQ(two.at("state"), "done");
  // Both conditioned and not: 2 steps of 4 items, where the blocker's last steps had 2.
  const double more_items = figure("riffle_model_items") - items;
  const double more_forwards = figure("riffle_model_forwards") - forwards;
  EXPECT_GE(more_forwards, 2);
  EXPECT_EQ(more_items - 2 * more_forwards, 4);
  const audio::Waveform together = sound_at(one.at("clips").at(0).at("audio_url"));
  ASSERT_EQ(together.frames(), alone.frames());
  double error = 0;
  double power = 0;
  for (size_t i = 0; i < together.samples[0].size(); ++i) {
    error += std::pow(together.samples[0][i] - alone.samples[0][i], 2);
    power += std::pow(alone.samples[0][i], 2);
  }
  // Sums of a batch come in another order, and phase retrieval amplifies that.
  EXPECT_LT(error, 1e-2 * power);
}

TEST_F(Jobs, AStreamedMorphGivesSegmentsAndTheWhole) {
  const Json job = server().call("POST", "/api/v1/jobs",
                                 {{"pipeline", "morph"},
                                  {"stream", true},
                                  {"request",
                                   {{"prompt", "bells"},
                                    {"to", "piano"},
                                    {"clips", 3},
                                    {"seconds", 0.5},
                                    {"steps", 2},
                                    {"decode_iterations", 2}}}},
                                 202);
  EXPECT_EQ(job.at("stream"), true);
  std::vector<Json> segments;
  const auto events = server().follow(job.at("events_url"), [&](const SseEvent& event) {
    if (is(event, "segment")) segments.push_back(event.data.at("segment"));
    return is(event, "end");
  });
  const Json done = events.back().data.at("job");
  ASSERT_EQ(done.at("state"), "done") << done.dump();
  EXPECT_GT(done.at("real_time_factor"), 0);
  const Json listed = done.at("segments");
  ASSERT_EQ(listed.size(), 3U);
  int64_t at = 0;
  std::vector<float> joined;
  for (const Json& segment : listed) {
    EXPECT_EQ(segment.at("start_sample"), at);
    at += segment.at("samples").get<int64_t>();
    const audio::Waveform part = sound_at(segment.at("url"));
    EXPECT_EQ(part.frames(), segment.at("samples"));
    joined.insert(joined.end(), part.samples[0].begin(), part.samples[0].end());
    EXPECT_EQ(server().ask("GET", segment.at("picture_url")).status, 200);
  }
  EXPECT_EQ(at, 3 * 11025);
  EXPECT_EQ(listed[1].at("request").at("alpha"), 0.5);
  EXPECT_EQ(sound_at(done.at("clips").at(0).at("audio_url")).samples[0], joined);
  const Answer stream = server().ask("GET", job.at("url").get<std::string>() + "/stream.wav");
  EXPECT_EQ(stream.status, 200);
  EXPECT_EQ(stream.body.substr(0, 4), "RIFF");
  EXPECT_NEAR(static_cast<double>(stream.body.size()), 2.0 * 3 * 11025, 200);
}

TEST_F(Jobs, FaultsAreProblemsWithHints) {
  const auto fault = [&](const char* body, int status, const char* part) {
    const Answer answer = server().ask("POST", "/api/v1/jobs", body);
    EXPECT_EQ(answer.status, status) << body << answer.body;
    EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json");
    EXPECT_THAT(answer.body, HasSubstr(part)) << body;
  };
  fault("", 400, "the body");
  fault("[1]", 400, "expected a JSON object");
  fault("{\"pipeline\": \"generate\"", 400, "the body");
  fault("{}", 400, "pipeline");
  fault(R"({"pipeline": "dance", "request": {}})", 404, "generate");
  fault(R"({"pipeline": "generate", "request": {}})", 400, "prompt is missing");
  fault(R"({"pipeline": "generate", "request": {"prompt": "x", "stepz": 3}})", 400, "stepz");
  fault(R"({"pipeline": "generate", "request": {"prompt": "x", "steps": 1e99}})", 400, "steps");
  fault(R"({"pipeline": "generate", "request": {"prompt": "x", "seconds": 5000}})", 400, "seconds");
  fault(R"({"pipeline": "generate", "request": {"prompt": "x", "count": 1000, "seconds": 10}})",
        400, "music");
  fault(R"({"pipeline": "generate", "request": {"prompt": "x", "model": "other"}})", 409, "model");
  fault(R"({"pipeline": "generate", "request": {"prompt": "x"}, "colour": 1})", 400, "colour");
  fault(R"({"pipeline": "cover", "request": {"prompt": "x", "file": "/etc/passwd"}})", 400,
        "upload");
  fault(R"({"pipeline": "cover", "request": {"prompt": "x", "file": "../../x"}})", 400, "upload");
  fault(R"({"pipeline": "cover", "request": {"prompt": "x", "file": "up_nothere"}})", 404, "up_");
  fault(R"({"pipeline": "cover", "stream": true,
            "request": {"prompt": "x", "file": "seed:og_beat"}})",
        400, "streamed");
  EXPECT_EQ(server().ask("GET", "/api/v1/jobs/job_nothere").status, 404);
  EXPECT_EQ(server().ask("GET", "/api/v1/jobs/..%2f..%2fetc").status, 404);
  EXPECT_EQ(server().ask("GET", "/api/v1/jobs?state=happy").status, 400);
}

TEST_F(Jobs, AJobThatFailsSaysWhy) {
  // Only found out when the picture is read.
  const Json upload = server()
                          .ask("POST", "/api/v1/uploads?name=x.png",
                               std::string_view("\x89PNG\r\n\x1a\nnope", 12).data())
                          .json();
  EXPECT_EQ(upload.at("status"), 422);
  const Json job = server().finished(
      server()
          .call("POST", "/api/v1/jobs",
                {{"pipeline", "inpaint"},
                 {"request",
                  {{"prompt", "x"}, {"file", "seed:og_beat"}, {"from", "500s"}, {"to", "501s"}}}},
                202)
          .at("id"));
  EXPECT_EQ(job.at("state"), "failed");
  EXPECT_EQ(job.at("error").at("code"), "invalid_argument");
}

TEST_F(Jobs, EveryPipelineTakesWhatWasMadeBefore) {
  const Json clip = server().make({{"seconds", 1}});
  const std::string id = clip.at("id");
  const auto run = [&](const std::string& pipeline, Json request) {
    if (pipeline != "vary") request.update({{"steps", 2}, {"decode_iterations", 2}});
    const Json job = server().finished(
        server()
            .call("POST", "/api/v1/jobs", {{"pipeline", pipeline}, {"request", request}}, 202)
            .at("id"));
    EXPECT_EQ(job.at("state"), "done") << pipeline << job.at("error").dump();
    EXPECT_EQ(job.at("clips").at(0).at("parents"), Json({id})) << pipeline;
    const Json made = job.at("clips").at(0);
    EXPECT_EQ(made.at("request").dump().find("/tmp"), std::string::npos) << pipeline;
    return made;
  };
  // Its latents were kept: nothing of it has to be encoded.
  const double encodes = figure("riffle_model_encodes");
  const Json cover = run("cover", {{"file", id}, {"prompt", "organ"}});
  EXPECT_EQ(cover.at("frames"), clip.at("frames"));
  EXPECT_EQ(cover.at("request").at("file"), id);
  run("inpaint", {{"file", id}, {"prompt", "x"}, {"from", "0.2s"}, {"to", "0.6s"}});
  run("extend", {{"file", id}, {"seconds", 0.5}});
  run("vary", {{"file", id}, {"amount", 0.2}});
  EXPECT_EQ(figure("riffle_model_encodes"), encodes);
  EXPECT_EQ(cover.at("request").at("latents"), "");
  run("morph", {{"init", id}, {"prompt", "x"}, {"clips", 2}});
  const Json lineage = server().get("/api/v1/clips/" + id + "/lineage");
  EXPECT_EQ(lineage.at("descendants").size(), 5U);
  const std::string child = cover.at("id");
  EXPECT_EQ(server().get("/api/v1/clips/" + child + "/lineage").at("ancestors").at(0).at("id"), id);
}

}  // namespace
}  // namespace riffle::test
