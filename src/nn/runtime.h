// SPDX-License-Identifier: GPL-3.0-or-later
// What a program settles once before it computes: the device, the threads, and whether libtorch can
// multiply fast.
#pragma once

#include <c10/core/Device.h>

#include <string>
#include <string_view>

namespace riffle::nn {

// auto: the first CUDA device, or the CPU where there is none. cpu. cuda, cuda:N: that device.
// Throws Error{InvalidArgument} for another name and Error{Device} when the CUDA device is not
// there.
at::Device choose_device(std::string_view name);

// Sets how many threads Riffle's loops, libtorch's operators and the BLAS use; 0: every processor
// this process may run on. All share OpenMP's pool, the BLAS excepted where it keeps one of its
// own. Call it before heavy work and never from within parallel_for.
void use_threads(int threads);

// One line for `--version` and logs: "libtorch 1.13.0, OpenBLAS 0.3.21 ..., 2 threads, no CUDA".
std::string describe_runtime();

// Logs blas_warning() (nn/blas_check.h) when there is one; the lines of a program's start.
void warn_if_slow();

}  // namespace riffle::nn
