// SPDX-License-Identifier: GPL-3.0-or-later
// Two models in use, plans in requests, and clips that are made together.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "core/error.h"
#include "core/files.h"
#include "pipelines/small_model.h"
#include "pipelines/tiny_band.h"
#include "server/app.h"
#include "server/problem.h"
#include "server/request_files.h"
#include "support/test_files.h"

namespace riffle::server {
namespace {

using pipelines::ModelKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Models by the names "riff" and "band"; a name that is left out is the kind's default.
class TwoModels : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    band_ = std::make_unique<pipelines::test::TinyBand>();
    riff_ = std::make_unique<pipelines::test::SmallModel>();
  }
  static void TearDownTestSuite() {
    band_.reset();
    riff_.reset();
  }
  static std::unique_ptr<pipelines::Model> open(ModelKind kind, const std::string& name) {
    const bool band = name.empty() ? kind == ModelKind::Band : name == "band";
    return pipelines::open_model(band ? band_->path() : riff_->path());
  }
  static std::unique_ptr<pipelines::Model> open_riff(ModelKind kind, const std::string& name) {
    if (kind == ModelKind::Riff) return open(kind, name);
    throw Error(ErrorCode::NotFound, "there is no band model on this machine", "train one");
  }
  ServerOptions options(ModelOpener opener) const {
    ServerOptions options;
    options.library = folder_ / "library";
    options.open_model = std::move(opener);
    return options;
  }
  static Response ask(App& app, const std::string& method, const std::string& path,
                      const Json& body = nullptr) {
    Request request;
    request.method = method;
    request.path = path;
    request.headers.emplace("Host", "localhost");
    const std::string text = body.is_null() ? "" : body.dump();
    request.read_file = [&](const IncomingFile& file) { file.on_bytes(text); };
    return app.answer(request);
  }
  std::string clip_named(App& app, const std::string& title) const {
    pipelines::Clip clip;
    clip.sound = {.sample_rate = 16000, .samples = {std::vector<float>(16000, 0.1F)}};
    clip.request = {{"pipeline", "upload"}};
    return app.keeper.keep(clip, {.title = title}).id;
  }

  riffle::test::TemporaryFolder folder_;
  static inline std::unique_ptr<pipelines::test::TinyBand> band_;
  static inline std::unique_ptr<pipelines::test::SmallModel> riff_;
};

TEST_F(TwoModels, OneOfEachKindIsInUse) {
  Models models(open, "", "");
  EXPECT_EQ(models.of(ModelKind::Riff)->kind(), ModelKind::Riff);
  EXPECT_EQ(models.of(ModelKind::Band)->kind(), ModelKind::Band);
  const auto riff = models.current();
  const auto band = models.band();
  models.use("band");
  EXPECT_EQ(models.current(), riff);
  EXPECT_NE(models.band(), band);
  const auto newer = models.band();
  models.use("riff");
  EXPECT_NE(models.current(), riff);
  EXPECT_EQ(models.band(), newer);
  EXPECT_EQ(models.list().at("current"), "riff");
  EXPECT_EQ(models.list().at("current_band"), "band");
  EXPECT_EQ(models.entry("band").at("kind"), "band");
  EXPECT_EQ(models.band_info().at("sample_rate"), 16000);
  EXPECT_TRUE(models.band_info().at("hears_context"));
}

TEST_F(TwoModels, AModelOfTheOtherKindIsRefusedAtTheStart) {
  EXPECT_RIFFLE_ERROR(Models(open, "band", ""), ErrorCode::InvalidArgument, "expected a riff");
  EXPECT_RIFFLE_ERROR(Models(open, "", "riff"), ErrorCode::InvalidArgument, "expected a band");
  const auto broken = [](ModelKind kind, const std::string& name) {
    if (kind == ModelKind::Band) throw Error(ErrorCode::BadFile, "broken");
    return open(kind, name);
  };
  // Only one that was named has to be there, and whole.
  EXPECT_RIFFLE_ERROR(Models(broken, "", "band"), ErrorCode::BadFile, "broken");
  const Models models(broken, "", "");
  EXPECT_EQ(models.band_or_null(), nullptr);
  EXPECT_RIFFLE_ERROR(models.band(), ErrorCode::NotFound, "broken");
}

TEST_F(TwoModels, ModelsTakeTurns) {
  Models models(open, "", "");
  auto held = models.band()->turn();
  auto other = std::async(std::launch::async, [&] {
    models.current()->conditioner().condition(std::vector<std::string>{"drums"}, {}, {});
  });
  // The other model waits as long as the band model's turn lasts; then it goes on.
  EXPECT_EQ(other.wait_for(std::chrono::milliseconds(200)), std::future_status::timeout);
  held.reset();
  other.get();
}

TEST_F(TwoModels, WithoutABandModelBandJobsAreRefusedAtOnce) {
  App app(options(open_riff));
  const Response job =
      ask(app, "POST", "/api/v1/jobs", {{"pipeline", "solo"}, {"request", {{"prompt", "x"}}}});
  EXPECT_EQ(job.status, 409);
  const Json problem = Json::parse(job.body);
  EXPECT_THAT(problem.at("detail"), HasSubstr("solo needs a band model: there is no band model"));
  EXPECT_EQ(problem.at("hint"), "train one");
  const Json can = Json::parse(ask(app, "GET", "/api/v1/capabilities").body);
  EXPECT_TRUE(can.at("band_model").is_null());
  for (const Json& pipeline : can.at("pipelines")) {
    EXPECT_EQ(pipeline.at("available"), pipeline.at("kind") == "riff") << pipeline.at("name");
  }
}

TEST_F(TwoModels, PlansBecomeObjectsWhoseTracksHaveNames) {
  App app(options(open));
  const auto fields = pipelines::pipeline_entry("compose").fields();
  const std::string bass = clip_named(app, "Slap Bass #2");
  const auto settled = [&](Json request) {
    settle_plan(fields, request, app.sources);
    return request;
  };
  const Json plan = {{"tracks", {{{"prompt", "drums"}, {"gain_db", -3}}, {{"like", bass}}}}};
  const Json object = settled({{"plan", plan}, {"seed", 4}});
  EXPECT_EQ(object.at("plan").at("tracks").at(0).at("gain_db"), -3);
  EXPECT_EQ(object.at("plan").at("tracks").at(1).at("name"), "slap-bass-2");
  EXPECT_EQ(object.at("seed"), 4);
  // What a clip says of itself is settled already.
  EXPECT_EQ(settled(object), object);
  EXPECT_EQ(settled({{"plan", plan.dump()}, {"seed", 4}, {"refs", ""}}), object);
  const Json listed = settled({{"refs", {bass, "seed:og_beat"}}});
  EXPECT_FALSE(listed.contains("refs"));
  EXPECT_EQ(listed.at("plan").at("tracks").at(0).at("like"), bass);
  EXPECT_EQ(listed.at("plan").at("tracks").at(1).at("like"), "seed:og_beat");
  EXPECT_THAT(ids_in(fields, object), ElementsAre(bass));
  EXPECT_THAT(ids_in(fields, {{"context", bass}, {"plan", plan}}), ElementsAre(bass));

  // Whatever it is, no file of this machine is opened for it.
  const auto file = (folder_ / "plan.json").string();
  write_text_file(file, plan.dump());
  EXPECT_RIFFLE_ERROR(settled({{"plan", file}}), ErrorCode::InvalidArgument, "plan");
  EXPECT_RIFFLE_ERROR(settled({{"refs", folder_.path().string()}}), ErrorCode::InvalidArgument,
                      "list of ids");
  EXPECT_RIFFLE_ERROR(settled({{"refs", {1, 2}}}), ErrorCode::InvalidArgument, "list of ids");
  EXPECT_THROW(settled({{"refs", Json::array({file})}}), ProblemError);
  EXPECT_THROW(settled({{"plan", {{"tracks", Json::array({{{"like", file}}})}}}}), ProblemError);
  EXPECT_RIFFLE_ERROR(settled(Json::object()), ErrorCode::InvalidArgument, "nothing to compose");
  EXPECT_RIFFLE_ERROR(settled({{"plan", ""}, {"refs", ""}}), ErrorCode::InvalidArgument,
                      "nothing to compose");
  EXPECT_RIFFLE_ERROR(settled({{"plan", plan}, {"refs", Json::array({bass})}}),
                      ErrorCode::InvalidArgument, "as a plan and as a list");
  EXPECT_RIFFLE_ERROR(settled({{"plan", {{"tracks", Json::array({{{"propmt", "x"}}})}}}}),
                      ErrorCode::InvalidArgument, "plan: track 1: there is no field \"propmt\"");
  EXPECT_RIFFLE_ERROR(settled({{"plan", {{"tracks", Json(33, Json::object())}}}}),
                      ErrorCode::InvalidArgument, "at most 32");
}

TEST_F(TwoModels, IdsBecomePathsAndIdsAgain) {
  App app(options(open));
  const auto fields = pipelines::pipeline_entry("compose").fields();
  const std::string id = clip_named(app, "bass");
  const Json submitted = {
      {"context", id}, {"seconds", 1}, {"plan", {{"tracks", {{{"prompt", "x"}}, {{"like", id}}}}}}};
  Json request = submitted;
  const RequestFiles files(fields, request, [&](const std::string&, const std::string& asked) {
    return app.sources.sound_of(asked, {});
  });
  const std::string path = request.at("context");
  EXPECT_TRUE(std::filesystem::exists(path));
  EXPECT_EQ(request.at("plan").at("tracks").at(1).at("like"), path);
  // Clips tell their plan as a text.
  OrderedJson told = OrderedJson(request);
  told["plan"] = told["plan"].dump();
  told["refs"] = "";
  EXPECT_EQ(Json(files.with_ids(told)), submitted);
  EXPECT_EQ(files.with_ids(path + " was heard 3 dB louder"), id + " was heard 3 dB louder");
}

TEST_F(TwoModels, PartsBecomeClipsOfTheirOwn) {
  App app(options(open));
  pipelines::Clip clip;
  clip.role = pipelines::ClipRole::Mix;
  clip.sound = {.sample_rate = 16000, .samples = {std::vector<float>(16000, 0.2F)}};
  clip.request = {{"pipeline", "compose"}, {"model", "band"}, {"seed", 3}};
  for (const char* name : {"drums", "bass"}) {
    clip.parts.push_back({std::string("1-") + name, clip.sound, pipelines::ClipRole::Stem, name});
  }
  const auto kept = app.keeper.keep_all(clip, {.tags = {"a"}, .job = "job_x"});
  ASSERT_EQ(kept.size(), 3U);
  const auto found = app.library.clips().of_job("job_x");
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].title, "drums, bass");
  EXPECT_EQ(found[0].role, "mix");
  EXPECT_EQ(found[0].part_of, std::nullopt);
  EXPECT_EQ(found[2].title, "drums, bass: bass");
  EXPECT_EQ(found[2].role, "stem");
  EXPECT_EQ(found[2].part, "bass");
  EXPECT_EQ(found[2].part_of, found[0].id);
  EXPECT_EQ(found[2].seed, 3);
  EXPECT_THAT(found[2].tags, ElementsAre("a"));
  EXPECT_TRUE(found[2].has_picture);
  for (const auto& record : found) {
    EXPECT_TRUE(std::filesystem::exists(app.keeper.sound(record, "wav")));
  }
  // One of them that cannot be written leaves nothing behind of any.
  clip.parts.back().sound.samples.clear();
  EXPECT_ANY_THROW(app.keeper.keep_all(clip, {.job = "job_y"}));
  EXPECT_THAT(app.library.clips().of_job("job_y"), IsEmpty());
  const std::filesystem::directory_iterator folders(folder_ / "library/clips");
  EXPECT_EQ(std::distance(begin(folders), end(folders)), 3);
}

}  // namespace
}  // namespace riffle::server
