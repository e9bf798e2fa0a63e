// SPDX-License-Identifier: GPL-3.0-or-later
// Trajectories of diffusers 0.21.4 on an analytic model.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "core/files.h"
#include "support.h"
#include "support/safetensors_lite.h"
#include "support/test_files.h"

namespace riffle::diffusion::test {
namespace {

// Two float32 runs of up to 99 evaluations that differ in the order of operations. The worst case
// measured is 2e-6.
constexpr double kTolerance = 1e-5;

at::Tensor golden(const riffle::test::SafetensorsLite& file, const std::string& name) {
  return at::tensor(file.values<float>(name)).view(file.shape(name));
}

using Case = std::tuple<const char*, int>;

class SchedulerGoldenTest : public testing::TestWithParam<Case> {};

TEST_P(SchedulerGoldenTest, FollowsTheReference) {
  const auto& [name, steps] = GetParam();
  const auto path = riffle::test::golden_file("schedulers.json");
  const Json configs = parse_python_json(read_text_file(path, 1 << 20), path.string());
  const riffle::test::SafetensorsLite file(riffle::test::golden_file("schedulers.safetensors"));
  const std::string key = std::string(name) + "." + std::to_string(steps) + ".";

  const auto scheduler = make(name, scheduler_config_from_json(configs.at(name), name));
  scheduler->set_timesteps(steps);
  const auto timesteps = file.values<float>(key + "timesteps");
  ASSERT_EQ(scheduler->timesteps().size(), timesteps.size());
  // Whole timesteps must be equal. Those between are made from sigmas, in float32 in the reference.
  for (size_t i = 0; i < timesteps.size(); ++i)
    EXPECT_NEAR(scheduler->timesteps()[i], timesteps[i], 2e-3) << "at " << i;

  const at::Tensor start = golden(file, "noise") * scheduler->init_noise_sigma();
  const Sampled got = run(*scheduler, start, analytic_model);
  const at::Tensor trajectory = golden(file, key + "trajectory");
  const auto kept = static_cast<size_t>(trajectory.size(0));
  ASSERT_GE(got.trajectory.size(), kept);
  const size_t first = got.trajectory.size() - kept;
  double worst = 0;
  for (size_t i = 0; i < kept; ++i) {
    const double error =
        relative_error(got.trajectory[first + i][0], trajectory[static_cast<int64_t>(i)]);
    EXPECT_LT(error, kTolerance) << "after evaluation " << first + i;
    worst = std::max(worst, error);
  }
  EXPECT_LT(relative_error(got.last(), golden(file, key + "final")), kTolerance);
  RecordProperty("worst_relative_error", fmt::format("{:.1e}", worst));
}

INSTANTIATE_TEST_SUITE_P(Diffusers, SchedulerGoldenTest,
                         testing::Combine(testing::Values("pndm", "ddim", "euler", "euler_karras",
                                                          "heun", "lms", "dpmpp_2m",
                                                          "dpmpp_2m_karras", "unipc"),
                                          testing::Values(5, 12, 23, 50)),
                         [](const testing::TestParamInfo<Case>& c) {
                           return std::string(std::get<0>(c.param)) + "_" +
                                  std::to_string(std::get<1>(c.param));
                         });

}  // namespace
}  // namespace riffle::diffusion::test
