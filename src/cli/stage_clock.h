// SPDX-License-Identifier: GPL-3.0-or-later
// Seconds by stage of a running job.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace riffle::cli {

using BenchClock = std::chrono::steady_clock;

inline double seconds_since(BenchClock::time_point start) {
  return std::chrono::duration<double>(BenchClock::now() - start).count();
}

// A report comes at the end of a piece of its stage, so the time since the report before it is that
// stage's.
class StageClock {
 public:
  void start() {
    stages_.clear();
    last_ = BenchClock::now();
  }
  void report(std::string_view stage) {
    const double passed_s = seconds_since(last_);
    last_ = BenchClock::now();
    if (stages_.empty() || stages_.back().first != stage) stages_.emplace_back(stage, 0.0);
    stages_.back().second += passed_s;
  }
  const std::vector<std::pair<std::string, double>>& stages() const { return stages_; }

 private:
  std::vector<std::pair<std::string, double>> stages_;
  BenchClock::time_point last_;
};

}  // namespace riffle::cli
