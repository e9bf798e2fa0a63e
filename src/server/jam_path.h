// SPDX-License-Identifier: GPL-3.0-or-later
// The way of a jam through prompts and seeds, as Riffusion walks it: from seed to seed within a
// prompt, and from prompt to prompt within a seed, some steps each.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace riffle::server {

// Between what a segment lies.
struct JamPlace {
  std::string prompt = {};
  std::string to = {};
  double alpha = 0;  // 0: prompt, 1: to
  int64_t seed = 0;
  int64_t to_seed = 0;
};

class JamPath {
 public:
  JamPath() = default;
  JamPath(std::string prompt, int64_t seed) : from_(std::move(prompt)), to_(from_), seed_(seed) {}

  // Of the next segment; the path goes on.
  JamPlace next();

  // The next segment begins to turn to this prompt. A turn that is on its way ends at the side it
  // is nearer to.
  void go_to(const std::string& prompt);
  // Prompts that follow, each held for so many segments before the next begins.
  void set_queue(std::deque<std::string> queue) { queue_ = std::move(queue); }
  void set_seed(int64_t seed);
  void set_pace(int64_t transition, int64_t hold) {
    transition_ = transition;
    hold_ = hold;
  }

  const std::string& prompt() const { return pending_ ? *pending_ : to_; }
  const std::deque<std::string>& queue() const { return queue_; }
  int64_t seed() const { return seed_; }

 private:
  void choose();

  std::string from_;
  std::string to_;
  int64_t seed_ = 0;
  int64_t to_seed_ = 0;
  std::optional<std::string> pending_;
  std::deque<std::string> queue_;
  int64_t transition_ = 4;
  int64_t hold_ = 4;
  int64_t step_ = 0;  // of the turn; 0: none is on its way
  int64_t held_ = 0;  // segments of the prompt itself
  bool first_ = true;
};

}  // namespace riffle::server
