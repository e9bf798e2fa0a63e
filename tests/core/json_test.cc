// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/json.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "support/test_files.h"

namespace riffle {
namespace {

TEST(Json, FieldsByType) {
  const Json j =
      parse_json(R"({"a": 1, "b": 2.5, "c": "x", "d": [1, 2], "e": null, "f": true})", "t");
  EXPECT_EQ(json_get<int>(j, "a", "t"), 1);
  EXPECT_EQ(json_get<double>(j, "a", "t"), 1.0);
  EXPECT_EQ(json_get<double>(j, "b", "t"), 2.5);
  EXPECT_EQ(json_get<std::string>(j, "c", "t"), "x");
  EXPECT_EQ(json_get<std::vector<int64_t>>(j, "d", "t"), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(json_get_or<int>(j, "e", 7, "t"), 7);
  EXPECT_EQ(json_get_or<int>(j, "z", 8, "t"), 8);
  EXPECT_TRUE(json_get<bool>(j, "f", "t"));
}

TEST(Json, ErrorsNameFileFieldAndValue) {
  const Json j = parse_json(R"({"a": 2.5, "b": 5000000000, "c": -1})", "config.json");
  EXPECT_RIFFLE_ERROR(json_get<int>(j, "a", "config.json"), ErrorCode::BadFile,
                      "config.json: \"a\": expected an integer, got 2.5");
  EXPECT_RIFFLE_ERROR(json_get<int>(j, "b", "x"), ErrorCode::BadFile, "smaller integer");
  EXPECT_RIFFLE_ERROR(json_get<uint64_t>(j, "c", "x"), ErrorCode::BadFile, "larger integer");
  EXPECT_RIFFLE_ERROR(json_get<int>(j, "q", "x"), ErrorCode::BadFile, "\"q\" is missing");
  EXPECT_RIFFLE_ERROR(parse_json("{", "x.json"), ErrorCode::BadFile, "x.json: not valid JSON");
  EXPECT_RIFFLE_ERROR(parse_json(std::string(100000, '['), "x.json"), ErrorCode::BadFile, "x.json");
}

}  // namespace
}  // namespace riffle
