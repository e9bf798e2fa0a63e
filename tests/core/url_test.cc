// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/url.h"

#include <gtest/gtest.h>

namespace riffle {
namespace {

TEST(Url, EverythingButPlainLettersIsEscaped) {
  EXPECT_EQ(url_escaped("aZ09-_.~"), "aZ09-_.~");
  EXPECT_EQ(url_escaped("a b/\xC3\xBC&="), "a%20b%2F%C3%BC%26%3D");
  EXPECT_EQ(url_escaped(std::string_view("\0%", 2)), "%00%25");
}

}  // namespace
}  // namespace riffle
