// SPDX-License-Identifier: GPL-3.0-or-later
// The sampler loop over a model that is a formula, so that every law can be checked to the last bit
// or nearly so.
#include "diffusion/sampler.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <vector>

#include "core/error.h"
#include "support.h"
#include "support/test_files.h"

namespace riffle::diffusion {
namespace {

// Acts on every point by itself and tells items apart by their conditioning.
class PointDenoiser final : public models::Denoiser {
 public:
  struct Call {
    int64_t batch = 0;
    int64_t columns = 0;
    double t = 0;
    bool circular = false;
    bool shallow = false;
    const models::StepCache* cache = nullptr;
  };

  int64_t latent_channels() const override { return 4; }
  int64_t training_columns() const override { return 16; }
  const Json& scheduler_config() const override { return config_; }
  at::Tensor predict(const at::Tensor& latents, double t, const models::Conditioning& conditioning,
                     const models::DenoiseOptions& options, const Job& job) override {
    job.check();
    const models::StepCache* cache = options.step_cache;
    calls.push_back({latents.size(0), latents.size(-1), t, options.circular_time,
                     cache != nullptr && cache->shallow, cache});
    const at::Tensor pushed = conditioning.tokens.mean(at::IntArrayRef{1, 2}).view({-1, 1, 1, 1});
    return test::analytic_model(latents, t) + 0.1 * pushed * latents.cos();
  }

  std::vector<Call> calls;

 private:
  Json config_ = Json::object();
};

// Conditioning of one item with that mean.
models::Conditioning pushing(double value) {
  return {.tokens = at::full({1, 3, 5}, value, at::kFloat)};
}
GuidedPrompt prompt_of(double positive, double negative = 0) {
  return {pushing(positive), pushing(negative)};
}

class SamplerTest : public testing::Test {
 protected:
  static constexpr int64_t kColumns = 16;

  static std::unique_ptr<Scheduler> scheduler(std::string_view name, int64_t steps = 6) {
    auto made = test::make(name, SchedulerConfig::stable_diffusion());
    made->set_timesteps(steps);
    return made;
  }
  // One item a seed, from noise.
  at::Tensor run(std::string_view name, std::span<const uint64_t> seeds,
                 std::span<const GuidedPrompt> prompts, SampleOptions options,
                 int64_t columns = kColumns, const Job& job = {}) {
    const auto made = scheduler(name);
    SeededNoise noise(seeds);
    const at::Tensor first =
        noise.next(at::empty({static_cast<int64_t>(seeds.size()), 4, 6, columns}, at::kFloat));
    options.noise = &noise;
    return sample(denoiser_, *made, made->init_noise_sigma() * first, prompts, options, job);
  }
  at::Tensor run_one(std::string_view name, SampleOptions options, int64_t columns = kColumns,
                     const Job& job = {}) {
    const std::vector<uint64_t> seed = {7};
    const GuidedPrompt prompt = prompt_of(0.5, -0.25);
    return run(name, seed, std::span(&prompt, 1), std::move(options), columns, job);
  }

  PointDenoiser denoiser_;
};

double largest(const at::Tensor& difference) { return difference.abs().max().item<double>(); }

TEST_F(SamplerTest, RunsTheSchedulerOverTheGuidedPrediction) {
  const auto own = scheduler("dpmpp_2m");
  const std::vector<uint64_t> seed = {7};
  at::Tensor x = seeded_noise(seed, {4, 6, kColumns});
  for (const double t : own->timesteps()) {
    const at::Tensor input = own->scale_model_input(x, t);
    const auto push = [&](double v) {
      return test::analytic_model(input, t) + 0.1 * v * input.cos();
    };
    x = own->step(guided(push(-0.25), push(0.5), 3.0), t, x);
  }
  const at::Tensor got = run_one("dpmpp_2m", {.guidance = {.scale = 3}});
  EXPECT_LT(largest(got - x), 1e-5);
}

TEST_F(SamplerTest, AsksOncePerStepAndBothSidesAtOnce) {
  run_one("euler", {.guidance = {.scale = 5}});
  ASSERT_EQ(denoiser_.calls.size(), 6U);
  for (const auto& call : denoiser_.calls) EXPECT_EQ(call.batch, 2);
  denoiser_.calls.clear();
  run_one("euler", {.guidance = {.scale = 1}});
  ASSERT_EQ(denoiser_.calls.size(), 6U);
  for (const auto& call : denoiser_.calls) EXPECT_EQ(call.batch, 1);
  denoiser_.calls.clear();
  // Guided in the middle of the run only.
  run_one("euler", {.guidance = {.scale = 5, .start = 0.3, .stop = 0.8}});
  std::vector<int64_t> batches;
  for (const auto& call : denoiser_.calls) batches.push_back(call.batch);
  EXPECT_EQ(batches, (std::vector<int64_t>{1, 1, 2, 2, 2, 1}));
}

class SamplerTableTest : public SamplerTest, public testing::WithParamInterface<SchedulerEntry> {};
INSTANTIATE_TEST_SUITE_P(Table, SamplerTableTest,
                         testing::ValuesIn(scheduler_table().begin(), scheduler_table().end()),
                         [](const auto& row) { return std::string(row.param.name); });

// A model that acts point by point does not see windows at all.
TEST_P(SamplerTableTest, WindowsOfAPointwiseModelChangeNothing) {
  const int64_t columns = 53;
  const at::Tensor whole = run_one(GetParam().name, {.windows = {.window = 53, .overlap = 0}}, 53);
  for (const bool circular : {false, true}) {
    denoiser_.calls.clear();
    const at::Tensor windowed = run_one(
        GetParam().name, {.windows = {.window = 16, .overlap = 5, .circular = circular}}, columns);
    EXPECT_LT(largest(windowed - whole) / largest(whole), 1e-4);
    for (const auto& call : denoiser_.calls) {
      EXPECT_EQ(call.columns, 16);
      EXPECT_FALSE(call.circular);  // a window inside a loop has two ends
    }
  }
}

TEST_P(SamplerTableTest, ABatchEqualsItsSingles) {
  const std::vector<uint64_t> seeds = {3, 99, 4};
  const GuidedPrompt prompt = prompt_of(0.5, -0.25);
  const at::Tensor batch = run(GetParam().name, seeds, std::span(&prompt, 1), {});
  for (size_t i = 0; i < seeds.size(); ++i) {
    const at::Tensor single =
        run(GetParam().name, std::span(&seeds[i], 1), std::span(&prompt, 1), {});
    EXPECT_LT(largest(batch.narrow(0, static_cast<int64_t>(i), 1) - single) / largest(single),
              1e-6);
  }
  EXPECT_GT(largest(batch[0] - batch[1]), 0.1);
}

TEST_P(SamplerTableTest, KeepsTheKnownPartToTheBit) {
  const std::vector<uint64_t> seed = {7};
  const at::Tensor known = seeded_noise(uint64_t{1}, {1, 4, 6, kColumns});
  const at::Tensor noise = seeded_noise(uint64_t{2}, {1, 4, 6, kColumns});
  at::Tensor mask = at::zeros({1, 1, 6, kColumns});
  mask.narrow(3, 4, 6).fill_(1);
  mask.narrow(3, 10, 1).fill_(0.5);
  const at::Tensor free = run_one(GetParam().name, {});
  const at::Tensor got = run_one(GetParam().name, {.keep = KeptPart{mask, {known, noise}}});
  EXPECT_TRUE(at::equal(got.narrow(3, 0, 4), known.narrow(3, 0, 4)));
  EXPECT_TRUE(at::equal(got.narrow(3, 11, 5), known.narrow(3, 11, 5)));
  // Nothing passes from point to point in this model: what is repainted is what it was without.
  EXPECT_LT(largest(got.narrow(3, 4, 6) - free.narrow(3, 4, 6)), 1e-5);
}

TEST_P(SamplerTableTest, MagicMixOfNothingButTheNewChangesNothing) {
  const at::Tensor source = seeded_noise(uint64_t{1}, {1, 4, 6, kColumns});
  const at::Tensor noise = seeded_noise(uint64_t{2}, {1, 4, 6, kColumns});
  const auto evaluations = static_cast<int64_t>(scheduler(GetParam().name)->timesteps().size());
  const at::Tensor plain = run_one(GetParam().name, {});
  const at::Tensor mixed =
      run_one(GetParam().name, {.mix = MagicMix{{source, noise}, 1.0, 0, evaluations}});
  EXPECT_TRUE(at::equal(mixed, plain));
  const at::Tensor half =
      run_one(GetParam().name, {.mix = MagicMix{{source, noise}, 0.5, 0, evaluations / 2}});
  EXPECT_GT(largest(half - plain), 1e-3);
}

TEST_P(SamplerTableTest, PreviewsEveryStep) {
  std::vector<int64_t> steps;
  int64_t total = 0;
  at::Tensor last;
  const at::Tensor result = run_one(GetParam().name, {.on_preview = [&](const SamplePreview& p) {
                                      steps.push_back(p.step);
                                      total = p.steps;
                                      last = p.latents;
                                    }});
  ASSERT_EQ(static_cast<int64_t>(steps.size()), total);
  EXPECT_EQ(total, static_cast<int64_t>(scheduler(GetParam().name)->timesteps().size()));
  for (size_t i = 0; i < steps.size(); ++i) EXPECT_EQ(steps[i], static_cast<int64_t>(i) + 1);
  EXPECT_EQ(last.sizes(), result.sizes());
}

// Riffusion's way: what is kept stays at the level the last step came from.
TEST_F(SamplerTest, CanLeaveTheKnownPartOneStepNoisier) {
  const at::Tensor known = seeded_noise(uint64_t{1}, {1, 4, 6, kColumns});
  const at::Tensor noise = seeded_noise(uint64_t{2}, {1, 4, 6, kColumns});
  const at::Tensor got =
      run_one("ddim", {.keep = KeptPart{at::zeros({1, 1, 6, kColumns}), {known, noise}, true}});
  const auto fresh = scheduler("ddim");
  const at::Tensor expected = fresh->add_noise(known, noise, fresh->timesteps().back());
  EXPECT_TRUE(at::equal(got, expected));
}

TEST_F(SamplerTest, SteersEachWindowByItsOwnPrompt) {
  const WindowOptions windows{.window = 16, .overlap = 4};
  const WindowPlan plan(40, windows);
  ASSERT_EQ(plan.count(), 3);
  const std::vector<GuidedPrompt> prompts = {prompt_of(0), prompt_of(1), prompt_of(2)};
  const std::vector<uint64_t> seed = {7};
  const at::Tensor steered = run("euler", seed, prompts, {.windows = windows}, 40);
  const auto alone = [&](size_t i) {
    return run("euler", seed, std::span(&prompts[i], 1), {.windows = windows}, 40);
  };
  // Columns that one window alone covers follow its prompt.
  EXPECT_LT(largest((steered - alone(0)).narrow(3, 0, 12)), 1e-5);
  EXPECT_LT(largest((steered - alone(2)).narrow(3, 28, 12)), 1e-5);
  EXPECT_GT(largest((steered - alone(0)).narrow(3, 28, 12)), 1e-2);
}

TEST_F(SamplerTest, ALoopOfOneWindowIsTheModelsOwnLoop) {
  run_one("euler", {.windows = {.window = 16, .overlap = 4, .circular = true}});
  for (const auto& call : denoiser_.calls) EXPECT_TRUE(call.circular);
}

TEST_F(SamplerTest, KeepsACacheForEachWindowAndReusesItInBetween) {
  const int64_t interval = 3;
  run_one("euler", {.windows = {.window = 16, .overlap = 4}, .cache_interval = interval}, 40);
  ASSERT_EQ(denoiser_.calls.size(), 18U);
  for (size_t i = 0; i < denoiser_.calls.size(); ++i) {
    const size_t step = i / 3;
    ASSERT_NE(denoiser_.calls[i].cache, nullptr);
    EXPECT_EQ(denoiser_.calls[i].shallow, step % interval != 0) << i;
    EXPECT_EQ(denoiser_.calls[i].cache, denoiser_.calls[i % 3].cache);
  }
  EXPECT_NE(denoiser_.calls[0].cache, denoiser_.calls[1].cache);
  denoiser_.calls.clear();
  run_one("euler", {});
  for (const auto& call : denoiser_.calls) EXPECT_EQ(call.cache, nullptr);
}

TEST_F(SamplerTest, ReportsEveryPredictionAndStopsAtOnce) {
  const WindowOptions windows{.window = 16, .overlap = 4};
  for (int64_t stop_at = 1; stop_at <= 18; ++stop_at) {
    std::stop_source source;
    int64_t reports = 0;
    denoiser_.calls.clear();
    const Job job{source.get_token(), [&](const Progress& progress) {
                    EXPECT_EQ(progress.stage, "diffuse");
                    EXPECT_EQ(progress.total, 18);
                    EXPECT_EQ(progress.done, ++reports);
                    if (reports == stop_at) source.request_stop();
                  }};
    EXPECT_RIFFLE_ERROR(run_one("euler", {.windows = windows}, 40, job), ErrorCode::Cancelled, "");
    EXPECT_EQ(static_cast<int64_t>(denoiser_.calls.size()), stop_at);
  }
}

TEST_F(SamplerTest, RefusesWhatDoesNotFitTogether) {
  const std::vector<uint64_t> seed = {7};
  const std::vector<GuidedPrompt> two = {prompt_of(0), prompt_of(1)};
  EXPECT_RIFFLE_ERROR(run("euler", seed, two, {}), ErrorCode::InvalidArgument,
                      "2 prompts for 1 windows");
  EXPECT_RIFFLE_ERROR(run("euler", seed, {}, {}), ErrorCode::InvalidArgument, "0 prompts");
  EXPECT_RIFFLE_ERROR(run_one("euler", {.cache_interval = 0}), ErrorCode::InvalidArgument,
                      "cache interval");
  EXPECT_RIFFLE_ERROR(run_one("euler", {.guidance = {.rescale = 2}}), ErrorCode::InvalidArgument,
                      "rescale");
  const GuidedPrompt three{{.tokens = at::zeros({3, 3, 5})}, {.tokens = at::zeros({3, 3, 5})}};
  EXPECT_RIFFLE_ERROR(run("euler", std::vector<uint64_t>{1, 2}, std::span(&three, 1), {}),
                      ErrorCode::InvalidArgument, "3 items for a batch of 2");
  const GuidedPrompt lopsided{pushing(1), {}};
  EXPECT_RIFFLE_ERROR(run("euler", seed, std::span(&lopsided, 1), {}), ErrorCode::InvalidArgument,
                      "both of its sides");
  const auto made = scheduler("euler");
  const GuidedPrompt prompt = prompt_of(1);
  EXPECT_RIFFLE_ERROR(sample(denoiser_, *made, at::zeros({1, 3, 6, 16}), std::span(&prompt, 1), {}),
                      ErrorCode::InvalidArgument, "3 channels for a model of 4");
  const auto unset = test::make("euler", SchedulerConfig::stable_diffusion());
  EXPECT_RIFFLE_ERROR(
      sample(denoiser_, *unset, at::zeros({1, 4, 6, 16}), std::span(&prompt, 1), {}),
      ErrorCode::InvalidArgument, "no steps");
}

TEST_F(SamplerTest, RefusesKnownLatentsAndMasksOfAnotherSize) {
  const at::Tensor known = at::zeros({1, 4, 6, kColumns});
  const at::Tensor other = at::zeros({1, 4, 6, kColumns + 1});
  const at::Tensor mask = at::zeros({1, 1, 6, kColumns});
  for (const KeptPart& keep : {KeptPart{at::zeros({1, 1, 6, kColumns + 1}), {known, known}},
                               KeptPart{at::zeros({1, 1, 3, kColumns}), {known, known}},
                               KeptPart{at::zeros({2, 1, 6, kColumns}), {known, known}},
                               KeptPart{mask, {other, other}}, KeptPart{mask, {known, other}}}) {
    for (const bool before : {false, true}) {
      KeptPart part = keep;
      part.at_level_before = before;
      EXPECT_RIFFLE_ERROR(run_one("ddim", {.keep = part}), ErrorCode::InvalidArgument, "latents");
    }
  }
  EXPECT_RIFFLE_ERROR(run_one("ddim", {.mix = MagicMix{{other, other}, 0.5, 0, 3}}),
                      ErrorCode::InvalidArgument, "latents");
}

at::Tensor part_of(const at::Tensor& latents, int64_t index, int64_t columns) {
  return latents.narrow(-1, index * columns, columns);
}

TEST_F(SamplerTest, TilingHasItsPeriodExactly) {
  for (const char* name : {"euler", "heun", "dpmpp_2m"}) {
    const at::Tensor got = run_one(name, {.tiling = Tiling{.repeats = 4, .strength = 1}});
    for (int64_t k = 1; k < 4; ++k) EXPECT_TRUE(at::equal(part_of(got, 0, 4), part_of(got, k, 4)));
  }
}

TEST_F(SamplerTest, WeakTilingLetsRepetitionsVaryLittle) {
  // Windows of other prompts pull the repetitions apart.
  const std::vector<uint64_t> seed = {7};
  const std::vector<GuidedPrompt> prompts = {prompt_of(2), prompt_of(-2)};
  const auto spread = [&](std::optional<Tiling> tiling) {
    const at::Tensor got =
        run("euler", seed, prompts,
            {.guidance = {.scale = 1}, .windows = {.window = 8, .overlap = 0}, .tiling = tiling});
    return largest(part_of(got, 0, 8) - part_of(got, 1, 8));
  };
  const double weak = spread(Tiling{.repeats = 2, .strength = 0.5});
  EXPECT_EQ(spread(Tiling{.repeats = 2, .strength = 1}), 0);
  EXPECT_GT(weak, 0);
  EXPECT_LT(weak, spread({}));
  EXPECT_EQ(spread(Tiling{.repeats = 2, .strength = 0}), spread({}));
}

TEST_F(SamplerTest, PartsMustBeEqual) {
  EXPECT_RIFFLE_ERROR(run_one("euler", {.tiling = Tiling{.repeats = 3}}),
                      ErrorCode::InvalidArgument, "16 columns cannot be tiled in 3 parts");
}

}  // namespace
}  // namespace riffle::diffusion
