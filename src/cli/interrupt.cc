// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/interrupt.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <thread>

#include "core/error.h"
#include "core/files.h"

namespace riffle::cli {
namespace {

std::atomic<int> g_wake_up{-1};  // the end of a pipe to write to
std::atomic<bool> g_stopping{false};

// Any thread may be the one that is interrupted, those that libraries started before main() too.
// Stopping a stop_source is not allowed in here, hence the pipe to a thread that does it.
void on_signal(int /*number*/) {
  if (g_stopping.exchange(true)) {
    PendingFile::remove_all_from_signal();
    _exit(exit_status(ErrorCode::Cancelled));
  }
  const int saved = errno;
  const char byte = 0;
  [[maybe_unused]] const auto written = ::write(g_wake_up, &byte, 1);
  errno = saved;
}

}  // namespace

std::stop_token stop_on_signals() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw Error(ErrorCode::Io, "cannot make a pipe for signals");
  }
  std::stop_source source;
  std::thread([source, from = ends[0]]() mutable {
    char byte = 0;
    while (::read(from, &byte, 1) < 0 && errno == EINTR) {
    }
    source.request_stop();
  }).detach();
  g_wake_up = ends[1];
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action {};
    if (sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN) continue;
    action = {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigaction(number, &action, nullptr);
  }
  return source.get_token();
}

}  // namespace riffle::cli
