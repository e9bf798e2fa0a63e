// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/job.h"

#include "core/error.h"

namespace riffle {

void Job::check() const {
  if (stop.stop_requested()) throw Error(ErrorCode::Cancelled, "cancelled");
}

void Job::report(std::string_view stage, int64_t done, int64_t total) const {
  if (on_progress) on_progress({stage, done, total});
}

}  // namespace riffle
