// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/settings.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "support/test_files.h"

namespace riffle::cli {
namespace {

TEST(Settings, ValuesAreJsonOrText) {
  EXPECT_EQ(fields_of({}), Json::object());
  EXPECT_EQ(fields_of({"steps=8", "scheduler=unipc", "loop=true", "guidance=2.5"}),
            Json({{"steps", 8}, {"scheduler", "unipc"}, {"loop", true}, {"guidance", 2.5}}));
  EXPECT_EQ(fields_of({"negative_prompt=a=b"}), Json({{"negative_prompt", "a=b"}}));
  EXPECT_EQ(fields_of({"negative_prompt="}), Json({{"negative_prompt", ""}}));
}

TEST(Settings, APipelineHasItsOwn) {
  EXPECT_EQ(fields_of({"steps=8", "cover.strength=0.6", "cover.steps=4"}),
            Json({{"steps", 8}, {"cover", {{"strength", 0.6}, {"steps", 4}}}}));
}

TEST(Settings, RefusesWhatIsNoSetting) {
  for (const char* text : {"steps", "=8", ""}) {
    EXPECT_RIFFLE_ERROR(fields_of({text}), ErrorCode::InvalidArgument, "--set: expected");
  }
  EXPECT_RIFFLE_ERROR(fields_of({"covr.strength=0.6"}), ErrorCode::NotFound, "covr");
}

}  // namespace
}  // namespace riffle::cli
