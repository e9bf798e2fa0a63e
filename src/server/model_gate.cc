// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/model_gate.h"

namespace riffle::server {

thread_local Urgency UrgencyScope::current_ = Urgency::Queued;

ModelGate::Turn::Turn(ModelGate& gate) : gate_(gate) {
  std::unique_lock lock(gate_.mutex_);
  const Ticket ticket{UrgencyScope::current(), gate_.next_++};
  gate_.waiting_.insert(ticket);
  gate_.free_.wait(lock, [&] { return !gate_.busy_ && *gate_.waiting_.begin() == ticket; });
  gate_.waiting_.erase(ticket);
  gate_.busy_ = true;
}

ModelGate::Turn::~Turn() {
  const std::lock_guard lock(gate_.mutex_);
  gate_.busy_ = false;
  gate_.free_.notify_all();
}

}  // namespace riffle::server
