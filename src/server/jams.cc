// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/jams.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/problem.h"

namespace riffle::server {
namespace {

constexpr auto kKept = std::chrono::minutes(10);  // after its end
constexpr size_t kMostKept = 16;

}  // namespace

JamPtr Jams::start(std::string prompt, const JamChange& first, std::optional<int64_t> segments) {
  const std::lock_guard lock(mutex_);
  forget();
  const auto going = std::ranges::count_if(jams_, [](const auto& e) { return !e.second->over(); });
  if (going >= limit_) {
    throw ProblemError({.status = 429,
                        .code = "queue_full",
                        .detail = fmt::format("{} jams are going on already", going),
                        .hint = "end one of them, or start the server with a larger --max-jams",
                        .retry_after_s = 30});
  }
  auto jam = std::make_shared<Jam>(tools_, std::move(prompt), first, segments);
  jams_.emplace(jam->id(), jam);
  order_.push_back(jam->id());
  return jam;
}

JamPtr Jams::find(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = jams_.find(id);
  if (found == jams_.end()) return nullptr;
  found->second->touch();
  return found->second;
}

std::vector<JamPtr> Jams::list() {
  const std::lock_guard lock(mutex_);
  std::vector<JamPtr> going;
  for (const std::string& id : order_) {
    const JamPtr& jam = jams_.at(id);
    if (!jam->over()) going.push_back(jam);
  }
  return going;
}

int64_t Jams::count() { return static_cast<int64_t>(list().size()); }

void Jams::end_all() {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, jam] : jams_) jam->end();
}

void Jams::forget() {
  size_t over = 0;
  for (auto it = order_.rbegin(); it != order_.rend(); ++it) {
    const JamPtr& jam = jams_.at(*it);
    if (jam->over() && (++over > kMostKept || jam->untouched() > kKept)) jams_.erase(*it);
  }
  std::erase_if(order_, [&](const std::string& id) { return !jams_.contains(id); });
}

}  // namespace riffle::server
