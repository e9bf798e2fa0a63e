// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/pndm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "support.h"

namespace riffle::diffusion::test {
namespace {

TEST(PndmTest, ListsTheSecondTimestepTwice) {
  const auto scheduler = make("pndm", SchedulerConfig::stable_diffusion());
  scheduler->set_timesteps(50);
  const auto& t = scheduler->timesteps();
  ASSERT_EQ(t.size(), 51U);
  EXPECT_THAT(std::vector<double>(t.begin(), t.begin() + 4),
              testing::ElementsAre(981, 961, 961, 941));
  EXPECT_EQ(t.back(), 1);
  scheduler->set_timesteps(2);
  EXPECT_THAT(scheduler->timesteps(), testing::ElementsAre(501, 1, 1));
  scheduler->set_timesteps(1);
  EXPECT_THAT(scheduler->timesteps(), testing::ElementsAre(1));
}

// Liu et al. 2022, eq. 9, from timestep t to timestep `to` (below 0: the first level).
at::Tensor transfer(const NoiseSchedule& schedule, const at::Tensor& x, const at::Tensor& eps,
                    int t, int to) {
  const auto& abar = schedule.alphas_cumprod();
  const double at = abar[static_cast<size_t>(t)];
  const double ap = to < 0 ? abar[0] : abar[static_cast<size_t>(to)];
  return std::sqrt(ap / at) * x -
         (ap - at) * eps / (at * std::sqrt(1 - ap) + std::sqrt(at * (1 - at) * ap));
}

// What a run begun in the middle of the list does, written out: 50 steps at strength 0.1, so that
// the model is told 101, 81, 61, 41, 21 and 1 where the spacing is 20.
TEST(PndmTest, ARunBegunInTheMiddleTakesItsFirstStepTwice) {
  const auto scheduler = make("pndm", SchedulerConfig::stable_diffusion());
  scheduler->set_timesteps(50);
  scheduler->start_at(45);
  ASSERT_EQ(scheduler->timesteps()[45], 101);
  const NoiseSchedule& s = scheduler->noise_schedule();
  const at::Tensor start = seeded_noise(3, {1, 4, 8, 8}).to(at::kDouble);
  const Sampled got = run(*scheduler, start, analytic_model);
  ASSERT_EQ(got.trajectory.size(), 6U);

  std::vector<at::Tensor> expected;
  const at::Tensor e101 = analytic_model(start, 101);
  expected.push_back(transfer(s, start, e101, 101, 81));
  const at::Tensor e81 = analytic_model(expected[0], 81);
  expected.push_back(transfer(s, start, (e101 + e81) / 2, 101, 81));  // back and once more
  // The sample is still at 81 when the model is told 61, and e81 is forgotten.
  const at::Tensor e61 = analytic_model(expected[1], 61);
  expected.push_back(transfer(s, expected[1], (3 * e61 - e101) / 2, 61, 41));
  const at::Tensor e41 = analytic_model(expected[2], 41);
  expected.push_back(transfer(s, expected[2], (23 * e41 - 16 * e61 + 5 * e101) / 12, 41, 21));
  const at::Tensor e21 = analytic_model(expected[3], 21);
  expected.push_back(
      transfer(s, expected[3], (55 * e21 - 59 * e41 + 37 * e61 - 9 * e101) / 24, 21, 1));
  const at::Tensor e1 = analytic_model(expected[4], 1);
  expected.push_back(
      transfer(s, expected[4], (55 * e1 - 59 * e21 + 37 * e41 - 9 * e61) / 24, 1, -19));
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_LT(relative_error(got.trajectory[i], expected[i]), 1e-12) << "evaluation " << i;
}

// Riffusion's strength 1 begins at the first of the two equal entries: the second evaluation then
// steps from the timestep above it, where the run never was.
TEST(PndmTest, ARunBegunAtTheRepeatedTimestepStepsFromTheOneAbove) {
  const auto scheduler = make("pndm", SchedulerConfig::stable_diffusion());
  scheduler->set_timesteps(50);
  scheduler->start_at(1);
  const NoiseSchedule& s = scheduler->noise_schedule();
  const at::Tensor start = seeded_noise(3, {1, 4, 8, 8}).to(at::kDouble);
  const Sampled got = run(*scheduler, start, analytic_model);
  const at::Tensor first_eps = analytic_model(start, 961);
  const at::Tensor first = transfer(s, start, first_eps, 961, 941);
  EXPECT_LT(relative_error(got.trajectory[0], first), 1e-12);
  const at::Tensor mean = (first_eps + analytic_model(first, 961)) / 2;
  EXPECT_LT(relative_error(got.trajectory[1], transfer(s, start, mean, 981, 961)), 1e-12);
}

}  // namespace
}  // namespace riffle::diffusion::test
