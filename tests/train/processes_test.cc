// SPDX-License-Identifier: GPL-3.0-or-later
// What only shows between real processes: two that train together, and one that is killed while it
// writes a checkpoint. The workers are this program again, told by the environment what to do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "core/error.h"
#include "support/test_files.h"
#include "train/c10d_group.h"
#include "train/log_file.h"
#include "train/toy_task.h"
#include "train/trainer.h"

namespace riffle::train {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolderVariable = "RIFFLE_TEST_RUN_FOLDER";
constexpr int64_t kSteps = 40;

TrainerOptions options_in(const fs::path& folder) {
  TrainerOptions options;
  options.folder = folder;
  options.steps = kSteps;
  options.batch = 8;
  options.rate = {.peak = 0.05, .warm_up_steps = 5};
  options.log_every = 1;
  options.validate_every = 0;
  options.samples_every = 0;
  return options;
}

// Runs one test of this program in a process of its own; returns its id.
pid_t start(const std::string& test, std::vector<std::string> variables) {
  std::string self = "/proc/self/exe";
  std::string filter = "--gtest_filter=" + test;
  std::string disabled = "--gtest_also_run_disabled_tests";
  char* arguments[] = {self.data(), filter.data(), disabled.data(), nullptr};
  std::vector<char*> environment;
  for (std::string& variable : variables) environment.push_back(variable.data());
  for (char** v = environ; *v != nullptr; ++v) environment.push_back(*v);
  environment.push_back(nullptr);
  pid_t child = 0;
  const int failed =
      posix_spawn(&child, self.c_str(), nullptr, nullptr, arguments, environment.data());
  if (failed != 0) throw Error(ErrorCode::Io, "cannot start a process");
  return child;
}

// The exit status, or minus the signal that ended it.
int result_of(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  bind(fd, reinterpret_cast<sockaddr*>(&address), length);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  close(fd);
  return ntohs(address.sin_port);
}

// What a process of its own runs.
TEST(Worker, DISABLED_TrainsTogether) {
  test::ToyTask task;
  const auto group = join_group(group_from_environment(), at::kCPU);
  Trainer(task, options_in(std::getenv(kFolderVariable)), group.get()).run({});
}

// From step 20 on the system refuses to let a file grow as large as a checkpoint, and says so by a
// signal in the middle of writing it.
TEST(Worker, DISABLED_IsKilledInTheMiddleOfACheckpoint) {
  test::ToyTask task(1 << 16);
  auto options = options_in(std::getenv(kFolderVariable));
  options.checkpoint_minutes = 0;  // after every update
  signal(SIGXFSZ, [](int) { kill(getpid(), SIGKILL); });
  task.before_loss = [&](int64_t step) {
    if (step != 20) return;
    const rlimit limit{.rlim_cur = 1 << 20, .rlim_max = 1 << 20};
    setrlimit(RLIMIT_FSIZE, &limit);
  };
  Trainer(task, options).run({});
}

class Processes : public testing::Test {
 protected:
  // Starts one worker for each rank and expects all to end well.
  void train_together(const fs::path& folder, int size) {
    const std::string port = std::to_string(free_port());
    std::vector<pid_t> workers;
    for (int rank = 0; rank < size; ++rank) {
      workers.push_back(start("Worker.DISABLED_TrainsTogether",
                              {"RANK=" + std::to_string(rank), "WORLD_SIZE=" + std::to_string(size),
                               "MASTER_ADDR=127.0.0.1", "MASTER_PORT=" + port,
                               std::string(kFolderVariable) + "=" + folder.string()}));
    }
    for (const pid_t worker : workers) EXPECT_EQ(result_of(worker), 0);
  }

  test::TemporaryFolder folder_;
};

TEST_F(Processes, TwoEqualOneWithTheSameBatch) {
  test::ToyTask task;
  Trainer alone(task, options_in(folder_ / "alone"));
  alone.run({});
  train_together(folder_ / "together", 2);
  const auto one = read_log(folder_ / "alone/log.jsonl");
  const auto two = read_log(folder_ / "together/log.jsonl");
  ASSERT_EQ(one.size(), two.size());
  for (size_t i = 0; i < one.size(); ++i) {
    // The mean of two halves' means, in another order of additions.
    EXPECT_NEAR(one[i].at("loss").get<double>(), two[i].at("loss").get<double>(),
                1e-5 * one[i].at("loss").get<double>() + 1e-7)
        << "at step " << i + 1;
    EXPECT_NEAR(one[i].at("gradient_norm").get<double>(), two[i].at("gradient_norm").get<double>(),
                1e-3);
  }
}

TEST_F(Processes, AKilledRunGoesOnBitForBit) {
  test::ToyTask task(1 << 16);
  Trainer uninterrupted(task, options_in(folder_ / "whole"));
  uninterrupted.run({});
  const fs::path folder = folder_ / "killed";
  EXPECT_EQ(result_of(start("Worker.DISABLED_IsKilledInTheMiddleOfACheckpoint",
                            {std::string(kFolderVariable) + "=" + folder.string()})),
            -SIGKILL);
  test::ToyTask again(1 << 16);
  Trainer resumed(again, options_in(folder));
  EXPECT_EQ(resumed.step(), 20);
  resumed.run({});
  EXPECT_TRUE(resumed.parameters().values().equal(uninterrupted.parameters().values()));
  EXPECT_EQ(read_log(folder / "log.jsonl").size(), static_cast<size_t>(kSteps));
  for (const auto& entry : fs::directory_iterator(folder / "checkpoints")) {
    EXPECT_NE(entry.path().extension(), ".part") << "what a killed process left is removed";
  }
}

}  // namespace
}  // namespace riffle::train
