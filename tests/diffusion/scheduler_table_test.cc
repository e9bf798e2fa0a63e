// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/scheduler_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "core/error.h"
#include "support.h"
#include "support/test_files.h"

namespace riffle::diffusion {
namespace {

TEST(SchedulerTableTest, HasEverySchedulerOnceUnderOneName) {
  std::set<std::string_view> names;
  for (const SchedulerEntry& entry : scheduler_table()) {
    EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    EXPECT_FALSE(entry.help.empty()) << entry.name;
    EXPECT_GT(entry.recommended_steps, 0) << entry.name;
  }
  EXPECT_THAT(names,
              testing::IsSupersetOf({"pndm", "ddim", "euler", "euler_karras", "euler_ancestral",
                                     "heun", "lms", "dpmpp_2m", "dpmpp_2m_karras", "dpmpp_2m_sde",
                                     "dpmpp_sde", "unipc", "lcm"}));
}

TEST(SchedulerTableTest, RowsSayWhatTheirSchedulersDo) {
  const SchedulerConfig config = SchedulerConfig::stable_diffusion();
  for (const SchedulerEntry& entry : scheduler_table()) {
    SCOPED_TRACE(entry.name);
    const auto scheduler = entry.make(config);
    EXPECT_EQ(scheduler->evaluations_per_step(), entry.evaluations_per_step);
    scheduler->set_timesteps(entry.recommended_steps);
    EXPECT_GE(std::ssize(scheduler->timesteps()),
              (entry.recommended_steps - 1) * entry.evaluations_per_step);
    const at::Tensor sample = at::ones({1, 2}, at::kDouble);
    const double t = scheduler->timesteps().front();
    if (entry.is_stochastic) {
      EXPECT_RIFFLE_ERROR(scheduler->step(sample, t, sample), ErrorCode::InvalidArgument, "noise");
    } else {
      EXPECT_NO_THROW(scheduler->step(sample, t, sample));
    }
  }
}

TEST(SchedulerTableTest, FindsRowsByAnyOfTheirNames) {
  EXPECT_EQ(scheduler_entry("dpmpp_2m_karras").name, "dpmpp_2m_karras");
  EXPECT_EQ(scheduler_entry("DPM++ 2M Karras").name, "dpmpp_2m_karras");
  EXPECT_EQ(scheduler_entry("dpm++-2m-sde").name, "dpmpp_2m_sde");
  EXPECT_EQ(scheduler_entry("Euler a").name, "euler_ancestral");
  EXPECT_EQ(scheduler_entry("PLMS").name, "pndm");
  EXPECT_EQ(scheduler_entry("EulerDiscreteScheduler").name, "euler");
  EXPECT_EQ(scheduler_entry("DPMSolverMultistepScheduler").name, "dpmpp_2m");
  try {
    scheduler_entry("warp");
    ADD_FAILURE() << "a scheduler named warp";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::NotFound);
    EXPECT_THAT(error.hint(), testing::HasSubstr("dpmpp_2m_karras"));
  }
}

TEST(SchedulerTableTest, ABundlesOwnConfigurationPicksItsVariant) {
  SchedulerConfig config = SchedulerConfig::stable_diffusion();
  config.class_name = "EulerDiscreteScheduler";
  EXPECT_EQ(scheduler_entry_of(config).name, "euler");
  config.use_karras_sigmas = true;
  EXPECT_EQ(scheduler_entry_of(config).name, "euler_karras");
  config.class_name = "DPMSolverMultistepScheduler";
  EXPECT_EQ(scheduler_entry_of(config).name, "dpmpp_2m_karras");
  config.algorithm_type = SolverAlgorithm::SdeDpmSolverPlusPlus;
  EXPECT_EQ(scheduler_entry_of(config).name, "dpmpp_2m_sde");
  config.class_name = "FlowMatchEulerDiscreteScheduler";
  EXPECT_RIFFLE_ERROR(scheduler_entry_of(config), ErrorCode::Unsupported, "FlowMatch");
}

TEST(SchedulerTableTest, ARowSetsItsVariantWhateverTheBundleSays) {
  SchedulerConfig config = SchedulerConfig::stable_diffusion();
  config.use_karras_sigmas = true;
  config.algorithm_type = SolverAlgorithm::SdeDpmSolverPlusPlus;
  EXPECT_FALSE(scheduler_entry("euler").make(config)->config().use_karras_sigmas);
  EXPECT_FALSE(scheduler_entry("dpmpp_2m").make(config)->config().use_karras_sigmas);
  EXPECT_EQ(scheduler_entry("dpmpp_2m").make(config)->config().algorithm_type,
            SolverAlgorithm::DpmSolverPlusPlus);
}

}  // namespace
}  // namespace riffle::diffusion
