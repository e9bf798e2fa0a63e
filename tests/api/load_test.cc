// SPDX-License-Identifier: GPL-3.0-or-later
// 200 clients that ask again and again and 20 that follow events, while jobs run.
#include <gtest/gtest.h>
#include <httplib.h>

#include <atomic>
#include <barrier>
#include <chrono>
#include <thread>

#include "api/api.h"

namespace riffle::test {
namespace {

constexpr int kClients = 200;
constexpr int kStreams = 20;
constexpr int kRounds = 4;
constexpr int kRequests = 10;  // of each client in a round

// Asks again and again over one connection, as programs that wait for a job do.
class Client {
 public:
  Client(const ApiServer& server, std::vector<std::string> paths)
      : client_("127.0.0.1", server.port()), paths_(std::move(paths)) {
    client_.set_keep_alive(true);
    client_.set_read_timeout(60);
    client_.set_connection_timeout(60);
  }
  // How many of the requests were not answered with 200.
  int errors_of_a_round() {
    int errors = 0;
    for (int i = 0; i < kRequests; ++i) {
      const auto result = client_.Get(paths_[next_++ % paths_.size()]);
      errors += result && result->status == 200 ? 0 : 1;
    }
    return errors;
  }

 private:
  httplib::Client client_;
  std::vector<std::string> paths_;
  size_t next_ = 0;
};

TEST(Load, TwoHundredClientsAndTwentyStreamsSeeNoError) {
  const TemporaryFolder folder;
  const ApiServer server(folder.path());
  const Json warm = server.make();
  const Json blocker = server.occupy();
  std::vector<std::string> jobs;
  for (int i = 0; i < 4; ++i) jobs.push_back(server.submit({{"seed", i}}).at("id"));

  std::atomic<int> errors{0};
  std::atomic<int> ends{0};
  std::vector<std::thread> streams;
  for (int i = 0; i < kStreams; ++i) {
    streams.emplace_back([&, i] {
      const std::string path = i % 2 == 0 ? blocker.at("events_url").get<std::string>()
                                          : "/api/v1/jobs/" + jobs.back() + "/events";
      const auto events =
          server.follow(path, [](const SseEvent& event) { return event.name == "end"; });
      if (!events.empty() && events.back().name == "end") ++ends;
    });
  }
  std::vector<double> memory_mb;  // after each round
  std::barrier rounds(kClients, [&]() noexcept { memory_mb.push_back(server.memory_mb()); });
  std::vector<std::thread> clients;
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&, i] {
      Client client(server,
                    {"/api/v1/jobs/" + jobs[static_cast<size_t>(i) % jobs.size()], "/healthz",
                     "/api/v1/clips?limit=5", warm.at("picture_url").get<std::string>()});
      for (int round = 0; round < kRounds; ++round) {
        errors += client.errors_of_a_round();
        rounds.arrive_and_wait();
      }
    });
  }
  for (std::thread& client : clients) client.join();
  const double took_s =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  server.call("DELETE", blocker.at("url"), nullptr, 200);
  for (const std::string& job : jobs) EXPECT_EQ(server.finished(job).at("state"), "done");
  for (std::thread& stream : streams) stream.join();
  EXPECT_EQ(errors, 0);
  EXPECT_EQ(ends, kStreams);
  // With every connection open and every path asked for, memory stays where it is. The allocator
  // rounds up: a few MiB say nothing.
  ASSERT_EQ(memory_mb.size(), size_t{kRounds});
  EXPECT_LT(memory_mb.back() - memory_mb.front(), 8) << ::testing::PrintToString(memory_mb);
  RecordProperty("memory_mb", ::testing::PrintToString(memory_mb));
  RecordProperty("requests_per_second",
                 std::to_string(static_cast<int>(kClients * kRounds * kRequests / took_s)));
}

}  // namespace
}  // namespace riffle::test
