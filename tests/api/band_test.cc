// SPDX-License-Identifier: GPL-3.0-or-later
// Band pipelines over the API, with the band model that ships.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "api/api.h"
#include "audio/read_audio.h"
#include "core/files.h"
#include "image/picture_file.h"

namespace riffle::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string kBandModel = RIFFLE_SHIPPED_MODELS "/riffle-band";

class BandApi : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder();
    server_ = new ApiServer(folder_->path(), {"--band-model", kBandModel});
    write_sound(*folder_ / "song.wav", make_sound(1.2, 2));
    const Answer answer = server_->ask("POST", "/api/v1/uploads?name=My%20Song.wav",
                                       read_text_file(*folder_ / "song.wav", 64 << 20));
    EXPECT_EQ(answer.status, 201) << answer.body;
    song_ = new std::string(answer.json().at("id"));
  }
  static void TearDownTestSuite() {
    delete song_;
    delete server_;
    delete folder_;
  }
  void TearDown() override { server().clear(); }
  static ApiServer& server() { return *server_; }
  static const std::string& song() { return *song_; }

  // As little work as there can be.
  static Json quick(const std::string& pipeline, const Json& request) {
    Json all = {{pipeline == "interpolate" ? "sampler_steps" : "steps", 2},
                {"decode_iterations", 1},
                {"seed", 7}};
    all.update(request);
    return {{"pipeline", pipeline}, {"request", all}};
  }
  static Json submit(const Json& body) { return server().call("POST", "/api/v1/jobs", body, 202); }
  static Json done(const Json& body) {
    const Json job = server().finished(submit(body).at("id"));
    EXPECT_EQ(job.at("state"), "done") << body.dump() << job.at("error").dump();
    EXPECT_EQ(job.at("progress").at("fraction"), 1);
    // Paths of this machine are nobody's business.
    EXPECT_EQ(job.dump().find(folder_->path().string()), std::string::npos) << job.dump();
    return job;
  }
  static Json made(const std::string& pipeline, const Json& request) {
    const Json clips = done(quick(pipeline, request)).at("clips");
    EXPECT_EQ(clips.size(), 1U) << pipeline;
    EXPECT_EQ(clips.at(0).at("part"), Json({{"role", "stem"}, {"name", ""}, {"of", nullptr}}));
    return clips.at(0);
  }
  static audio::Waveform sound_of(const Json& clip) {
    const Answer answer = server().ask("GET", clip.at("audio_url"));
    EXPECT_EQ(answer.status, 200);
    write_text_file(*folder_ / "got.wav", answer.body);
    return audio::read_audio(*folder_ / "got.wav");
  }
  static std::string name_of(const Json& clip) { return clip.at("part").at("name"); }

  static inline TemporaryFolder* folder_ = nullptr;
  static inline ApiServer* server_ = nullptr;
  static inline std::string* song_ = nullptr;
};

TEST_F(BandApi, BothModelsAreTold) {
  const Json can = server().get("/api/v1/capabilities");
  EXPECT_EQ(can.at("band_model").at("name"), "riffle-band");
  EXPECT_EQ(can.at("band_model").at("reads_style"), true);
  std::set<std::string> names;
  std::set<std::string> kinds;
  for (const Json& pipeline : can.at("pipelines")) {
    if (pipeline.at("kind") == "band") names.insert(pipeline.at("name"));
    EXPECT_EQ(pipeline.at("available"), true);
    for (const Json& field : pipeline.at("fields")) kinds.insert(field.at("kind"));
  }
  EXPECT_THAT(names, ::testing::UnorderedElementsAre("accompany", "solo", "compose", "inpaint-stem",
                                                     "extend-stem", "vary-stem", "interpolate"));
  EXPECT_TRUE(kinds.contains("plan") && kinds.contains("files"));
  const Json models = server().get("/api/v1/models");
  EXPECT_THAT(models.at("current").get<std::string>(), HasSubstr("tiny"));
  EXPECT_EQ(models.at("current_band"), "riffle-band");  // as it is listed
  for (const Json& model : models.at("models")) {
    if (model.at("current") == false) continue;
    EXPECT_EQ(model.at("kind"), model.at("name") == "riffle-band" ? "band" : "riff");
  }
}

TEST_F(BandApi, AStemIsPlayedToAnUploadAndMixedWithIt) {
  // Soft enough that no peak of the mix has to be held.
  const Json request = {{"context", song()}, {"prompt", "slap bass"}, {"mix", true},
                        {"count", 2},        {"gain_db", -12},        {"stereo", 0}};
  const Json clips = done(quick("accompany", request)).at("clips");
  ASSERT_EQ(clips.size(), 4U);
  const Json& stem = clips.at(2);
  const Json& mix = clips.at(3);
  EXPECT_EQ(stem.at("title"), "slap bass");
  EXPECT_EQ(stem.at("seed"), 8);
  EXPECT_EQ(stem.at("part"), Json({{"role", "stem"}, {"name", ""}, {"of", nullptr}}));
  EXPECT_EQ(mix.at("title"), "slap bass: mix");
  EXPECT_EQ(mix.at("part"), Json({{"role", "mix"}, {"name", "mix"}, {"of", stem.at("id")}}));
  EXPECT_TRUE(stem.at("latents_url").is_string());
  EXPECT_TRUE(mix.at("latents_url").is_null());
  const audio::Waveform context = audio::read_audio(*folder_ / "song.wav");
  const audio::Waveform alone = sound_of(stem);
  const audio::Waveform both = sound_of(mix);
  ASSERT_EQ(both.frames(), context.frames());
  EXPECT_EQ(both.sample_rate, context.sample_rate);
  for (size_t i = 0; i < alone.samples[0].size(); i += 97) {
    EXPECT_NEAR(both.samples[0][i], context.samples[0][i] + alone.samples[0][i], 1e-5);
  }
  for (const Json& clip : clips) {
    EXPECT_EQ(clip.at("parents"), Json({song()}));
    const Answer picture = server().ask("GET", clip.at("picture_url"));
    EXPECT_EQ(picture.headers.at("content-type"), "image/png");
    const Answer range =
        server().ask("GET", clip.at("audio_url"), "", {.headers = {{"Range", "bytes=100-199"}}});
    EXPECT_EQ(range.status, 206);
    EXPECT_EQ(range.body.size(), 100U);
  }
  // What a clip says of itself makes it again, with what belongs to it.
  EXPECT_EQ(stem.at("request"), mix.at("request"));
  const Json again = done({{"pipeline", "accompany"}, {"request", mix.at("request")}}).at("clips");
  ASSERT_EQ(again.size(), 2U);
  EXPECT_EQ(sound_of(again.at(0)).samples, alone.samples);
  EXPECT_EQ(sound_of(again.at(1)).samples, both.samples);
}

TEST_F(BandApi, EveryPipelineTakesAClip) {
  const Json solo = made("solo", {{"prompt", "warm pad"}, {"seconds", 1}, {"stereo", 0}});
  EXPECT_EQ(solo.at("frames"), 44100);
  EXPECT_EQ(solo.at("parents"), Json::array());
  const std::string id = solo.at("id");
  const Json accompanied = made("accompany", {{"context", id}, {"like", song()}});
  EXPECT_EQ(accompanied.at("parents"), Json({id, song()}));
  EXPECT_EQ(accompanied.at("frames"), 44100);
  const Json context = {{"file", id}, {"context", song()}};
  const auto edited = [&](const std::string& pipeline, const Json& more) {
    Json request = context;
    request.update(more);
    const Json clip = made(pipeline, request);
    EXPECT_EQ(clip.at("parents").size(), 2U) << pipeline;
    EXPECT_EQ(clip.at("request").at("file"), id) << pipeline;
    EXPECT_EQ(clip.at("request").at("context"), song()) << pipeline;
    return clip;
  };
  const audio::Waveform before = sound_of(solo);
  const Json inpainted = edited("inpaint-stem", {{"from", "0.4s"}, {"to", "0.7s"}});
  const audio::Waveform after = sound_of(inpainted);
  ASSERT_EQ(after.frames(), before.frames());
  EXPECT_EQ(after.samples[0][4410], before.samples[0][4410]);
  EXPECT_NE(std::vector(after.samples[0].begin() + 20000, after.samples[0].begin() + 24000),
            std::vector(before.samples[0].begin() + 20000, before.samples[0].begin() + 24000));
  EXPECT_EQ(edited("extend-stem", {{"seconds", 0.5}}).at("frames"), 44100 + 22050);
  EXPECT_EQ(edited("vary-stem", {{"amount", 0.3}, {"loop", 2}}).at("loop"), true);
  const Json way =
      done(quick("interpolate", {{"from", id}, {"to", song()}, {"steps", 3}, {"seconds", 0.5}}));
  ASSERT_EQ(way.at("clips").size(), 3U);
  EXPECT_EQ(way.at("progress").at("clips"), 3);
  EXPECT_EQ(way.at("clips").at(1).at("request").at("to"), song());
  EXPECT_NE(sound_of(way.at("clips").at(0)).samples, sound_of(way.at("clips").at(2)).samples);
  // A seed image is a sound to it.
  EXPECT_EQ(made("accompany", {{"context", "seed:og_beat"}}).at("parents"), Json::array());
  const Json lineage = server().get("/api/v1/clips/" + id + "/lineage");
  EXPECT_EQ(lineage.at("descendants").size(), 7U);
}

TEST_F(BandApi, AMixIsComposedOfAPlan) {
  const Json plan = {{"tracks",
                      {{{"name", "Drums"}, {"prompt", "drum kit"}, {"gain_db", -3}},
                       {{"like", song()}, {"seed", 12}},
                       {{"prompt", "warm pad"}}}}};
  const Json request = {{"plan", plan}, {"bars", 1}, {"bpm", 240}, {"stereo", 0}};
  const Json job = submit(quick("compose", request));
  EXPECT_EQ(job.at("request").at("plan").at("tracks").at(0).at("name"), "drums");
  EXPECT_EQ(job.at("request").at("plan").at("tracks").at(1).at("name"), "my-song");
  double fraction = 0;
  std::set<std::string> told;
  std::set<int64_t> steps;
  server().follow(job.at("events_url"), [&](const SseEvent& event) {
    if (event.name == "progress") {
      const Json& progress = event.data.at("progress");
      EXPECT_GE(progress.at("fraction"), fraction);
      fraction = progress.at("fraction");
      if (progress.at("stage") == "compose") steps.insert(progress.at("step").get<int64_t>());
    }
    if (event.name == "clip") told.insert(event.data.at("clip").at("id").get<std::string>());
    return event.name == "end";
  });
  const Json clips = server().finished(job.at("id")).at("clips");
  ASSERT_EQ(clips.size(), 4U);
  EXPECT_EQ(told.size(), 4U);
  EXPECT_FALSE(steps.empty());
  const Json& mix = clips.at(0);
  EXPECT_EQ(mix.at("part"), Json({{"role", "mix"}, {"name", ""}, {"of", nullptr}}));
  EXPECT_EQ(mix.at("title"), "drums, my-song, warm-pad");
  EXPECT_EQ(mix.at("frames"), 44100);
  EXPECT_EQ(mix.at("bpm"), 240);
  EXPECT_EQ(mix.at("beats"), 4);
  audio::Waveform sum = sound_of(clips.at(1));
  for (size_t i = 1; i < clips.size(); ++i) {
    const Json& stem = clips.at(i);
    EXPECT_EQ(stem.at("part").at("role"), "stem");
    EXPECT_EQ(stem.at("part").at("of"), mix.at("id"));
    EXPECT_EQ(stem.at("parents"), Json({song()}));
    EXPECT_TRUE(stem.at("picture_url").is_string());
    if (i == 1) continue;
    const audio::Waveform sound = sound_of(stem);
    for (size_t k = 0; k < sum.samples[0].size(); ++k) sum.samples[0][k] += sound.samples[0][k];
  }
  EXPECT_EQ(name_of(clips.at(2)), "my-song");
  const audio::Waveform whole = sound_of(mix);
  for (size_t k = 0; k < whole.samples[0].size(); k += 53) {
    EXPECT_NEAR(whole.samples[0][k], sum.samples[0][k], 1e-5);
  }

  // Another last track: those before it are the same.
  Json changed = mix.at("request");
  EXPECT_EQ(changed.at("plan").at("tracks").at(1).at("like"), song());
  EXPECT_EQ(changed.at("plan").at("tracks").at(1).at("seed"), 12);
  changed["plan"]["tracks"][2]["prompt"] = "bells";
  const Json other = done({{"pipeline", "compose"}, {"request", changed}}).at("clips");
  // Full scale may have been passed by one of them only: then a gain lies between them.
  const audio::Waveform one = sound_of(clips.at(1));
  const audio::Waveform two = sound_of(other.at(1));
  double dot = 0;
  double power = 0;
  double other_power = 0;
  for (size_t k = 0; k < one.samples[0].size(); ++k) {
    dot += double{one.samples[0][k]} * two.samples[0][k];
    power += double{one.samples[0][k]} * one.samples[0][k];
    other_power += double{two.samples[0][k]} * two.samples[0][k];
  }
  EXPECT_GT(dot, 0.999999 * std::sqrt(power * other_power));
}

TEST_F(BandApi, AMixIsComposedOfRecordings) {
  const Json job =
      done(quick("compose", {{"refs", Json::array({song()})}, {"context", song()}, {"stereo", 0}}));
  ASSERT_EQ(job.at("clips").size(), 2U);
  EXPECT_EQ(name_of(job.at("clips").at(1)), "my-song");
  EXPECT_EQ(job.at("clips").at(0).at("request").at("context"), song());
  EXPECT_FALSE(job.at("clips").at(0).at("request").contains("refs"));
}

TEST_F(BandApi, CancelStopsItWithinAStep) {
  const Json plan = {{"tracks", {{{"prompt", "drums"}}, {{"prompt", "bass"}}}}};
  const Json bodies[] = {
      quick("accompany", {{"context", song()}, {"steps", 1000}}),
      quick("compose", {{"plan", plan}, {"steps", 1000}, {"seconds", 1}}),
      quick("interpolate",
            {{"from", song()}, {"prompt", "bells"}, {"sampler_steps", 1000}, {"seconds", 1}})};
  for (const Json& body : bodies) {
    const Json job = submit(body);
    server().follow(job.at("events_url"), [](const SseEvent& event) {
      return event.name == "progress" && (event.data.at("progress").at("stage") == "diffuse" ||
                                          event.data.at("progress").at("stage") == "compose");
    });
    server().call("DELETE", job.at("url"), nullptr, 200);
    const Json ended = server().finished(job.at("id"));
    EXPECT_EQ(ended.at("state"), "cancelled") << body.dump();
    EXPECT_LT(ended.at("progress").at("fraction"), 0.5) << body.dump();
    EXPECT_TRUE(ended.at("clips").empty()) << body.dump();
  }
}

TEST_F(BandApi, FaultsAreProblemsWithHints) {
  write_text_file(*folder_ / "plan.json", R"({"tracks": [{"prompt": "x"}]})");
  const std::string plan = (*folder_ / "plan.json").string();
  image::write_picture(*folder_ / "p.png", image::Picture(8, 8));
  const Json upload =
      server()
          .ask("POST", "/api/v1/uploads?name=p.png", read_text_file(*folder_ / "p.png", 1 << 20))
          .json();
  const auto fault = [&](const Json& body, int status, const char* part) {
    const Answer answer = server().ask("POST", "/api/v1/jobs", body.dump());
    EXPECT_EQ(answer.status, status) << body << answer.body;
    EXPECT_EQ(answer.headers.at("content-type"), "application/problem+json");
    EXPECT_THAT(answer.body, HasSubstr(part)) << body;
  };
  fault(quick("accompany", Json::object()), 400, "context is missing");
  fault(quick("accompany", {{"context", "/etc/passwd"}}), 400, "upload");
  fault(quick("accompany", {{"context", "clip_nothere"}}), 404, "clip_nothere");
  fault(quick("accompany", {{"context", upload.at("id")}}), 422, "expected a sound");
  fault(quick("accompany", {{"context", song()}, {"guidance", 3}}), 400, "guidance");
  fault(quick("compose", {{"plan", plan}}), 400, "plan");
  fault(quick("compose", {{"refs", folder_->path().string()}}), 400, "list of ids");
  fault(quick("compose", Json::object()), 400, "nothing to compose");
  fault(quick("compose", {{"plan", {{"tracks", Json::array({{{"like", plan}}})}}}}), 400,
        "track 1: like");
  fault(quick("compose", {{"plan", {{"tracks", Json::array()}}}}), 400, "list of tracks");
  fault(quick("compose", {{"plan", {{"tracks", Json(30, {{"prompt", "x"}})}}}, {"seconds", 100}}),
        400, "3000 s of music");
  fault(quick("interpolate", {{"from", song()}, {"prompt", "x"}, {"steps", 100}, {"seconds", 60}}),
        400, "6000 s of music");
  fault(quick("solo", {{"prompt", "x"}, {"model", "tiny"}}), 409, "in use is riffle-band");
  Json streamed = quick("solo", {{"prompt", "x"}});
  streamed["stream"] = true;
  fault(streamed, 400, "streamed");
  fault(quick("interpolate", {{"from", song()}, {"steps", 2}}), 400, "nothing to come to");
  fault(quick("accompany", {{"context", song()}, {"chords", "Am"}}), 400, "chords need a tempo");
  // Found out when it is made.
  const Json late = {{"file", song()}, {"from", "100s"}, {"to", "101s"}};
  const Json job = server().finished(submit(quick("inpaint-stem", late)).at("id"));
  EXPECT_EQ(job.at("state"), "failed");
  EXPECT_EQ(job.at("error").at("code"), "invalid_argument");
}

TEST(BandStart, AModelOfTheWrongKindIsToldApart) {
  const TemporaryFolder folder;
  { const ApiServer makes_the_model(folder.path()); }
  const Finished done =
      riffle({"serve", "--port", "0", "--library", (folder / "lib").string(), "--model",
              (folder / "tiny").string(), "--band-model", (folder / "tiny").string()});
  EXPECT_EQ(done.status, 2) << done.out;
  EXPECT_THAT(done.err, HasSubstr("expected a band model"));
  const Finished other = riffle(
      {"serve", "--port", "0", "--library", (folder / "lib").string(), "--model", kBandModel});
  EXPECT_EQ(other.status, 2) << other.out;
  EXPECT_THAT(other.err, HasSubstr("expected a riff model"));
}

// Killed after its first clip, a job goes on with the second: none is lost, none made twice, and a
// stem and its mix come together.
TEST(BandRestart, AKilledJobGoesOnWhereItWas) {
  const TemporaryFolder folder;
  const std::vector<std::string> flags = {"--band-model", kBandModel};
  std::vector<std::string> jobs;
  std::vector<std::string> first;
  const Json small = {{"decode_iterations", 1}, {"seed", 20}, {"stereo", 0}};
  const auto kill_after_first = [&](const std::string& pipeline, Json request) {
    request.update(small);
    ApiServer server(folder.path(), flags);
    const Json job =
        server.call("POST", "/api/v1/jobs", {{"pipeline", pipeline}, {"request", request}}, 202);
    jobs.push_back(job.at("id"));
    server.follow(job.at("events_url"), [&](const SseEvent& event) {
      if (event.name != "clip") return false;
      first.push_back(event.data.at("clip").at("id"));
      return true;
    });
    server.kill();
  };
  // Enough work that the second clip is not there before the server is gone.
  kill_after_first("accompany",
                   {{"context", "seed:og_beat"}, {"count", 3}, {"mix", true}, {"steps", 12}});
  kill_after_first("interpolate", {{"from", "seed:agile"},
                                   {"prompt", "bells"},
                                   {"steps", 3},
                                   {"sampler_steps", 12},
                                   {"seconds", 5}});
  const ApiServer server(folder.path(), flags);
  const Json accompany = server.finished(jobs[0]);
  ASSERT_EQ(accompany.at("state"), "done") << accompany.at("error").dump();
  EXPECT_GE(accompany.at("restarts"), 1);
  ASSERT_EQ(accompany.at("clips").size(), 6U);
  for (size_t i = 0; i < 6; ++i) {
    const Json& clip = accompany.at("clips").at(i);
    EXPECT_EQ(clip.at("seed"), 20 + static_cast<int64_t>(i / 2));
    EXPECT_EQ(clip.at("part").at("role"), i % 2 == 0 ? "stem" : "mix");
    if (i % 2 == 1) {
      EXPECT_EQ(clip.at("part").at("of"), accompany.at("clips").at(i - 1).at("id"));
    }
  }
  EXPECT_EQ(accompany.at("clips").at(0).at("id"), first[0]);
  const Json way = server.finished(jobs[1]);
  ASSERT_EQ(way.at("state"), "done") << way.at("error").dump();
  ASSERT_EQ(way.at("clips").size(), 3U);
  EXPECT_EQ(way.at("clips").at(0).at("id"), first[1]);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_THAT(way.at("clips").at(i).at("notes").dump(),
                HasSubstr(std::to_string(50 * i) + " % of the way"));
  }
}

}  // namespace
}  // namespace riffle::test
