// SPDX-License-Identifier: GPL-3.0-or-later
// What strangers, broken programs and evil pages send.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

#include "api/api.h"

namespace riffle::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string request(const std::string& line, const std::string& headers,
                    const std::string& body = "") {
  return line + " HTTP/1.1\r\n" + headers + "Connection: close\r\n\r\n" + body;
}

constexpr const char* kHost = "Host: 127.0.0.1\r\n";

class Hostile : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder();
    server_ = new ApiServer(folder_->path());
  }
  static void TearDownTestSuite() {
    // It is still there, and well.
    EXPECT_EQ(server_->get("/healthz").at("status"), "ok");
    delete server_;
    delete folder_;
  }
  static ApiServer& server() { return *server_; }
  static int status_of(const std::string& bytes) {
    const std::string answer = server().raw(bytes);
    return answer.size() < 12 ? 0 : std::atoi(answer.substr(9, 3).c_str());
  }
  static TemporaryFolder* folder_;
  static ApiServer* server_;
};
TemporaryFolder* Hostile::folder_ = nullptr;
ApiServer* Hostile::server_ = nullptr;

TEST_F(Hostile, ForeignHostsAndPagesAreTurnedAway) {
  EXPECT_EQ(status_of(request("GET /healthz", "Host: evil.example\r\n")), 421);
  EXPECT_EQ(status_of(request("GET /healthz", "")), 421);
  EXPECT_EQ(status_of(request("GET /healthz", kHost)), 200);
  const std::string page = std::string(kHost) + "Origin: http://evil.example\r\n";
  EXPECT_EQ(status_of(request("GET /api/v1/clips", page)), 403);
  EXPECT_EQ(status_of(request("POST /api/v1/jobs", page + "Content-Length: 2\r\n", "{}")), 403);
  EXPECT_EQ(status_of(request("OPTIONS /api/v1/jobs", page)), 403);
}

TEST_F(Hostile, NoPathLeadsOutOfTheLibrary) {
  for (const char* path :
       {"/../../etc/passwd", "/..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/etc/passwd",
        "/api/v1/clips/..%2f..%2flibrary.db/audio.wav", "/api/v1/uploads/../library.db/data",
        "/api/v1/clips/clip_x/..%2f..%2f..%2flibrary.db", "/api/v1/seed_images/..%2flibrary.db",
        "/assets/..%5c..%5cx", "/api/v1/jobs/%00", "//etc/passwd", "/api/v1/clips/%ff%fe",
        "/api/v1/jams/x/segments/..%2fx.wav"}) {
    const int status = status_of(request(std::string("GET ") + path, kHost));
    EXPECT_TRUE(status == 404 || status == 400) << path << " " << status;
  }
}

TEST_F(Hostile, OddRequestsGetAnAnswerAndNoMore) {
  EXPECT_EQ(status_of("GARBAGE\r\n\r\n"), 400);
  EXPECT_EQ(status_of(request("GET /" + std::string(20'000, 'a'), kHost)), 414);
  EXPECT_EQ(status_of(request("BREW /coffee", kHost)), 400);
  EXPECT_EQ(status_of(request("PUT /api/v1/jobs", std::string(kHost) + "Content-Length: 0\r\n")),
            405);
  // A body without a length is no body.
  EXPECT_EQ(status_of(request("POST /api/v1/jobs", kHost)), 400);
  for (const char* length : {"-5", "+5", "0x5", "5,5", "two", " ", "5\r\nContent-Length: 6",
                             "2\r\nTransfer-Encoding: chunked"}) {
    const std::string head = std::string(kHost) + "Content-Length: " + length + "\r\n";
    EXPECT_EQ(status_of(request("POST /api/v1/jobs", head, "{}")), 400) << length;
  }
  EXPECT_EQ(status_of(request("POST /api/v1/jobs",
                              std::string(kHost) + "Content-Length: 99999999999999\r\n", "{}")),
            413);
  EXPECT_EQ(
      status_of(request("POST /api/v1/jobs", std::string(kHost) + "Transfer-Encoding: chunked\r\n",
                        "zz\r\nxx\r\n")),
      400);
  std::string deep = "{\"pipeline\":";
  for (int i = 0; i < 100'000; ++i) deep += "[";
  EXPECT_EQ(
      status_of(request("POST /api/v1/jobs",
                        kHost + ("Content-Length: " + std::to_string(deep.size()) + "\r\n"), deep)),
      400);
  const std::string large(2 << 20, ' ');
  EXPECT_EQ(status_of(request("POST /api/v1/jobs",
                              kHost + ("Content-Length: " + std::to_string(large.size()) + "\r\n"),
                              large)),
            413);
  std::string many = kHost;
  for (int i = 0; i < 5000; ++i) many += "X-" + std::to_string(i) + ": y\r\n";
  EXPECT_EQ(status_of(request("GET /healthz", many)), 431);
  EXPECT_EQ(
      status_of(request("POST /api/v1/uploads",
                        std::string(kHost) + "Content-Type: multipart/form-data; boundary=X\r\n"
                                             "Content-Length: 30\r\n",
                        "--X\r\nthis is no form at all....")),
      400);
  EXPECT_EQ(status_of(request(
                "POST /api/v1/uploads",
                std::string(kHost) + "Content-Type: multipart/form-data\r\nContent-Length: 3\r\n",
                "abc")),
            400);
}

// Good requests with a few bytes changed, left out, repeated: always the same ones. Each gets an
// answer that blames the request; those that are still good may be taken.
class Damaged {
 public:
  explicit Damaged(uint32_t seed) : random_(seed) {}

  std::string operator()(std::string text) {
    for (size_t i = 1 + below(4); i > 0 && !text.empty(); --i) {
      const size_t at = below(text.size());
      const size_t length = std::min(text.size() - at, 1 + below(12));
      switch (below(5)) {
        case 0:
          text[at] = static_cast<char>(random_());
          break;
        case 1:
          text.erase(at, length);
          break;
        case 2:
          text.insert(at, text.substr(below(text.size()), length));
          break;
        case 3:
          text.insert(at, kOdd.at(below(kOdd.size())));
          break;
        default:
          text.resize(at);
      }
    }
    return text;
  }

 private:
  static constexpr std::array kOdd{"\\u0000",
                                   "1e999",
                                   "-1",
                                   "{",
                                   "]",
                                   "\"",
                                   "null",
                                   "\xC0",
                                   "\r\n",
                                   "--",
                                   "\r\n--X",
                                   "\\uD800",
                                   ": ",
                                   "|",
                                   "%",
                                   "0.5:",
                                   "99999999999999999999"};
  size_t below(size_t count) { return random_() % count; }
  std::mt19937 random_;
};

TEST_F(Hostile, DamagedRequestsAreAnswered) {
  const auto status_of_body = [](const std::string& path, const std::string& type,
                                 const std::string& body) {
    return status_of(request("POST " + path,
                             kHost + ("Content-Type: " + type + "\r\nContent-Length: " +
                                      std::to_string(body.size()) + "\r\n"),
                             body));
  };
  const std::string job = R"({"pipeline": "generate", "request": {"prompt": "0s: piano; 2s: drums",
      "bars": 2, "bpm": 120, "chords": "Am | F% C/G", "steps": 1, "count": 2, "loop": true,
      "varied_before": "0.3:17"}, "priority": 1})";
  const std::string inference =
      R"({"alpha": 0.5, "num_inference_steps": 1, "seed_image_id": "og_beat",
      "start": {"prompt": "a", "seed": 1, "denoising": 0.5, "guidance": 7},
      "end": {"prompt": "b", "seed": 2, "denoising": 0.5, "guidance": 7}})";
  const std::string form =
      "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n"
      "Content-Type: audio/wav\r\n\r\nRIFF\x24\0\0\0WAVEfmt \r\n--X--\r\n";
  Damaged damaged(7);
  int refused = 0;
  for (int i = 0; i < 300; ++i) {
    int status = 0;
    std::string body;
    if (i % 3 == 0) {
      body = damaged(job);
      status = status_of_body("/api/v1/jobs", "application/json", body);
    } else if (i % 3 == 1) {
      body = damaged(form);
      status = status_of_body("/api/v1/uploads", "multipart/form-data; boundary=X", body);
    } else {
      body = damaged(inference);
      // What is still good would be made before it is answered.
      if (Json::accept(body)) continue;
      status = status_of_body("/run_inference/", "application/json", body);
      EXPECT_EQ(status, 500) << body;  // as the original answers
      continue;
    }
    EXPECT_TRUE(status >= 200 && status < 500) << status << "\n" << body;
    refused += status >= 400 ? 1 : 0;
  }
  EXPECT_GT(refused, 100);
  server().clear();
  EXPECT_EQ(server().get("/healthz").at("status"), "ok");
}

TEST_F(Hostile, TextThatIsNotUtf8ComesBackReadable) {
  const std::string body = "{\"pipeline\": \"generate\", \"request\": {\"prompt\": \"\xFF\xFE\"}}";
  const Answer answer = server().ask("POST", "/api/v1/jobs", body);
  EXPECT_EQ(answer.status, 400);
  EXPECT_FALSE(answer.json().at("detail").get<std::string>().empty());
  EXPECT_EQ(server().ask("GET", "/api/v1/clips?q=%ff%fe%00").status, 200);
}

TEST_F(Hostile, RequestsThatShareAConnectionDoNotMix) {
  // The first one's body is not read: what follows must not be taken for a request.
  const std::string smuggled = "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
  const std::string answer =
      server().raw("POST /api/v1/no/such/thing HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " +
                   std::to_string(smuggled.size()) + "\r\n\r\n" + smuggled);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 404"));
  EXPECT_EQ(answer.find("riffle_"), std::string::npos);
}

TEST_F(Hostile, ASlowHeadIsCutOff) {
  // One that never ends: the server gives up by itself, after its ten seconds.
  const std::string answer = server().raw("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 408"));
}

TEST_F(Hostile, TheStudioPageSaysWhatItIs) {
  const Answer page = server().ask("GET", "/", "", {.described = false});
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.headers.at("content-type"), HasSubstr("text/html"));
  EXPECT_THAT(page.headers.at("content-security-policy"), HasSubstr("default-src 'self'"));
  EXPECT_EQ(server().ask("GET", "/no/such.js", "", {.described = false}).status, 404);
}

TEST(ApiKey, IsAskedForAndTaken) {
  const TemporaryFolder folder;
  const ApiServer server(folder.path(),
                         {"--api-key", "secret", "--allow-origin", "http://dev:1", "--rate", "40"});
  EXPECT_EQ(server.ask("GET", "/healthz").status, 200);
  EXPECT_EQ(server.ask("GET", "/api/v1/openapi.json").status, 200);
  EXPECT_EQ(server.ask("GET", "/api/v1/clips").status, 401);
  EXPECT_EQ(server.ask("GET", "/metrics", "", {.described = false}).status, 401);
  EXPECT_EQ(server.ask("GET", "/v1/models").status, 401);
  EXPECT_EQ(
      server.ask("GET", "/api/v1/clips", "", {.headers = {{"Authorization", "Bearer no"}}}).status,
      401);
  EXPECT_EQ(
      server.ask("GET", "/api/v1/clips", "", {.headers = {{"Authorization", "Bearer secret"}}})
          .status,
      200);
  EXPECT_EQ(server.ask("POST", "/api/v1/login", R"({"key": "wrong"})").status, 401);
  const Answer login = server.ask("POST", "/api/v1/login", R"({"key": "secret"})");
  EXPECT_EQ(login.status, 204);
  const std::string cookie = login.headers.at("set-cookie");
  EXPECT_THAT(cookie, HasSubstr("HttpOnly"));
  EXPECT_EQ(server
                .ask("GET", "/api/v1/clips", "",
                     {.headers = {{"Cookie", cookie.substr(0, cookie.find(';'))}}})
                .status,
            200);
  const Answer preflight = server.ask(
      "OPTIONS", "/api/v1/jobs", "", {.headers = {{"Origin", "http://dev:1"}}, .described = false});
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.headers.at("access-control-allow-origin"), "http://dev:1");
  // Ten at once are the quarter of a minute that may be saved up.
  int refused = 0;
  for (int i = 0; i < 14; ++i) {
    const Answer answer = server.ask("POST", "/api/v1/login", R"({"key": "wrong"})");
    refused += answer.status == 429 ? 1 : 0;
  }
  EXPECT_GT(refused, 0);
}

TEST(ServeCommand, RefusesWhatIsUnsafeOrImpossible) {
  const TemporaryFolder folder;
  const auto serve = [&](std::vector<std::string> flags) {
    std::vector<std::string> command = {"serve", "--library", (folder / "l").string()};
    command.insert(command.end(), flags.begin(), flags.end());
    return riffle(command);
  };
  const Finished open = serve({"--host", "0.0.0.0"});
  EXPECT_EQ(open.status, 2);
  EXPECT_THAT(open.err, HasSubstr("--api-key"));
  EXPECT_EQ(serve({"--model", "no-such-model"}).status, 3);
  EXPECT_EQ(serve({"--web", "/nowhere"}).status, 3);
  EXPECT_EQ(serve({"--port", "99999"}).status, 2);
  const ApiServer server(folder.path());
  const Finished taken = riffle({"serve", "--port", std::to_string(server.port()), "--model",
                                 (folder / "tiny").string(), "--library", (folder / "m").string()});
  EXPECT_NE(taken.status, 0);
  EXPECT_THAT(taken.err, HasSubstr("--port"));
  const Finished twice = riffle({"serve", "--port", "0", "--model", (folder / "tiny").string(),
                                 "--library", (folder / "library").string()});
  EXPECT_NE(twice.status, 0);
  EXPECT_THAT(twice.err, HasSubstr("in use"));
}

}  // namespace
}  // namespace riffle::test
