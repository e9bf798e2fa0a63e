// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/strength.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "support.h"
#include "support/test_files.h"

namespace riffle::diffusion::test {
namespace {

// The table measured on Riffusion's own pipeline: evaluations and the first timestep.
TEST(RiffuseStrengthTest, CostsAndStartsAsTheOriginal) {
  struct Row {
    int64_t steps;
    double strength;
    int64_t evaluations;
    double first;
  };
  const Row rows[] = {{50, 0.4, 21, 401},  {50, 0.45, 23, 441}, {50, 0.5, 26, 501},
                      {50, 0.55, 28, 541}, {50, 0.6, 31, 601},  {50, 0.75, 38, 741},
                      {50, 0.8, 41, 801},  {50, 0.85, 43, 841}, {50, 0.95, 48, 941},
                      {50, 1.0, 50, 961},  {50, 0.0, 1, 1},     {25, 0.55, 14, 521},
                      {25, 0.75, 19, 721}};
  const auto scheduler = make("pndm", SchedulerConfig::stable_diffusion());
  for (const Row& row : rows) {
    scheduler->set_timesteps(row.steps);
    const StartPlace start = riffuse_start_of_strength(*scheduler, row.strength);
    EXPECT_EQ(std::ssize(scheduler->timesteps()) - start.first_index, row.evaluations)
        << row.steps << " " << row.strength;
    EXPECT_EQ(scheduler->timesteps()[static_cast<size_t>(start.noise_index)], row.first);
    EXPECT_EQ(scheduler->timesteps()[static_cast<size_t>(start.first_index)], row.first);
  }
}

TEST(StrengthTest, TakesThatShareOfTheStepsAndAtLeastOne) {
  const auto ddim = make("ddim", SchedulerConfig::stable_diffusion());
  ddim->set_timesteps(40);
  EXPECT_EQ(start_of_strength(*ddim, 1).first_index, 0);
  EXPECT_EQ(start_of_strength(*ddim, 0.5).first_index, 20);
  EXPECT_EQ(start_of_strength(*ddim, 0.49).first_index, 21);
  EXPECT_EQ(start_of_strength(*ddim, 0).first_index, 39);
  const auto heun = make("heun", SchedulerConfig::stable_diffusion());
  heun->set_timesteps(40);
  EXPECT_EQ(start_of_strength(*heun, 0.5).first_index, 40);
  EXPECT_EQ(start_of_strength(*heun, 0).first_index, 78);
}

TEST(StrengthTest, EverySchedulerCanStartWhereItSays) {
  for (const SchedulerEntry& entry : scheduler_table()) {
    const auto scheduler = entry.make(SchedulerConfig::stable_diffusion());
    scheduler->set_timesteps(20);
    for (const double strength : {0.0, 0.01, 0.3, 0.5, 0.99, 1.0}) {
      EXPECT_NO_THROW(scheduler->start_at(start_of_strength(*scheduler, strength).first_index))
          << entry.name << " " << strength;
    }
  }
}

TEST(StrengthTest, RefusesOtherNumbers) {
  const auto scheduler = make("ddim", SchedulerConfig::stable_diffusion());
  EXPECT_RIFFLE_ERROR(start_of_strength(*scheduler, 0.5), ErrorCode::InvalidArgument,
                      "set_timesteps");
  scheduler->set_timesteps(5);
  EXPECT_RIFFLE_ERROR(start_of_strength(*scheduler, 1.01), ErrorCode::InvalidArgument, "1.01");
  EXPECT_RIFFLE_ERROR(riffuse_start_of_strength(*scheduler, -0.1), ErrorCode::InvalidArgument,
                      "-0.1");
  EXPECT_RIFFLE_ERROR(start_of_strength(*scheduler, std::nan("")), ErrorCode::InvalidArgument,
                      "nan");
}

}  // namespace
}  // namespace riffle::diffusion::test
