// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/jam_path.h"

#include <algorithm>
#include <utility>

namespace riffle::server {
namespace {

// Seeds have 32 bits; after the last comes the first.
int64_t seed_after(int64_t seed) { return (seed + 1) & 0xFFFFFFFF; }

}  // namespace

void JamPath::choose() {
  std::optional<std::string> next = std::exchange(pending_, std::nullopt);
  if (!next && !queue_.empty() && held_ >= hold_) {
    next = queue_.front();
    queue_.pop_front();
  }
  if (next && *next != from_) {
    to_ = *next;
    to_seed_ = seed_;
    held_ = 0;
  } else {
    to_ = from_;
    to_seed_ = seed_after(seed_);
  }
}

JamPlace JamPath::next() {
  if (first_) {
    first_ = false;
    if (pending_) from_ = to_ = *std::exchange(pending_, std::nullopt);
    ++held_;
    return {from_, from_, 0, seed_, seed_after(seed_)};
  }
  if (step_ == 0) choose();
  ++step_;
  const double alpha = std::min(1.0, static_cast<double>(step_) / static_cast<double>(transition_));
  JamPlace place{from_, to_, alpha, seed_, to_seed_};
  if (from_ == to_ || alpha >= 1) ++held_;
  if (alpha >= 1) {
    from_ = to_;
    seed_ = to_seed_;
    step_ = 0;
  }
  return place;
}

void JamPath::go_to(const std::string& prompt) {
  pending_ = prompt;
  if (step_ == 0) return;
  if (2 * step_ >= transition_) {
    from_ = to_;
    seed_ = to_seed_;
  } else {
    to_ = from_;
  }
  step_ = 0;
}

void JamPath::set_seed(int64_t seed) {
  seed_ = seed;
  to_seed_ = from_ == to_ ? seed_after(seed) : seed;
}

}  // namespace riffle::server
