// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/schedule_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "support/test_files.h"

namespace riffle::diffusion {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::Pointwise;

TEST(SpacedTimestepsTest, FollowTheTableOfLin) {
  EXPECT_THAT(spaced_timesteps(TimestepSpacing::Leading, 1000, 5, 1),
              ElementsAre(801, 601, 401, 201, 1));
  EXPECT_THAT(spaced_timesteps(TimestepSpacing::Trailing, 1000, 5, 0),
              ElementsAre(999, 799, 599, 399, 199));
  EXPECT_THAT(spaced_timesteps(TimestepSpacing::Linspace, 1000, 5, 0),
              ElementsAre(999, 749.25, 499.5, 249.75, 0));
  // Halves round to even, as numpy's: 937.5, 812.5.
  EXPECT_THAT(spaced_timesteps(TimestepSpacing::Trailing, 1000, 16, 0)[1], 937);
  EXPECT_THAT(spaced_timesteps(TimestepSpacing::Trailing, 1000, 16, 0)[3], 811);
  EXPECT_THAT(spaced_timesteps(TimestepSpacing::Linspace, 1000, 1, 0), ElementsAre(999));
}

TEST(SpacedTimestepsTest, EverySpacingGivesAsManyAsAskedDescendingInRange) {
  for (const auto spacing :
       {TimestepSpacing::Leading, TimestepSpacing::Trailing, TimestepSpacing::Linspace}) {
    for (int64_t steps = 1; steps <= 1000; ++steps) {
      const auto timesteps = spaced_timesteps(spacing, 1000, steps, 0);
      ASSERT_EQ(std::ssize(timesteps), steps);
      for (size_t i = 1; i < timesteps.size(); ++i) ASSERT_LT(timesteps[i], timesteps[i - 1]);
      ASSERT_LE(timesteps.front(), 999);
      ASSERT_GE(timesteps.back(), 0);
    }
  }
}

TEST(SpacedTimestepsTest, RefusesWhatTheTimestepsDoNotHold) {
  EXPECT_RIFFLE_ERROR(spaced_timesteps(TimestepSpacing::Leading, 1000, 0, 0),
                      ErrorCode::InvalidArgument, "1 to 1000, got 0");
  EXPECT_RIFFLE_ERROR(spaced_timesteps(TimestepSpacing::Leading, 1000, 1001, 0),
                      ErrorCode::InvalidArgument, "1 to 1000, got 1001");
  EXPECT_RIFFLE_ERROR(spaced_timesteps(TimestepSpacing::Leading, 1000, 1000, 1),
                      ErrorCode::InvalidArgument, "steps_offset 1");
}

TEST(KarrasSigmasTest, AreEquallySpacedInTheirSeventhRoot) {
  const auto sigmas = karras_sigmas(0.03, 14, 9);
  ASSERT_EQ(sigmas.size(), 9U);
  EXPECT_NEAR(sigmas.front(), 14, 1e-12);
  EXPECT_NEAR(sigmas.back(), 0.03, 1e-12);
  const double gap = std::pow(sigmas[0], 1.0 / 7) - std::pow(sigmas[1], 1.0 / 7);
  for (size_t i = 1; i < sigmas.size(); ++i)
    EXPECT_NEAR(std::pow(sigmas[i - 1], 1.0 / 7) - std::pow(sigmas[i], 1.0 / 7), gap, 1e-12);
}

TEST(SigmaPlanTest, LeadingStartsWithTheCleanPartCounted) {
  SchedulerConfig config = SchedulerConfig::stable_diffusion();
  const NoiseSchedule schedule(config);
  const SchedulePlan linspace = sigma_plan(config, schedule, 20);
  EXPECT_EQ(linspace.init_noise_sigma, linspace.levels.front().sigma);
  config.timestep_spacing = TimestepSpacing::Leading;
  const SchedulePlan leading = sigma_plan(config, schedule, 20);
  EXPECT_EQ(leading.timesteps.front(), 951);
  EXPECT_NEAR(leading.init_noise_sigma, std::sqrt(std::pow(schedule.sigma(951), 2) + 1), 1e-12);
  EXPECT_EQ(leading.levels.back().sigma, 0);
}

TEST(SolverPlanTest, EndsWhereTheConfigSays) {
  SchedulerConfig config = SchedulerConfig::stable_diffusion();
  const NoiseSchedule schedule(config);
  EXPECT_EQ(solver_plan(config, schedule, 10).levels.back().sigma, schedule.level(0).sigma);
  config.final_sigmas_type = FinalSigmas::Zero;
  EXPECT_EQ(solver_plan(config, schedule, 10).levels.back().sigma, 0);
  EXPECT_EQ(solver_plan(config, schedule, 10).levels.back().alpha, 1);
}

TEST(SolverPlanTest, VisitsNoTimestepTwice) {
  SchedulerConfig config = SchedulerConfig::stable_diffusion();
  config.use_karras_sigmas = true;
  const auto timesteps = solver_plan(config, NoiseSchedule(config), 200).timesteps;
  EXPECT_LT(timesteps.size(), 200U);
  for (size_t i = 1; i < timesteps.size(); ++i) ASSERT_LT(timesteps[i], timesteps[i - 1]);
}

}  // namespace
}  // namespace riffle::diffusion
