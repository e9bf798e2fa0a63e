// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <exception>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace riffle {
namespace {

std::atomic<int> g_threads{0};

int available_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

}  // namespace

void set_thread_count(int threads) { g_threads = std::max(0, threads); }

int thread_count() {
  const int asked = g_threads;
  static const int kDefault = available_processors();
  return asked > 0 ? asked : kDefault;
}

void parallel_for(int64_t count, int64_t grain, const std::function<void(int64_t, int64_t)>& body) {
  grain = std::max<int64_t>(1, grain);
  const int64_t blocks = (count + grain - 1) / grain;
#ifdef _OPENMP
  const int threads = static_cast<int>(std::min<int64_t>(thread_count(), blocks));
  if (threads > 1 && omp_in_parallel() == 0) {
    std::exception_ptr first;
    std::atomic<bool> failed{false};
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (int64_t block = 0; block < blocks; ++block) {
      if (failed) continue;
      try {
        body(block * grain, std::min(count, (block + 1) * grain));
      } catch (...) {
        if (!failed.exchange(true)) first = std::current_exception();
      }
    }
    if (first) std::rethrow_exception(first);
    return;
  }
#endif
  for (int64_t block = 0; block < blocks; ++block) {
    body(block * grain, std::min(count, (block + 1) * grain));
  }
}

}  // namespace riffle
