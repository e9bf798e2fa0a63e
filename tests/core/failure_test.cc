// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/failure.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <new>

namespace riffle {
namespace {

template <class Exception>
Failure failure_of(const Exception& exception) {
  return failure_from(std::make_exception_ptr(exception));
}

TEST(Failure, KeepsCodeMessageAndHintOfAnError) {
  const Failure failure =
      failure_of(Error(ErrorCode::BadFile, "a.wav: 3 bytes,\nexpected 44", "make it again"));
  EXPECT_EQ(failure.code, ErrorCode::BadFile);
  EXPECT_EQ(failure.message, "a.wav: 3 bytes, expected 44");
  EXPECT_EQ(failure.hint, "make it again");
  EXPECT_EQ(
      to_json(failure).dump(),
      R"({"code":"bad_file","message":"a.wav: 3 bytes, expected 44","hint":"make it again"})");
}

TEST(Failure, MemoryIsRecognisedInEveryForm) {
  EXPECT_EQ(failure_of(std::bad_alloc()).code, ErrorCode::OutOfMemory);
  EXPECT_EQ(failure_of(std::length_error("vector::_M_default_append")).code,
            ErrorCode::OutOfMemory);
  const Failure torch =
      failure_of(std::runtime_error("DefaultCPUAllocator: can't allocate memory: you tried to "
                                    "allocate 9 bytes.\nException raised"));
  EXPECT_EQ(torch.code, ErrorCode::OutOfMemory);
  EXPECT_EQ(torch.message.find('\n'), std::string::npos);
}

TEST(Failure, ForeignExceptionsLoseTheirBacktrace) {
  const Failure failure =
      failure_of(std::runtime_error("shape [2] is wrong\nException raised from x"));
  EXPECT_EQ(failure.code, ErrorCode::Internal);
  EXPECT_EQ(failure.message, "shape [2] is wrong");
  EXPECT_NE(failure.hint.find("report"), std::string::npos);
  EXPECT_EQ(failure_of(std::runtime_error("CUDA error: no kernel image")).code, ErrorCode::Device);
  EXPECT_EQ(failure_of(42).code, ErrorCode::Internal);
}

TEST(Failure, MissingFilesOfTheStandardLibraryAreNotFound) {
  try {
    std::filesystem::rename("/nowhere/at/all", "/nowhere/else");
    FAIL();
  } catch (...) {
    const Failure failure = failure_from(std::current_exception());
    EXPECT_EQ(failure.code, ErrorCode::NotFound);
    EXPECT_NE(failure.message.find("/nowhere/at/all"), std::string::npos);
  }
}

}  // namespace
}  // namespace riffle
