// SPDX-License-Identifier: GPL-3.0-or-later
// What long work is handed: a way to report how far it is and a way to be stopped.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string_view>

namespace riffle {

struct Progress {
  std::string_view stage;  // "decode", "phase", ...; valid only during the call
  int64_t done = 0;
  int64_t total = 0;  // 0: not known
};

struct Job {
  std::stop_token stop;
  std::function<void(const Progress&)>
      on_progress;  // may be empty; called from any thread, one call at a time

  // Throws Error{Cancelled} when a stop was asked for. Called at least once a step of any loop that
  // can take 100 ms.
  void check() const;
  void report(std::string_view stage, int64_t done, int64_t total) const;
};

}  // namespace riffle
