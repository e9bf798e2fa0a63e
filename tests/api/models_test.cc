// SPDX-License-Identifier: GPL-3.0-or-later
// Models are switched while jobs run and wait.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "api/api.h"
#include "pipelines/tiny_band.h"
#include "support/tiny_bundle.h"

namespace riffle::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

// A folder of models the server lists: "tiny", "other" (at another rate) and "band".
class ModelSwitch : public ::testing::Test {
 protected:
  void SetUp() override {
    make_tiny_bundle(folder_ / "other",
                     R"({"num_frequencies": 64, "sample_rate": 24000, "step_size_ms": 20,
                         "padded_duration_ms": 200})");
    std::filesystem::create_directory_symlink(band_.path(), folder_ / "band");
    ::setenv("RIFFLE_MODELS", folder_.path().c_str(), 1);
    // By paths that lead to what is listed.
    const std::string band = band_.path().string();
    server_ =
        std::make_unique<ApiServer>(folder_.path(), std::vector<std::string>{"--band-model", band});
    ::unsetenv("RIFFLE_MODELS");
  }
  Json use(const std::string& name, int status = 200) const {
    return server_->call("PUT", "/api/v1/models/current", {{"name", name}}, status);
  }
  Json end_of(const Json& job) const { return server_->finished(job.at("id")); }
  std::string model_of(const Json& job) const {
    const Json ended = end_of(job);
    EXPECT_EQ(ended.at("state"), "done") << ended.at("error").dump();
    return ended.at("clips").at(0).at("model");
  }

  TemporaryFolder folder_;
  pipelines::test::TinyBand band_;
  std::unique_ptr<ApiServer> server_;
};

TEST_F(ModelSwitch, WaitingJobsTakeTheModelInUseWhenTheyBegin) {
  const Json running = server_->occupy();
  const Json open = server_->submit();
  const Json named = server_->submit({{"model", "tiny"}});
  EXPECT_EQ(named.at("request").at("model"), "tiny");
  const Json chosen = use("other");
  EXPECT_EQ(chosen.at("kind"), "riff");
  EXPECT_EQ(chosen.at("current"), true);
  // What runs goes on with the model it began with.
  EXPECT_EQ(server_->get(running.at("url")).at("state"), "running");
  const Json after = server_->submit({{"model", "other"}});
  EXPECT_THAT(
      server_
          ->call("POST", "/api/v1/jobs",
                 {{"pipeline", "generate"}, {"request", {{"prompt", "x"}, {"model", "tiny"}}}}, 409)
          .at("detail")
          .get<std::string>(),
      HasSubstr("in use is other"));
  server_->call("DELETE", running.at("url"), nullptr, 200);
  const Json made = end_of(open);
  EXPECT_EQ(made.at("state"), "done") << made.at("error").dump();
  EXPECT_EQ(made.at("clips").at(0).at("model"), "other");
  EXPECT_EQ(made.at("clips").at(0).at("sample_rate"), 24000);
  EXPECT_EQ(model_of(after), "other");
  // One that named its model is not made with another.
  const Json refused = end_of(named);
  EXPECT_EQ(refused.at("state"), "failed");
  EXPECT_EQ(refused.at("error").at("status"), 409);
  EXPECT_THAT(refused.at("error").at("detail").get<std::string>(), HasSubstr("in use is other"));
  use("tiny");
  EXPECT_EQ(model_of(server_->submit()), "tiny");
}

TEST_F(ModelSwitch, SwitchingManyTimesHarmsNothing) {
  std::vector<Json> jobs;
  std::vector<std::string> now;
  const Json running = server_->occupy();
  for (int i = 0; i < 8; ++i) {
    use(i % 2 == 0 ? "other" : "tiny");
    jobs.push_back(server_->submit({{"seed", i}}));
  }
  server_->call("DELETE", running.at("url"), nullptr, 200);
  for (int i = 0; i < 8; ++i) use(i % 2 == 0 ? "other" : "tiny");
  for (const Json& job : jobs) {
    const std::string model = model_of(job);
    EXPECT_TRUE(model == "tiny" || model == "other") << model;
  }
  EXPECT_EQ(end_of(running).at("state"), "cancelled");
}

TEST_F(ModelSwitch, ModelsThatWereNamedByTheirPathsAreListedOnce) {
  const Json models = server_->get("/api/v1/models");
  EXPECT_EQ(models.at("current"), "tiny");
  EXPECT_EQ(models.at("current_band"), "band");
  std::vector<std::string> in_use;
  for (const Json& model : models.at("models")) {
    if (model.at("current") == true) in_use.push_back(model.at("name"));
    EXPECT_THAT(model.at("name").get<std::string>(), Not(HasSubstr(folder_.path().string())));
  }
  EXPECT_THAT(in_use, UnorderedElementsAre("band", "tiny"));
}

TEST_F(ModelSwitch, EachKindHasAPlaceOfItsOwn) {
  const Json chosen = use("band");
  EXPECT_EQ(chosen.at("kind"), "band");
  const Json models = server_->get("/api/v1/models");
  EXPECT_EQ(models.at("current"), "tiny");
  EXPECT_EQ(models.at("current_band"), "band");
  const Json solo = server_->call(
      "POST", "/api/v1/jobs",
      {{"pipeline", "solo"},
       {"request", {{"prompt", "drums"}, {"seconds", 0.5}, {"steps", 2}, {"seed", 1}}}},
      202);
  EXPECT_EQ(model_of(server_->submit()), "tiny");
  EXPECT_EQ(model_of(solo), "band");
  use("no such model", 404);
  EXPECT_EQ(server_->get("/api/v1/models").at("current_band"), "band");
}

}  // namespace
}  // namespace riffle::test
