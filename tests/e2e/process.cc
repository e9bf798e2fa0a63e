// SPDX-License-Identifier: GPL-3.0-or-later
#include "e2e/process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <numbers>
#include <random>
#include <stdexcept>

#include "audio/audio_writer.h"
#include "core/files.h"

extern char** environ;

namespace riffle::test {

namespace fs = std::filesystem;

Process::Process(std::vector<std::string> command) {
  std::vector<char*> argv;
  for (auto& word : command) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const auto open = [&](int descriptor, const std::string& path, int flags) {
    posix_spawn_file_actions_addopen(&actions, descriptor, path.c_str(), flags, 0600);
  };
  open(0, "/dev/null", O_RDONLY);
  open(1, (streams_ / "out").string(), O_WRONLY | O_CREAT);
  open(2, (streams_ / "err").string(), O_WRONLY | O_CREAT);
  // Signals as in a terminal, whatever the tests themselves were started with.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, number);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  const int error = posix_spawnp(&pid_, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error("cannot start " + command[0]);
}

Process::~Process() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Process::signal(int number) const { ::kill(pid_, number); }

bool Process::is_running() const {
  siginfo_t info{};
  // Left for wait() to collect.
  return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0;
}

std::string Process::out_so_far() const { return read_text_file(streams_ / "out", 64 << 20); }

Finished Process::wait() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  constexpr uint64_t kMaxBytes = 64 << 20;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          read_text_file(streams_ / "out", kMaxBytes), read_text_file(streams_ / "err", kMaxBytes)};
}

Finished run(std::vector<std::string> command) { return Process(std::move(command)).wait(); }

std::vector<std::string> riffle_command(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), RIFFLE_PROGRAM);
  return arguments;
}

Finished riffle(std::vector<std::string> arguments) {
  return run(riffle_command(std::move(arguments)));
}

audio::Waveform make_sound(double seconds, int channels, int sample_rate) {
  std::mt19937 random(7);
  std::normal_distribution<float> noise(0, 0.003F);
  const auto frames = static_cast<size_t>(seconds * sample_rate);
  audio::Waveform sound{sample_rate,
                        std::vector<std::vector<float>>(static_cast<size_t>(channels))};
  for (size_t c = 0; c < sound.samples.size(); ++c) {
    sound.samples[c].resize(frames);
    for (size_t i = 0; i < frames; ++i) {
      const double t = static_cast<double>(i) / sample_rate;
      const double root = 110 * std::exp2(std::floor(2 * t) / 12) * static_cast<double>(c + 1);
      double value = 0;
      for (const double harmonic : {1.0, 1.25, 1.5, 4.0}) {
        value += 0.1 * std::sin(2 * std::numbers::pi * root * harmonic * t);
      }
      sound.samples[c][i] = static_cast<float>(value) + noise(random);
    }
  }
  return sound;
}

void write_sound(const fs::path& path, const audio::Waveform& sound) {
  audio::write_audio(path, sound, {.maybe_sample_type = audio::SampleType::Int16});
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace riffle::test
