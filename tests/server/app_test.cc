// SPDX-License-Identifier: GPL-3.0-or-later
// The routes that are there and those docs/openapi.json describes are the same.
#include "server/app.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/files.h"
#include "core/json.h"
#include "server/embedded.h"
#include "support/test_files.h"

namespace riffle::server {
namespace {

ServerOptions without_model(const std::filesystem::path& folder) {
  ServerOptions options;
  options.library = folder / "library";
  options.open_model = [](pipelines::ModelKind,
                          const std::string&) -> std::unique_ptr<pipelines::Model> {
    throw Error(ErrorCode::NotFound, "there is no model on this machine");
  };
  return options;
}

Response ask(App& app, const std::string& method, const std::string& path,
             const std::string& body = "") {
  Request request;
  request.method = method;
  request.path = path;
  request.headers.emplace("Host", "localhost");
  request.read_file = [&](const IncomingFile& file) { file.on_bytes(body); };
  return app.answer(request);
}

TEST(App, EveryRouteIsDescribedAndEveryDescribedOneIsThere) {
  const riffle::test::TemporaryFolder folder;
  const App app(without_model(folder.path()));
  std::set<std::string> there;
  for (const Route& route : app.router.routes()) {
    if (route.pattern != "/run_inference") there.insert(route.method + " " + route.pattern);
  }
  std::set<std::string> described;
  const Json document = Json::parse(openapi_document());
  for (const auto& [path, item] : document.at("paths").items()) {
    for (const auto& [method, operation] : item.items()) {
      std::string upper = method;
      std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return std::toupper(c); });
      described.insert(upper + " " + path);
    }
  }
  EXPECT_EQ(there, described);
}

TEST(App, WithoutAModelTheLibraryStillWorks) {
  const riffle::test::TemporaryFolder folder;
  App app(without_model(folder.path()));
  EXPECT_EQ(ask(app, "GET", "/api/v1/clips").status, 200);
  EXPECT_TRUE(Json::parse(ask(app, "GET", "/api/v1/capabilities").body).at("model").is_null());
  const Response jam = ask(app, "POST", "/api/v1/jams", R"({"prompt": "x"})");
  EXPECT_EQ(jam.status, 404);
  EXPECT_FALSE(Json::parse(jam.body).at("hint").get<std::string>().empty());
  const Response job =
      ask(app, "POST", "/api/v1/jobs", R"({"pipeline": "generate", "request": {"prompt": "x"}})");
  EXPECT_EQ(job.status, 409);
  EXPECT_NE(job.body.find("generate needs a riff model"), std::string::npos) << job.body;
}

TEST(App, PagesAreServedFromAFolderAndNowhereElse) {
  const riffle::test::TemporaryFolder folder;
  ServerOptions options = without_model(folder.path());
  options.web = folder / "web";
  std::filesystem::create_directories(options.web / "assets");
  write_text_file(options.web / "index.html", "<p>studio");
  write_text_file(options.web / "assets/a.js", "1");
  write_text_file(folder / "secret.txt", "secret");
  App app(options);
  EXPECT_EQ(ask(app, "GET", "/").file.filename(), "index.html");
  EXPECT_EQ(ask(app, "GET", "/index.html").file.filename(), "index.html");
  EXPECT_EQ(ask(app, "GET", "/assets/a.js").content_type, "text/javascript; charset=utf-8");
  for (const char* path : {"/../secret.txt", "/assets/../../secret.txt", "/nothing.js", "/library",
                           "/assets", "/assets/", "//", "", "*"}) {
    EXPECT_EQ(ask(app, "GET", path).status, 404) << path;
  }
  std::filesystem::create_symlink(folder / "secret.txt", options.web / "link.txt");
  EXPECT_EQ(ask(app, "GET", "/link.txt").status, 404);
  EXPECT_EQ(ask(app, "GET", "/run_inference/").status, 405);
}

}  // namespace
}  // namespace riffle::server
