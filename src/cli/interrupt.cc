// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/interrupt.h"

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "core/error.h"
#include "core/files.h"

namespace riffle::cli {
namespace {

bool ignored(int number) {
  struct sigaction action {};
  return sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

std::stop_token stop_on_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    if (!ignored(number)) sigaddset(&signals, number);
  }
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::stop_source source;
  std::thread([signals, source]() mutable {
    int number = 0;
    while (sigwait(&signals, &number) == 0) {
      if (!source.request_stop()) {
        PendingFile::remove_all_from_signal();
        _exit(exit_status(ErrorCode::Cancelled));
      }
    }
  }).detach();
  return source.get_token();
}

}  // namespace riffle::cli
