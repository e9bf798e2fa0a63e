// SPDX-License-Identifier: GPL-3.0-or-later
// Device choice, threads, and the BLAS check's verdicts.
#include "nn/runtime.h"

#include <ATen/Parallel.h>
#include <gmock/gmock.h>

#include "core/error.h"
#include "core/parallel.h"
#include "nn/blas_check.h"
#include "nn/torch_compat.h"
#include "support/test_files.h"

namespace riffle::nn {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ChooseDevice, NamesTheKnownOnes) {
  EXPECT_EQ(choose_device("cpu").type(), at::kCPU);
  EXPECT_EQ(choose_device("auto").is_cuda(), compat::cuda_available());
  EXPECT_RIFFLE_ERROR(choose_device("tpu"), ErrorCode::InvalidArgument, "\"tpu\"");
  EXPECT_RIFFLE_ERROR(choose_device("cuda:x"), ErrorCode::InvalidArgument, "cuda:x");
  EXPECT_RIFFLE_ERROR(choose_device("cuda:1000"), ErrorCode::InvalidArgument, "cuda:1000");
  EXPECT_RIFFLE_ERROR(choose_device(""), ErrorCode::InvalidArgument, "device");
}

TEST(ChooseDevice, SaysWhenCudaIsAbsent) {
  if (compat::cuda_available()) {
    EXPECT_EQ(choose_device("cuda"), at::Device(at::kCUDA, 0));
    EXPECT_RIFFLE_ERROR(choose_device("cuda:99"), ErrorCode::Device, "cuda:99");
  } else {
    EXPECT_RIFFLE_ERROR(choose_device("cuda"), ErrorCode::Device, "no CUDA device");
  }
}

TEST(UseThreads, ReachesBothPools) {
  use_threads(1);
  EXPECT_EQ(thread_count(), 1);
  EXPECT_EQ(at::get_num_threads(), 1);
  use_threads(0);
  EXPECT_EQ(at::get_num_threads(), thread_count());
}

BlasInfo identify(const std::string& path, const std::string& symbol) {
  return identify_blas(path, [&](const char* name) { return symbol == name; });
}

TEST(BlasCheck, KnowsTunedLibrariesBySymbolOrPath) {
  EXPECT_EQ(identify("/usr/lib/x86_64-linux-gnu/openblas-pthread/libblas.so.3", "").kind,
            BlasKind::OpenBlas);
  EXPECT_EQ(identify("/usr/lib/libblas.so.3", "openblas_get_config").kind, BlasKind::OpenBlas);
  EXPECT_EQ(identify("/opt/intel/libmkl_rt.so.2", "").kind, BlasKind::Mkl);
  EXPECT_EQ(identify("/usr/lib/libblas.so.3", "bli_info_get_version_str").kind, BlasKind::Blis);
  EXPECT_THAT(blas_warning(identify("/opt/lib/libmkl_rt.so", "")), IsEmpty());
}

TEST(BlasCheck, WarnsOfTheReferenceLibrary) {
  const BlasInfo info = identify("/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0", "");
  EXPECT_EQ(info.kind, BlasKind::Reference);
  EXPECT_TRUE(info.slow);
  EXPECT_THAT(blas_warning(info), HasSubstr("apt-get install libopenblas0-pthread"));
  EXPECT_THAT(blas_warning(info), HasSubstr("libblas.so.3.11.0"));
}

TEST(BlasCheck, LeavesOtherLibrariesUnknown) {
  EXPECT_EQ(identify("/opt/lib/libwonder.so", "").kind, BlasKind::Unknown);
}

TEST(BlasCheck, DescribesThisProcess) {
  EXPECT_THAT(blas_info().name, testing::Not(IsEmpty()));
  EXPECT_THAT(describe_runtime(), HasSubstr("libtorch " + compat::libtorch_version()));
  EXPECT_THAT(describe_runtime(), HasSubstr(blas_info().name));
}

}  // namespace
}  // namespace riffle::nn
