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
  for (const char* name : {"frechet", "cover_melody", "morph_beat", "morph_loudness"}) {
    EXPECT_TRUE(judged(name).at("passed").get<bool>()) << judged(name).dump();
  }
}

TEST_F(ShippedModel, PlaysWhatIsAskedForMoreOftenThanNot) {
  EXPECT_GE(value("drums"), 0.75);
  EXPECT_GE(value("tempo"), 0.5);
  EXPECT_GE(value("blur_time"), 0.7);
  EXPECT_GE(value("family"), 0.6 * judged("family").at("ceiling").get<double>());
}

}  // namespace
}  // namespace riffle::test
