// SPDX-License-Identifier: GPL-3.0-or-later
// Which library multiplies matrices for libtorch. Debian's libtorch takes whatever libblas.so.3
// points to, and with the reference BLAS (the default when OpenBLAS is not installed) it is some 35
// times slower without saying a word.
#pragma once

#include <functional>
#include <string>

namespace riffle::nn {

enum class BlasKind { OpenBlas, Mkl, Blis, Atlas, Accelerate, Nvpl, Reference, Unknown };

struct BlasInfo {
  BlasKind kind = BlasKind::Unknown;
  std::string name;  // "OpenBLAS 0.3.21 DYNAMIC_ARCH ...", "MKL", "reference BLAS", "unknown BLAS"
  std::string path;  // the file sgemm_ was found in; empty when it is linked into libtorch
  bool slow = false;
  double gflops = 0;  // of one small product; measured only when the kind is unknown
};

// Decides from the resolved path of the library that holds sgemm_ and from the marker symbols it
// (or what it links) exports. `has_symbol` is asked for names such as "openblas_get_config". kind
// and name only.
BlasInfo identify_blas(const std::string& path, const std::function<bool(const char*)>& has_symbol);

// The BLAS of this process, found once: some microseconds, or some milliseconds when it has to be
// measured.
const BlasInfo& blas_info();

// Empty, or the line to warn with, ending in what to install.
std::string blas_warning(const BlasInfo& info = blas_info());

// Threads of that library's own pool, where it has one that can be told (OpenBLAS); else nothing
// happens.
void set_blas_threads(int threads);

}  // namespace riffle::nn
