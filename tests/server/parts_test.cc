// SPDX-License-Identifier: GPL-3.0-or-later
// The small parts of the server, each by itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "core/error.h"
#include "server/answers.h"
#include "server/body_length.h"
#include "server/connection_threads.h"
#include "server/events.h"
#include "server/guard.h"
#include "server/jam_path.h"
#include "server/metrics.h"
#include "server/problem.h"
#include "server/range.h"
#include "server/router.h"
#include "support/test_files.h"

namespace riffle::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Range, ChoosesAsTheStandardSays) {
  const auto choose = [](const char* header) {
    const RangeChoice choice = choose_range(header, 1000);
    switch (choice.kind) {
      case RangeChoice::Kind::Whole:
        return std::string("whole");
      case RangeChoice::Kind::Unsatisfiable:
        return std::string("416");
      case RangeChoice::Kind::Part:
        break;
    }
    return std::to_string(choice.part.first) + "-" + std::to_string(choice.part.last);
  };
  EXPECT_EQ(choose("bytes=0-499"), "0-499");
  EXPECT_EQ(choose("bytes=500-"), "500-999");
  EXPECT_EQ(choose("bytes=-200"), "800-999");
  EXPECT_EQ(choose("bytes=-2000"), "0-999");
  EXPECT_EQ(choose("bytes=990-5000"), "990-999");
  EXPECT_EQ(choose("bytes=0-99999999999999999999999"), "0-999");
  EXPECT_EQ(choose("bytes=1000-"), "416");
  EXPECT_EQ(choose("bytes=99999999999999999999999-"), "416");
  EXPECT_EQ(choose("bytes=-0"), "416");
  for (const char* odd : {"", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-2", "bytes=0-1,3-4",
                          "items=0-1", "bytes=1x-", "bytes=--5", "bytes=+1-2"}) {
    EXPECT_EQ(choose(odd), "whole") << odd;
  }
  EXPECT_EQ(choose_range("bytes=0-", 0).kind, RangeChoice::Kind::Unsatisfiable);
}

Request request_of(const char* method, const char* path) {
  Request request;
  request.method = method;
  request.path = path;
  return request;
}

TEST(Router, PrefersPlainPatternsAndFillsParameters) {
  Router router;
  router.add({.method = "GET", .pattern = "/a/{id}/{file}", .answer = {}});
  router.add({.method = "GET", .pattern = "/a/{id}/lineage", .answer = {}});
  router.add({.method = "DELETE", .pattern = "/a/{id}", .answer = {}});
  Request request = request_of("GET", "/a/7/lineage");
  EXPECT_EQ(router.find(request).pattern, "/a/{id}/lineage");
  request = request_of("GET", "/a/7/x.wav");
  EXPECT_EQ(router.find(request).pattern, "/a/{id}/{file}");
  EXPECT_EQ(request.parameter("id"), "7");
  EXPECT_EQ(request.parameter("file"), "x.wav");
}

TEST(Router, SaysWhatIsPossibleInstead) {
  Router router;
  router.add({.method = "DELETE", .pattern = "/a/{id}", .answer = {}});
  const auto status = [&](const char* method, const char* path) {
    Request request = request_of(method, path);
    try {
      router.find(request);
      return 200;
    } catch (const ProblemError& error) {
      if (error.problem().status == 405) {
        EXPECT_THAT(error.problem().hint, HasSubstr("DELETE"));
      }
      return error.problem().status;
    }
  };
  EXPECT_EQ(status("DELETE", "/a/1"), 200);
  EXPECT_EQ(status("POST", "/a/1"), 405);
  for (const char* path : {"", "/", "/a", "/a/", "//a/1", "/a/1/", "/a/1/2", "a/1"}) {
    EXPECT_EQ(status("DELETE", path), 404) << path;
  }
}

Request asking(const char* host, const char* origin = nullptr) {
  Request request = request_of("POST", "/");
  if (host != nullptr) request.headers.emplace("host", host);
  if (origin != nullptr) request.headers.emplace("ORIGIN", origin);
  request.remote = "127.0.0.1";
  return request;
}

int source_status(const Guard& guard, const Request& request) {
  try {
    guard.check_source(request);
    return 200;
  } catch (const ProblemError& error) {
    return error.problem().status;
  }
}

TEST(Guard, RefusesForeignHostsAndPages) {
  const Guard guard({.allowed_hosts = {"studio.example"}, .allowed_origins = {"http://dev:5173"}},
                    "127.0.0.1");
  EXPECT_EQ(source_status(guard, asking("127.0.0.1:3013")), 200);
  EXPECT_EQ(source_status(guard, asking("LOCALHOST")), 200);
  EXPECT_EQ(source_status(guard, asking("[::1]:80")), 200);
  EXPECT_EQ(source_status(guard, asking("studio.example")), 200);
  EXPECT_EQ(source_status(guard, asking("evil.example")), 421);
  EXPECT_EQ(source_status(guard, asking("127.0.0.1.evil.example")), 421);
  EXPECT_EQ(source_status(guard, asking(nullptr)), 421);
  EXPECT_EQ(source_status(guard, asking("localhost:1", "http://localhost:1")), 200);
  EXPECT_EQ(source_status(guard, asking("localhost:1", "http://localhost:2")), 403);
  EXPECT_EQ(source_status(guard, asking("localhost:1", "http://evil.example")), 403);
  EXPECT_EQ(source_status(guard, asking("localhost:1", "null")), 403);
  EXPECT_EQ(source_status(guard, asking("localhost:1", "http://dev:5173")), 200);
  Response response;
  guard.add_cors(asking("localhost:1", "http://localhost:1"), response);
  EXPECT_TRUE(response.headers.empty());
  guard.add_cors(asking("localhost:1", "http://dev:5173"), response);
  EXPECT_EQ(response.headers.front().second, "http://dev:5173");
}

TEST(Guard, TakesTheKeyInEachForm) {
  const Guard guard({.api_key = "secret"}, "127.0.0.1");
  const auto opens = [&](const char* header, const char* value) {
    Request request = request_of("GET", "/");
    request.headers.emplace(header, value);
    try {
      guard.check_key(request);
      return true;
    } catch (const ProblemError& error) {
      EXPECT_EQ(error.problem().status, 401);
      return false;
    }
  };
  EXPECT_TRUE(opens("Authorization", "Bearer secret"));
  EXPECT_TRUE(opens("X-API-Key", "secret"));
  EXPECT_TRUE(opens("Cookie", "a=b; riffle_key=secret"));
  for (const char* wrong : {"", "secre", "secrets", "secretsecret", "Secret"}) {
    EXPECT_FALSE(opens("X-API-Key", wrong)) << wrong;
  }
  EXPECT_FALSE(opens("Authorization", "secret"));
  EXPECT_FALSE(opens("Cookie", "xriffle_key=secret"));
  EXPECT_NO_THROW(Guard({}, "x").check_key(request_of("GET", "/")));
}

TEST(Guard, CountsOnlyWhatChangesSomething) {
  Guard guard({.requests_per_minute = 8}, "127.0.0.1");
  Request read = request_of("GET", "/");
  for (int i = 0; i < 100; ++i) EXPECT_NO_THROW(guard.check_rate(read));
  Request write = asking("x");
  EXPECT_NO_THROW(guard.check_rate(write));
  EXPECT_NO_THROW(guard.check_rate(write));
  try {
    guard.check_rate(write);
    FAIL() << "the third at once";
  } catch (const ProblemError& error) {
    EXPECT_EQ(error.problem().status, 429);
    EXPECT_GE(*error.problem().retry_after_s, 1);
  }
  write.remote = "127.0.0.2";
  EXPECT_NO_THROW(guard.check_rate(write));
}

std::shared_ptr<const std::string> text(const char* value) {
  return std::make_shared<const std::string>(value);
}

TEST(EventLog, GivesWhatIsMissingOrSaysThatItCannot) {
  EventLog log(3);
  for (const char* data : {"1", "2", "3", "4", "5"}) log.add("x", text(data));
  EXPECT_EQ(log.last_id(), 5);
  EXPECT_EQ(log.since(5)->size(), 0U);
  ASSERT_EQ(log.since(2)->size(), 3U);
  EXPECT_EQ(*log.since(2)->front().data, "3");
  EXPECT_FALSE(log.since(1));
  EXPECT_FALSE(log.since(6));
  log.close();
  log.add("x", text("6"));
  EXPECT_EQ(log.last_id(), 5);
}

// Collects what is sent; gone after so many writes.
class Pipe final : public Sink {
 public:
  explicit Pipe(int writes = 1000) : left_(writes) {}
  bool write(std::string_view bytes) override {
    if (left_-- <= 0) return false;
    sent += bytes;
    return true;
  }
  bool is_open() override { return left_ > 0; }
  std::string sent;

 private:
  int left_;
};

TEST(EventStream, ReplaysWhatAFollowerMissed) {
  const auto log = std::make_shared<EventLog>(10);
  log->add("progress", text("{\"n\":1}"));
  log->add("progress", text("{\"n\":2}"));
  const Snapshot snapshot = [] {
    return std::vector<std::pair<std::string, OrderedJson>>{{"state", {{"whole", true}}}};
  };
  std::string id;
  {
    log->add("progress", text("{\"n\":3}"));
    Pipe pipe(3);
    event_stream(request_of("GET", "/"), log, snapshot).producer(pipe);
    EXPECT_THAT(pipe.sent, HasSubstr("event: state\ndata: {\"whole\":true}"));
    EXPECT_THAT(pipe.sent, testing::Not(HasSubstr("\"n\"")));
    const size_t at = pipe.sent.find("id: ") + 4;
    id = pipe.sent.substr(at, pipe.sent.find('\n', at) - at);
  }
  log->add("end", text("{\"n\":4}"));
  log->close();
  Request request = request_of("GET", "/");
  request.headers.emplace("Last-Event-ID", id);
  Pipe pipe;
  event_stream(request, log, snapshot).producer(pipe);
  EXPECT_THAT(pipe.sent, HasSubstr("event: end\ndata: {\"n\":4}"));
  EXPECT_THAT(pipe.sent, testing::Not(HasSubstr("whole")));
  // One who knows the end is told not to come again; one of another process begins anew.
  Request knows = request_of("GET", "/");
  const std::string last = event_text(4, "", "");
  knows.headers.emplace("Last-Event-ID", last.substr(4, last.find('\n') - 4));
  EXPECT_EQ(event_stream(knows, log, snapshot).status, 204);
  Request foreign = request_of("GET", "/");
  foreign.headers.emplace("Last-Event-ID", "1-4");
  Pipe other;
  event_stream(foreign, log, snapshot).producer(other);
  EXPECT_THAT(other.sent, HasSubstr("whole"));
}

TEST(Problem, CarriesCodeStatusAndHint) {
  const auto problem = [](const Error& error) {
    return problem_from(std::make_exception_ptr(error));
  };
  EXPECT_EQ(problem(Error(ErrorCode::InvalidArgument, "x")).status, 400);
  EXPECT_EQ(problem(Error(ErrorCode::BadFile, "x")).status, 422);
  EXPECT_EQ(problem(Error(ErrorCode::NotFound, "x")).status, 404);
  EXPECT_EQ(problem(Error(ErrorCode::OutOfMemory, "x")).status, 503);
  EXPECT_EQ(problem(Error(ErrorCode::Internal, "x")).status, 500);
  const Response response = problem_response(
      {.status = 429, .code = "queue_full", .detail = "\xFF", .hint = "h", .retry_after_s = 3});
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_THAT(response.body, HasSubstr(R"("title":"Too Many Requests")"));
  EXPECT_THAT(response.headers, ElementsAre(std::pair("Retry-After", "3")));
}

TEST(Metrics, ArePrometheusText) {
  Metrics metrics;
  metrics.describe("a_total", "Things");
  metrics.add("a_total", "state=\"done\"");
  metrics.add("a_total", "state=\"done\"", 2);
  metrics.gauge("b", "Now", [] { return 1.5; });
  EXPECT_EQ(metrics.text(),
            "# HELP a_total Things\n# TYPE a_total counter\na_total{state=\"done\"} 3\n"
            "# HELP b Now\n# TYPE b gauge\nb 1.5\n");
}

TEST(BodyReader, RefusesWhatItDoesNotKnow) {
  const Json body = {{"a", "x"}, {"b", 2.5}, {"c", nullptr}, {"typo", 1}};
  BodyReader reader(body, "thing");
  EXPECT_EQ(reader.text("a", 10), "x");
  EXPECT_RIFFLE_ERROR(reader.text("a", 0), ErrorCode::InvalidArgument, "thing: a");
  EXPECT_RIFFLE_ERROR(reader.integer("b", 0, 9), ErrorCode::InvalidArgument, "whole");
  EXPECT_RIFFLE_ERROR(reader.number("b", 3, 9), ErrorCode::InvalidArgument, "from 3 to 9");
  EXPECT_FALSE(reader.flag("c"));
  EXPECT_TRUE(reader.is_null("c"));
  EXPECT_RIFFLE_ERROR(reader.finish(), ErrorCode::InvalidArgument, "\"typo\"");
}

TEST(BodyLength, IsOneNumberOrChunks) {
  using Kind = BodyLength::Kind;
  EXPECT_EQ(body_length_of(0, "", false).kind, Kind::None);
  EXPECT_EQ(body_length_of(1, "0", false).kind, Kind::None);
  EXPECT_EQ(body_length_of(1, "17", false).kind, Kind::Known);
  EXPECT_EQ(body_length_of(1, "17", false).bytes, 17);
  EXPECT_EQ(body_length_of(0, "", true).kind, Kind::Chunked);
  EXPECT_EQ(body_length_of(1, "17", true).kind, Kind::Malformed);
  EXPECT_EQ(body_length_of(2, "17", false).kind, Kind::Malformed);
  for (const char* length : {"", "-1", "+1", "1 ", "0x10"}) {
    EXPECT_EQ(body_length_of(1, length, false).kind, Kind::Malformed) << length;
  }
  // More than any limit, rather than malformed.
  EXPECT_GT(body_length_of(1, "99999999999999999999", false).bytes, int64_t{1} << 60);
}

TEST(ConnectionThreads, RefusesOneTooManyAndWaitsForTheRest) {
  ConnectionThreads threads(2);
  std::mutex gate;
  gate.lock();
  std::atomic<int> done{0};
  const auto work = [&] {
    const std::lock_guard lock(gate);
    ++done;
  };
  EXPECT_TRUE(threads.start(work));
  EXPECT_TRUE(threads.start(work));
  EXPECT_FALSE(threads.start(work));
  gate.unlock();
  threads.finish();
  EXPECT_EQ(done, 2);
  EXPECT_FALSE(threads.start(work));
}

std::vector<double> alphas(JamPath& path, int count) {
  std::vector<double> all;
  for (int i = 0; i < count; ++i) all.push_back(path.next().alpha);
  return all;
}

TEST(JamPath, WalksFromSeedToSeedAsRiffusionDoes) {
  JamPath path("piano", 4294967294);
  EXPECT_THAT(alphas(path, 10), ElementsAre(0, .25, .5, .75, 1, .25, .5, .75, 1, .25));
  // After the last seed comes the first.
  const JamPlace place = path.next();
  EXPECT_EQ(place.seed, 0);
  EXPECT_EQ(place.to_seed, 1);
  EXPECT_EQ(place.prompt, "piano");
  EXPECT_EQ(place.to, "piano");
}

TEST(JamPath, APromptTurnsWithinOneSeed) {
  JamPath path("a", 7);
  alphas(path, 2);
  path.go_to("b");
  // The turn of seeds had hardly begun: it is taken back.
  for (const double alpha : {.25, .5, .75, 1.0}) {
    const JamPlace place = path.next();
    EXPECT_EQ(place.prompt, "a");
    EXPECT_EQ(place.to, "b");
    EXPECT_EQ(place.alpha, alpha);
    EXPECT_EQ(place.seed, 7);
    EXPECT_EQ(place.to_seed, 7);
  }
  const JamPlace after = path.next();
  EXPECT_EQ(after.prompt, "b");
  EXPECT_EQ(after.to, "b");
  EXPECT_EQ(after.to_seed, 8);
}

TEST(JamPath, AQueueIsPlayedOneAfterTheOther) {
  JamPath path("a", 0);
  path.set_pace(2, 1);
  path.set_queue({"b", "c"});
  std::vector<std::string> heard;
  for (int i = 0; i < 8; ++i) heard.push_back(path.next().to);
  EXPECT_THAT(heard, ElementsAre("a", "b", "b", "c", "c", "c", "c", "c"));
  EXPECT_TRUE(path.queue().empty());
}

TEST(JamPath, AtOnceMeansAtOnce) {
  JamPath path("a", 0);
  path.set_pace(1, 4);
  path.next();
  path.go_to("b");
  EXPECT_EQ(path.prompt(), "b");
  const JamPlace place = path.next();
  EXPECT_EQ(place.to, "b");
  EXPECT_EQ(place.alpha, 1);
}

}  // namespace
}  // namespace riffle::server
