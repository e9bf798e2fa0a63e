// SPDX-License-Identifier: GPL-3.0-or-later
#include "nn/blas_check.h"

#include <ATen/Context.h>
#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

namespace riffle::nn {
namespace {

using Sgemm = void (*)(const char*, const char*, const int*, const int*, const int*, const float*,
                       const float*, const int*, const float*, const int*, const float*, float*,
                       const int*);

struct Marker {
  BlasKind kind;
  const char* symbol;
  const char* in_path;
  const char* name;
};

// The first match decides, symbols before paths.
constexpr Marker kMarkers[] = {
    {BlasKind::OpenBlas, "openblas_get_config", "openblas", "OpenBLAS"},
    {BlasKind::Mkl, "MKL_Get_Version", "mkl", "MKL"},
    {BlasKind::Blis, "bli_info_get_version_str", "blis", "BLIS"},
    {BlasKind::Atlas, "ATL_buildinfo", "atlas", "ATLAS"},
    {BlasKind::Accelerate, "appleblas_sgemm", "Accelerate", "Accelerate"},
    {BlasKind::Nvpl, "nvpl_blas_get_version", "nvpl", "NVPL BLAS"},
};

// Debian's and Netlib's reference library: libblas.so.3, in a folder named blas or straight in the
// library folder.
bool looks_like_reference(const std::string& path) {
  return std::filesystem::path(path).filename().string().rfind("libblas.so", 0) == 0;
}

// Rate of a 192 x 192 x 192 product: the reference library reaches 1 to 4 GFLOP/s, any tuned one
// more than 15.
double measure_gflops(Sgemm sgemm) {
  const int n = 192;
  const float one = 1.0F;
  const float zero = 0.0F;
  std::vector<float> a(static_cast<size_t>(n) * n, 0.5F);
  std::vector<float> c(a.size());
  double best_s = 1e9;
  for (int repeat = 0; repeat < 3; ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    sgemm("N", "N", &n, &n, &n, &one, a.data(), &n, a.data(), &n, &zero, c.data(), &n);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    best_s = std::min(best_s, elapsed.count());
  }
  return 2.0 * n * n * n / std::max(best_s, 1e-9) * 1e-9;
}

struct CloseLibrary {
  void operator()(void* handle) const { dlclose(handle); }
};

BlasInfo find_blas() {
  if (at::hasMKL()) return {.kind = BlasKind::Mkl, .name = "MKL (part of libtorch)", .path = {}};
  void* const sgemm = dlsym(RTLD_DEFAULT, "sgemm_");
  Dl_info where{};
  if (sgemm == nullptr || dladdr(sgemm, &where) == 0 || where.dli_fname == nullptr) {
    return {.kind = BlasKind::Unknown, .name = "unknown BLAS (sgemm_ is not visible)", .path = {}};
  }
  std::error_code failed;
  std::string path = std::filesystem::canonical(where.dli_fname, failed).string();
  if (failed) path = where.dli_fname;
  const std::unique_ptr<void, CloseLibrary> library(
      dlopen(where.dli_fname, RTLD_LAZY | RTLD_NOLOAD));
  // A look-up through the handle sees the library and what it links, not the rest of the process.
  const auto find = [&](const char* name) {
    return library ? dlsym(library.get(), name) : nullptr;
  };
  BlasInfo info = identify_blas(path, [&](const char* name) { return find(name) != nullptr; });
  if (void* config = find("openblas_get_config"); config != nullptr) {
    info.name = reinterpret_cast<const char* (*)()>(config)();
  }
  if (info.kind == BlasKind::Unknown) {
    info.gflops = measure_gflops(reinterpret_cast<Sgemm>(sgemm));
    info.slow = info.gflops < 8.0;
  }
  return info;
}

}  // namespace

BlasInfo identify_blas(const std::string& path,
                       const std::function<bool(const char*)>& has_symbol) {
  BlasInfo info{.kind = BlasKind::Unknown, .name = "unknown BLAS", .path = path};
  for (const Marker& marker : kMarkers) {
    if (has_symbol(marker.symbol)) {
      info.kind = marker.kind;
      info.name = marker.name;
      return info;
    }
  }
  for (const Marker& marker : kMarkers) {
    if (path.find(marker.in_path) != std::string::npos) {
      info.kind = marker.kind;
      info.name = marker.name;
      return info;
    }
  }
  if (looks_like_reference(path)) {
    info.kind = BlasKind::Reference;
    info.name = "reference BLAS";
    info.slow = true;
  }
  return info;
}

const BlasInfo& blas_info() {
  static const BlasInfo kInfo = find_blas();
  return kInfo;
}

std::string blas_warning(const BlasInfo& info) {
  if (!info.slow) return {};
  const std::string rate =
      info.gflops > 0 ? fmt::format(", {:.1f} GFLOP/s on one small product", info.gflops) : "";
  return fmt::format(
      "matrix products run on the {} ({}{}), tens of times slower than they could; "
      "install a tuned one: apt-get install libopenblas0-pthread",
      info.name, info.path, rate);
}

void set_blas_threads(int threads) {
  if (blas_info().kind != BlasKind::OpenBlas) return;
  // OpenBLAS's own pool; its OpenMP build follows OpenMP anyway. Not found: an OpenBLAS linked into
  // another library.
  if (void* set = dlsym(RTLD_DEFAULT, "openblas_set_num_threads"); set != nullptr) {
    reinterpret_cast<void (*)(int)>(set)(threads);
  }
}

}  // namespace riffle::nn
