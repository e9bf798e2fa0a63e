// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/scheduler_config.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/files.h"
#include "support/test_files.h"

namespace riffle::diffusion {
namespace {

SchedulerConfig config_of(const char* text) {
  return scheduler_config_from_json(parse_python_json(text, "t"), "t");
}

TEST(SchedulerConfigTest, ReadsTheRiffusionModelsFile) {
  const SchedulerConfig config = config_of(R"({
    "_class_name": "PNDMScheduler", "_diffusers_version": "0.6.0", "beta_end": 0.012,
    "beta_schedule": "scaled_linear", "beta_start": 0.00085, "num_train_timesteps": 1000,
    "set_alpha_to_one": false, "skip_prk_steps": true, "steps_offset": 1, "trained_betas": null,
    "clip_sample": false})");
  EXPECT_EQ(config.class_name, "PNDMScheduler");
  EXPECT_EQ(config.beta_schedule, BetaSchedule::ScaledLinear);
  EXPECT_EQ(config.beta_start, 0.00085);
  EXPECT_EQ(config.beta_end, 0.012);
  EXPECT_EQ(config.steps_offset, 1);
  EXPECT_EQ(config.set_alpha_to_one, false);
  EXPECT_EQ(config.timestep_spacing, std::nullopt);
  EXPECT_EQ(config.prediction_type, PredictionType::Epsilon);
}

TEST(SchedulerConfigTest, ReadsABundlesFile) {
  const SchedulerConfig config =
      read_scheduler_config(riffle::test::golden_file("riff-tiny/scheduler/scheduler_config.json"));
  EXPECT_EQ(config.class_name, "PNDMScheduler");
  EXPECT_EQ(config.beta_start, 0.00085);
}

TEST(SchedulerConfigTest, AbsentFieldsHaveDiffusersDefaults) {
  const SchedulerConfig config = config_of("{}");
  EXPECT_EQ(config.class_name, "");
  EXPECT_EQ(config.num_train_timesteps, 1000);
  EXPECT_EQ(config.beta_schedule, BetaSchedule::Linear);
  EXPECT_EQ(config.beta_start, 0.0001);
  EXPECT_EQ(config.beta_end, 0.02);
  EXPECT_EQ(config.steps_offset, 0);
}

TEST(SchedulerConfigTest, ReadsEveryEnumerator) {
  EXPECT_EQ(config_of(R"({"beta_schedule": "squaredcos_cap_v2"})").beta_schedule,
            BetaSchedule::SquaredCosCapV2);
  EXPECT_EQ(config_of(R"({"prediction_type": "v_prediction"})").prediction_type,
            PredictionType::VPrediction);
  EXPECT_EQ(config_of(R"({"prediction_type": "sample"})").prediction_type, PredictionType::Sample);
  EXPECT_EQ(config_of(R"({"timestep_spacing": "trailing"})").timestep_spacing,
            TimestepSpacing::Trailing);
  EXPECT_EQ(config_of(R"({"timestep_spacing": "leading"})").timestep_spacing,
            TimestepSpacing::Leading);
  EXPECT_EQ(config_of(R"({"algorithm_type": "sde-dpmsolver++"})").algorithm_type,
            SolverAlgorithm::SdeDpmSolverPlusPlus);
  EXPECT_EQ(config_of(R"({"final_sigmas_type": "zero"})").final_sigmas_type, FinalSigmas::Zero);
}

TEST(SchedulerConfigTest, DefaultsThatWereWrittenOutCountAsAbsent) {
  const SchedulerConfig config = config_of(
      R"({"timestep_spacing": "leading", "steps_offset": 1,
          "_use_default_values": ["timestep_spacing", "thresholding"], "thresholding": true})");
  EXPECT_EQ(config.timestep_spacing, std::nullopt);
  EXPECT_EQ(config.steps_offset, 1);
}

TEST(SchedulerConfigTest, RefusesWhatIsNotKnown) {
  EXPECT_RIFFLE_ERROR(config_of(R"({"beta_schedule": "sigmoid"})"), ErrorCode::BadFile, "sigmoid");
  EXPECT_RIFFLE_ERROR(config_of(R"({"prediction_type": "flow"})"), ErrorCode::BadFile, "flow");
  EXPECT_RIFFLE_ERROR(config_of(R"({"timestep_spacing": 3})"), ErrorCode::BadFile,
                      "timestep_spacing");
  EXPECT_RIFFLE_ERROR(config_of(R"({"algorithm_type": "dpmsolver"})"), ErrorCode::BadFile,
                      "algorithm_type");
  EXPECT_RIFFLE_ERROR(config_of("[]"), ErrorCode::BadFile, "object");
}

TEST(SchedulerConfigTest, RefusesOptionsThatCannotBeDoneUnlessOff) {
  EXPECT_RIFFLE_ERROR(config_of(R"({"thresholding": true})"), ErrorCode::Unsupported,
                      "thresholding");
  EXPECT_RIFFLE_ERROR(config_of(R"({"skip_prk_steps": false})"), ErrorCode::Unsupported,
                      "skip_prk_steps");
  EXPECT_RIFFLE_ERROR(config_of(R"({"lambda_min_clipped": -5.1})"), ErrorCode::Unsupported,
                      "lambda_min_clipped");
  EXPECT_RIFFLE_ERROR(config_of(R"({"solver_type": "heun"})"), ErrorCode::Unsupported, "heun");
  EXPECT_RIFFLE_ERROR(config_of(R"({"use_flow_sigmas": true})"), ErrorCode::Unsupported,
                      "use_flow_sigmas");
  EXPECT_NO_THROW(config_of(R"({"thresholding": false, "solver_type": "midpoint",
                                "lambda_min_clipped": -Infinity, "variance_type": null})"));
}

TEST(SchedulerConfigTest, RefusesNumbersNoScheduleCanBeMadeOf) {
  EXPECT_RIFFLE_ERROR(config_of(R"({"num_train_timesteps": 1})"), ErrorCode::BadFile,
                      "num_train_timesteps");
  EXPECT_RIFFLE_ERROR(config_of(R"({"num_train_timesteps": 100000000})"), ErrorCode::BadFile,
                      "num_train_timesteps");
  EXPECT_RIFFLE_ERROR(config_of(R"({"beta_start": 0})"), ErrorCode::BadFile, "beta_start");
  EXPECT_RIFFLE_ERROR(config_of(R"({"beta_end": 1})"), ErrorCode::BadFile, "beta_end");
  EXPECT_RIFFLE_ERROR(config_of(R"({"beta_start": 0.5, "beta_end": 0.1})"), ErrorCode::BadFile,
                      "beta_end");
  EXPECT_RIFFLE_ERROR(config_of(R"({"trained_betas": [0.1, 0.2]})"), ErrorCode::BadFile,
                      "trained_betas");
  EXPECT_RIFFLE_ERROR(config_of(R"({"num_train_timesteps": 2, "trained_betas": [0.1, 1.5]})"),
                      ErrorCode::BadFile, "trained_betas");
  EXPECT_RIFFLE_ERROR(config_of(R"({"steps_offset": -1})"), ErrorCode::BadFile, "steps_offset");
  EXPECT_RIFFLE_ERROR(config_of(R"({"solver_order": 4})"), ErrorCode::BadFile, "solver_order");
  EXPECT_RIFFLE_ERROR(config_of(R"({"original_inference_steps": 0})"), ErrorCode::BadFile,
                      "original_inference_steps");
  EXPECT_RIFFLE_ERROR(config_of(R"({"timestep_scaling": 0})"), ErrorCode::BadFile,
                      "timestep_scaling");
  SchedulerConfig config;
  config.eta = 1.5;
  EXPECT_RIFFLE_ERROR(config.validate(), ErrorCode::InvalidArgument, "eta");
}

TEST(SchedulerConfigTest, RefusesEpsilonPredictionFromPureNoise) {
  EXPECT_RIFFLE_ERROR(config_of(R"({"rescale_betas_zero_snr": true})"), ErrorCode::BadFile,
                      "prediction_type");
  EXPECT_NO_THROW(
      config_of(R"({"rescale_betas_zero_snr": true, "prediction_type": "v_prediction"})"));
}

TEST(SchedulerConfigTest, ErrorsOfAFileNameIt) {
  const riffle::test::TemporaryFolder folder;
  const auto path = folder / "scheduler_config.json";
  EXPECT_RIFFLE_ERROR(read_scheduler_config(path), ErrorCode::NotFound, path.string());
  write_text_file(path, R"({"beta_start": "a"})");
  EXPECT_RIFFLE_ERROR(read_scheduler_config(path), ErrorCode::BadFile, path.string());
  write_text_file(path, R"({"beta_start": 0.001, "lambda_min_clipped": -Infinity})");
  EXPECT_EQ(read_scheduler_config(path).beta_start, 0.001);
}

TEST(PythonJsonTest, ReadsWhatJsonHasNoWordFor) {
  const Json json = parse_python_json(
      R"({"a": -Infinity, "b": [NaN, Infinity, 1], "c": "NaN, \"Infinity\" \\", "d": NaN})", "t");
  EXPECT_TRUE(json["a"].is_null());
  EXPECT_TRUE(json["b"][0].is_null());
  EXPECT_TRUE(json["b"][1].is_null());
  EXPECT_EQ(json["b"][2], 1);
  EXPECT_EQ(json["c"], "NaN, \"Infinity\" \\");
  EXPECT_TRUE(json["d"].is_null());
  EXPECT_RIFFLE_ERROR(parse_python_json("{\"a\": Nan}", "t"), ErrorCode::BadFile, "t");
  EXPECT_RIFFLE_ERROR(parse_python_json("\"\\", "t"), ErrorCode::BadFile, "t");
}

}  // namespace
}  // namespace riffle::diffusion
