// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/tags.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "support/test_files.h"

namespace riffle::audio {
namespace {

TEST(Tags, SetReplacesInPlaceOrAppends) {
  Tags tags = {{"title", "a"}, {"artist", "b"}};
  set_tag(tags, "title", "c");
  set_tag(tags, "comment", "d");
  EXPECT_EQ(tags, (Tags{{"title", "c"}, {"artist", "b"}, {"comment", "d"}}));
  ASSERT_NE(find_tag(tags, "artist"), nullptr);
  EXPECT_EQ(*find_tag(tags, "artist"), "b");
  EXPECT_EQ(find_tag(tags, "album"), nullptr);
}

TEST(Tags, ValidationNamesTheKeyAndTheFault) {
  EXPECT_NO_THROW(validate_tags({{"title", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x8E\xB5"}, {"x_y", "1"}}));
  const auto refused = [](const Tags& tags, const char* part) {
    EXPECT_RIFFLE_ERROR(validate_tags(tags), ErrorCode::InvalidArgument, part);
  };
  refused({{"", "x"}}, "the key is empty");
  refused({{"a=b", "x"}}, "\"a=b\"");
  refused({{"Title", "x"}}, "lower-case");
  refused({{std::string(256, 'k'), "x"}}, "at most 255");
  refused({{"title", ""}}, "the value is empty");
  refused({{"title", std::string("a\0b", 3)}}, "NUL");
  refused({{"title", "x"}, {"title", "y"}}, "twice");
  refused({{"comment", std::string((4 << 20) + 1, 'x')}}, "expected at most");
}

TEST(Tags, OnlyWellFormedUtf8Passes) {
  // Overlong, surrogate, above U+10FFFF, a lone continuation, a sequence cut short.
  for (const char* bad :
       {"\xC0\xAF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80", "a\xE2\x82"}) {
    EXPECT_RIFFLE_ERROR(validate_tags({{"title", bad}}), ErrorCode::InvalidArgument, "UTF-8");
  }
}

TEST(Tags, OtherBytesAreReadAsLatin1) {
  EXPECT_EQ(to_utf8("M\xC3\xBCnchen"), "M\xC3\xBCnchen");
  EXPECT_EQ(to_utf8("M\xFCnchen"), "M\xC3\xBCnchen");
}

}  // namespace
}  // namespace riffle::audio
