// SPDX-License-Identifier: GPL-3.0-or-later
// RIFFLE_MULTIARCH before a function: compiled for AVX-512, AVX2 and the baseline, the best one
// chosen at load time. GCC on x86-64 only, and not under sanitizers, whose run-time is not ready
// when the choice is made.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define RIFFLE_MULTIARCH \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define RIFFLE_MULTIARCH
#endif
