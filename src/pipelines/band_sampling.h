// SPDX-License-Identifier: GPL-3.0-or-later
// What all requests to a band model share: how it is sampled, and the sound that is wished for.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "audio/waveform.h"
#include "diffusion/two_conditions.h"
#include "models/denoiser.h"
#include "pipelines/band_model.h"
#include "pipelines/fields.h"
#include "pipelines/sampling.h"

namespace riffle::pipelines {

struct BandSampling {
  int64_t seed = -1;  // -1: another one each time
  std::string scheduler = "dpmpp_2m";
  std::optional<int64_t> steps = {};            // absent: the model's, usually 30
  std::optional<double> guidance_context = {};  // absent: the model's, usually 1.25
  std::optional<double> guidance_style = {};
  std::optional<double> guidance_rescale = {};
  std::optional<double> guidance_least_noise = {};
  std::string guidance_rule = "auto";
  double churn = 0;
  int64_t decode_iterations = 24;

  // steps_name: of the field `steps`, where a request means something else by it.
  void visit(FieldVisitor& v, const char* steps_name = "steps");
};

// Fills in what was left open, so that the request says all that was done.
void settle(BandSampling& sampling, const BandModel& model);
// With its steps set, not yet started. Throws Error{NotFound, InvalidArgument, Unsupported}.
ChosenScheduler choose_scheduler(const BandSampling& sampling, const BandModel& model);
// Of a settled request.
diffusion::TwoConditionGuidance guidance_of(const BandSampling& sampling);

// The field "best_of" of requests that make stems from nothing.
void visit_best_of(FieldVisitor& v, std::optional<int64_t>& best_of);

// The sound that is wished for: like a recording, or as a sentence says, or between the two.
struct BandStyle {
  std::string like = {};
  std::string prompt = {};
  double blend = 0.5;

  void visit(FieldVisitor& v);
};

// [1, D] of unit length; undefined where nothing is wished. Throws what reading the recording
// throws, Error{Unsupported} for a model without CLAP.
at::Tensor style_of(BandModel& model, const BandStyle& style, std::vector<std::string>& notes,
                    const Job& job);
at::Tensor style_of_sound(BandModel& model, const std::string& file,
                          std::vector<std::string>& notes, const Job& job);
// mono: at any rate.
at::Tensor style_of_sound(BandModel& model, const audio::Waveform& mono, const Job& job);
at::Tensor style_of_prompt(BandModel& model, const std::string& prompt,
                           std::vector<std::string>& notes, const Job& job);
// a + share (b - a), brought back to unit length, which all embeddings of training have.
at::Tensor mixed_style(const at::Tensor& a, const at::Tensor& b, double share);

// The seam the sampler drives: guidance by two conditions happens inside, one forward for all of
// its predictions. Latents [B, C, 1, T]; of the conditioning, `context` [B, C, 1, T], `chroma` [B,
// kChromaRows, T] and `summary` [B, D] are read, each undefined where there is none. Context and
// chroma are one condition: what the stem is to fit. The noise level is sigma.
class BandDenoiser final : public models::Denoiser {
 public:
  BandDenoiser(BandModel& model, const diffusion::TwoConditionGuidance& guidance);
  int64_t latent_channels() const override { return model_.config().in_channels; }
  int64_t training_columns() const override { return model_.window(); }
  const Json& scheduler_config() const override { return model_.scheduler_config(); }
  at::Tensor predict(const at::Tensor& latents, double noise_level,
                     const models::Conditioning& conditioning,
                     const models::DenoiseOptions& options, const Job& job) override;

 private:
  BandModel& model_;
  diffusion::TwoConditionGuidance guidance_;
};

}  // namespace riffle::pipelines
