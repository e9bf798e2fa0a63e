// SPDX-License-Identifier: GPL-3.0-or-later
// Data-parallel loops on the process's one pool of compute threads (OpenMP's, the one libtorch also
// uses: two pools on few cores starve each other).
#pragma once

#include <cstdint>
#include <functional>

namespace riffle {

// 0 restores the default: all processors this process may run on.
void set_thread_count(int threads);
int thread_count();

// Calls body(begin, end) over disjoint ranges that cover [0, count), each at most `grain` long, in
// any order and on any thread. The first exception thrown by a body is rethrown here after all
// ranges have ended. Nested calls run serially.
void parallel_for(int64_t count, int64_t grain, const std::function<void(int64_t, int64_t)>& body);

}  // namespace riffle
