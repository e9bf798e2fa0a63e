// SPDX-License-Identifier: GPL-3.0-or-later
// 200 clients that ask again and again and 20 that follow events, while jobs run.
#include <gtest/gtest.h>
#include <httplib.h>

#include <atomic>
#include <thread>

#include "api/api.h"

namespace riffle::test {
namespace {

TEST(Load, TwoHundredClientsAndTwentyStreamsSeeNoError) {
  constexpr int kClients = 200;
  constexpr int kStreams = 20;
  constexpr int kRequests = 15;  // of each client
  const TemporaryFolder folder;
  const ApiServer server(folder.path());
  const Json warm = server.make();
  const Json blocker = server.submit({{"steps", 1000}, {"seconds", 3}});
  std::vector<std::string> jobs;
  for (int i = 0; i < 4; ++i) jobs.push_back(server.submit({{"seed", i}}).at("id"));
  const double before_mb = server.memory_mb();

  std::atomic<int> errors{0};
  std::atomic<int> answers{0};
  std::atomic<int> ends{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kStreams; ++i) {
    threads.emplace_back([&, i] {
      const std::string path = i % 2 == 0 ? blocker.at("events_url").get<std::string>()
                                          : "/api/v1/jobs/" + jobs.back() + "/events";
      const auto events =
          server.follow(path, [](const SseEvent& event) { return event.name == "end"; });
      if (!events.empty() && events.back().name == "end") ++ends;
    });
  }
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&, i] {
      httplib::Client client("127.0.0.1", server.port());
      client.set_keep_alive(true);
      client.set_read_timeout(60);
      client.set_connection_timeout(60);
      const std::string paths[] = {"/api/v1/jobs/" + jobs[static_cast<size_t>(i) % jobs.size()],
                                   "/healthz", "/api/v1/clips?limit=5",
                                   warm.at("picture_url").get<std::string>()};
      for (int n = 0; n < kRequests; ++n) {
        const auto result = client.Get(paths[(i + n) % 4]);
        if (result && result->status == 200) {
          ++answers;
        } else {
          ++errors;
        }
      }
    });
  }
  for (std::thread& client : clients) client.join();
  const double after_mb = server.memory_mb();
  server.call("DELETE", blocker.at("url"), nullptr, 200);
  for (const std::string& job : jobs) EXPECT_EQ(server.finished(job).at("state"), "done");
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(errors, 0);
  EXPECT_EQ(answers, kClients * kRequests);
  EXPECT_EQ(ends, kStreams);
  // A connection costs a thread's stack and buffers, well below 100 KiB of memory that is used.
  EXPECT_LT(after_mb - before_mb, 64);
  RecordProperty("memory_growth_mb", std::to_string(after_mb - before_mb));
}

}  // namespace
}  // namespace riffle::test
