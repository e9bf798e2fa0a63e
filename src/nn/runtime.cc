// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/runtime.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <charconv>

#include "core/error.h"
#include "core/log.h"
#include "core/parallel.h"
#include "nn/blas_check.h"
#include "nn/torch_compat.h"

namespace riffle::nn {
namespace {

// The N of "cuda:N", 0 for "cuda"; -1 for anything else.
int cuda_index(std::string_view name) {
  if (name == "cuda") return 0;
  if (name.substr(0, 5) != "cuda:") return -1;
  const std::string_view digits = name.substr(5);
  int index = -1;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
  const bool whole = failed == std::errc() && end == digits.data() + digits.size();
  return whole && index >= 0 && index < 128 ? index : -1;
}

}  // namespace

at::Device choose_device(std::string_view name) {
  const bool have_cuda = compat::cuda_available();
  if (name == "cpu" || (name == "auto" && !have_cuda)) return at::kCPU;
  if (name == "auto") return {at::kCUDA, 0};
  const int index = cuda_index(name);
  if (index < 0) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("device: expected auto, cpu, cuda or cuda:N, got \"{}\"", name));
  }
  if (!have_cuda) {
    throw Error(ErrorCode::Device,
                fmt::format("device \"{}\": no CUDA device can be used by libtorch {}", name,
                            compat::libtorch_version()),
                "use --device cpu, or build against a CUDA libtorch 2.x on a machine with a GPU");
  }
  if (index >= compat::cuda_device_count()) {
    throw Error(ErrorCode::Device, fmt::format("device \"{}\": there are {} CUDA devices", name,
                                               compat::cuda_device_count()));
  }
  return {at::kCUDA, static_cast<at::DeviceIndex>(index)};
}

void use_threads(int threads) {
  set_thread_count(threads);
  at::set_num_threads(thread_count());
  set_blas_threads(thread_count());
}

std::string describe_runtime() {
  const int64_t devices = compat::cuda_available() ? compat::cuda_device_count() : 0;
  const std::string cuda = devices == 0 ? "no CUDA" : fmt::format("{} CUDA device(s)", devices);
  return fmt::format("libtorch {}, {}, {} threads, {}", compat::libtorch_version(),
                     blas_info().name, thread_count(), cuda);
}

void warn_if_slow() {
  if (const std::string line = blas_warning(); !line.empty()) log::warn("{}", line);
}

}  // namespace riffle::nn
