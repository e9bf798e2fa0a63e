// SPDX-License-Identifier: GPL-3.0-or-later
// A band model: plays stems that fit other music (Diff-A-Riff's family). Its bundle has a codec
// ("vae" with spectrogram.json), a UNet1D ("unet"), CLAP for the sound that is wished for ("clap")
// and noise levels ("scheduler").
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/job.h"
#include "diffusion/scheduler_config.h"
#include "models/clap.h"
#include "models/riff_parts.h"
#include "models/unet_1d.h"
#include "nn/replay.h"
#include "pipelines/model.h"
#include "pipelines/stem_codec.h"
#include "weights/bundle.h"

namespace riffle::pipelines {

// What requests that leave it open mean: the bundle's defaults.json.
struct BandDefaults {
  int64_t steps = 30;
  double guidance_context = 1.25;
  double guidance_style = 1.25;
  double guidance_rescale = 0;
  double guidance_least_noise = 0;
  std::string guidance_rule = "nested";
  double stereo = 0.4;
  int64_t best_of = 1;  // takes of a stem that is made from nothing
};

// Waits for a turn at the processor, which ends with what it gives back.
using Turns = std::function<std::shared_ptr<void>()>;

class BandModel final : public Model {
 public:
  // Reads configurations; weights are read when first needed. Throws Error{BadFile, Unsupported,
  // NotFound}, Error{BadFile} for parts that do not fit together.
  explicit BandModel(weights::Bundle bundle, const models::RiffModelOptions& options = {});

  ModelKind kind() const override { return ModelKind::Band; }
  const std::string& name() const override { return name_; }

  const BandDefaults& defaults() const { return defaults_; }
  const models::UNet1DConfig& config() const { return config_; }
  const Json& scheduler_config() const { return scheduler_; }
  // Columns of latents it was trained on; longer pieces are made in overlapping windows.
  int64_t window() const { return config_.columns; }
  bool hears_context() const { return config_.context_channels > 0; }
  bool follows_chroma() const { return config_.chroma_channels > 0; }
  bool reads_style() const { return config_.embedding_dim > 0 && bundle_.has("clap"); }

  // For threads that share the model: one of its parts is loaded, or computes, at a time, each time
  // in a turn. To be set before the model is used.
  void set_turns(Turns turns);
  // Held by whoever computes with unet() or clap(); the codec takes its turns by itself.
  std::shared_ptr<void> turn() const { return turns_ ? turns_() : nullptr; }

  StemCodec& codec() { return *codec_; }
  models::UNet1D& unet(const Job& job = {});
  // Throws Error{Unsupported} where there is none.
  models::Clap& clap(const Job& job = {});
  at::Device device() const { return options_.device; }
  // models::edm_denoise() by unet(), from a recording where the device can. In a turn().
  at::Tensor denoised(const at::Tensor& x, const at::Tensor& sigma,
                      const models::UNet1DConditions& conditions, bool circular,
                      const Job& job = {});

  // Latents as the codec makes them, [C, columns], and at unit variance, [1, C, 1, columns].
  at::Tensor normalised(const at::Tensor& latents, const Job& job = {});
  at::Tensor denormalised(const at::Tensor& latents, const Job& job = {});

 private:
  weights::Bundle bundle_;
  std::string name_;
  models::RiffModelOptions options_;
  BandDefaults defaults_;
  models::UNet1DConfig config_;
  Json scheduler_;
  Turns turns_;
  std::unique_ptr<StemCodec> codec_;
  std::shared_ptr<models::UNet1D> unet_;
  nn::Replays replays_;
  std::optional<models::Clap> clap_;
};

// Throws what weights::open_bundle and BandModel throw, Error{InvalidArgument} for a riff model.
std::unique_ptr<BandModel> open_band_model(const std::filesystem::path& path,
                                           const models::RiffModelOptions& options = {});

// A model of either kind. Throws what opening it throws.
std::unique_ptr<Model> open_model(const std::filesystem::path& path,
                                  const models::RiffModelOptions& options = {});

}  // namespace riffle::pipelines
