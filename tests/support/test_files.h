// SPDX-License-Identifier: GPL-3.0-or-later
// Where tests find golden data, reference recordings that are not part of the repository, and room
// for temporary files.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>

namespace riffle::test {

// tests/golden/NAME
std::filesystem::path golden_file(const std::string& name);

// A file of the reference collection ("spectrogram/clip_1.wav"), which lies in ../shared/reference
// beside a checkout, or in $RIFFLE_REFERENCE. Empty when absent: the test then skips and says so
// (RIFFLE_REFERENCE_OR_SKIP).
std::optional<std::filesystem::path> reference_file(const std::string& name);

// A fresh folder, removed with everything in it at the end of the scope.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace riffle::test

// Declares `variable` as the path of a reference file, or skips the test.
#define RIFFLE_REFERENCE_OR_SKIP(variable, name)                                           \
  const auto maybe_##variable = ::riffle::test::reference_file(name);                      \
  if (!maybe_##variable) GTEST_SKIP() << "reference file " << (name) << " is not at hand"; \
  const std::filesystem::path& variable = *maybe_##variable

// Passes when `statement` throws riffle::Error with this code and a message containing `part`.
#define EXPECT_RIFFLE_ERROR(statement, expected_code, part)                               \
  try {                                                                                   \
    statement;                                                                            \
    ADD_FAILURE() << "expected an Error with \"" << (part) << "\"";                       \
  } catch (const ::riffle::Error& e) {                                                    \
    EXPECT_EQ(::riffle::name_of(e.code()), ::riffle::name_of(expected_code)) << e.what(); \
    EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();           \
  }
