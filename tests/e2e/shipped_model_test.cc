// SPDX-License-Identifier: GPL-3.0-or-later
// The model that comes with Riffle, held to those bars of "riffle eval" that it reaches, on few
// clips. What it falls short of stands in its card.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/json.h"
#include "e2e/process.h"

namespace riffle::test {
namespace {

class ShippedModel : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const TemporaryFolder folder;
    const std::string models = RIFFLE_SHIPPED_MODELS;
    const Finished done =
        riffle({"eval", models + "/riffle-small", "--judge", models + "/judges", "--quick",
                "--clips", "20", "-o", (folder / "eval").string(), "--json", "--quiet"});
    ASSERT_EQ(done.status, 0) << done.err;
    report() = parse_json(done.out, "stdout");
  }
  static Json& report() {
    static Json document;
    return document;
  }
  static const Json& judged(const std::string& name) {
    for (const Json& row : report().at("judges")) {
      if (row.at("name") == name) return row;
    }
    ADD_FAILURE() << "no judge is named " << name;
    static const Json kNone = {{"value", -1.0}, {"passed", false}, {"ceiling", 1.0}};
    return kNone;
  }
  static double value(const std::string& name) { return judged(name).at("value").get<double>(); }
};

TEST_F(ShippedModel, ReachesTheBarsOfItsCard) {
  for (const char* name : {"frechet", "morph_beat", "morph_loudness"}) {
    EXPECT_TRUE(judged(name).at("passed").get<bool>()) << judged(name).dump();
  }
}

// Of 32 covers, 0.8 and 60 % are reached; here are ten.
TEST_F(ShippedModel, CoversKeepTheMelodyInAnotherSound) {
  EXPECT_GE(value("cover_melody"), 0.75);
  EXPECT_GE(value("cover_instrument"), 0.5);
}

TEST_F(ShippedModel, PlaysWhatIsAskedForMoreOftenThanNot) {
  EXPECT_GE(value("drums"), 0.8);
  EXPECT_GE(value("tempo"), 0.5);
  EXPECT_GE(value("key"), 0.5);
  EXPECT_GE(value("chords"), 0.7);
  for (const char* name : {"instrument", "family"}) {
    EXPECT_GE(value(name), 0.6 * judged(name).at("ceiling").get<double>()) << name;
  }
}

// Of the first twenty prompts five ask for drums and seven for none. In the real music that
// steepness is compared with drums are the commoner, so time is the lower of the two here.
TEST_F(ShippedModel, IsNotBlurred) {
  EXPECT_GE(value("blur_time"), 0.6);
  EXPECT_GE(value("blur_frequency"), 0.7);
}

}  // namespace
}  // namespace riffle::test
