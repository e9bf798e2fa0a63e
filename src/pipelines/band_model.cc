// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/band_model.h"

#include <fmt/format.h>

#include "core/error.h"
#include "diffusion/two_conditions.h"
#include "models/edm_denoiser.h"
#include "pipelines/music_model.h"

namespace riffle::pipelines {
namespace {

BandDefaults defaults_of(const weights::Bundle& bundle) {
  const std::string where = bundle.path().string() + ": defaults.json";
  const Json json = bundle.defaults();
  BandDefaults d;
  d.steps = json_get_or(json, "steps", d.steps, where);
  d.guidance_context = json_get_or(json, "guidance_context", d.guidance_context, where);
  d.guidance_style = json_get_or(json, "guidance_style", d.guidance_style, where);
  d.guidance_rescale = json_get_or(json, "guidance_rescale", d.guidance_rescale, where);
  d.guidance_least_noise = json_get_or(json, "guidance_least_noise", d.guidance_least_noise, where);
  d.guidance_rule = json_get_or(json, "guidance_rule", d.guidance_rule, where);
  d.stereo = json_get_or(json, "stereo", d.stereo, where);
  d.best_of = json_get_or(json, "best_of", d.best_of, where);
  if (d.steps < 1 || d.best_of < 1 || !(d.stereo >= 0 && d.stereo <= 1)) {
    throw Error(ErrorCode::BadFile,
                fmt::format("{}: expected steps and best_of of at least 1 and stereo from 0 to 1, "
                            "got {}, {} and {}",
                            where, d.steps, d.best_of, d.stereo));
  }
  try {
    diffusion::guidance_rule(d.guidance_rule);
  } catch (const Error& e) {
    throw Error(ErrorCode::BadFile, fmt::format("{}: {}", where, e.message()), e.hint());
  }
  return d;
}

// Encodes and decodes in turns.
class CodecInTurns final : public StemCodec {
 public:
  CodecInTurns(std::unique_ptr<StemCodec> codec, Turns turns)
      : codec_(std::move(codec)), turns_(std::move(turns)) {}

  int sample_rate() const override { return codec_->sample_rate(); }
  int64_t samples_per_column() const override { return codec_->samples_per_column(); }
  int64_t channels() const override { return codec_->channels(); }

  at::Tensor encode(const audio::Waveform& mono, const Job& job) override {
    const auto turn = turns_();
    return codec_->encode(mono, job);
  }
  at::Tensor encode_loop(const audio::Waveform& mono, const Job& job) override {
    const auto turn = turns_();
    return codec_->encode_loop(mono, job);
  }
  audio::Waveform decode(const at::Tensor& latents, int64_t samples,
                         const StemDecodeOptions& options, const Job& job) override {
    const auto turn = turns_();
    return codec_->decode(latents, samples, options, job);
  }

 private:
  std::unique_ptr<StemCodec> codec_;
  Turns turns_;
};

}  // namespace

BandModel::BandModel(weights::Bundle bundle, const models::RiffModelOptions& options)
    : bundle_(std::move(bundle)),
      name_(bundle_.name()),
      options_(options),
      defaults_(defaults_of(bundle_)),
      config_(models::UNet1DConfig::from_json(bundle_.config("unet"),
                                              (bundle_.path() / "unet" / "config.json").string())),
      scheduler_(bundle_.config("scheduler")),
      codec_(open_stem_codec(bundle_, options)),
      replays_(nn::cuda_recorder(options.device)) {
  const bool fits =
      config_.in_channels == codec_->channels() &&
      (config_.context_channels == 0 || config_.context_channels == codec_->channels());
  if (!fits) {
    throw Error(ErrorCode::BadFile,
                fmt::format("{}: the UNet takes {} channels and {} of context, the codec has {}",
                            bundle_.path().string(), config_.in_channels, config_.context_channels,
                            codec_->channels()),
                "the parts of this bundle do not belong together");
  }
  diffusion::scheduler_config_from_json(
      scheduler_, (bundle_.path() / "scheduler" / "scheduler_config.json").string());
}

void BandModel::set_turns(Turns turns) {
  turns_ = std::move(turns);
  codec_ = std::make_unique<CodecInTurns>(std::move(codec_), turns_);
}

models::UNet1D& BandModel::unet(const Job& job) {
  if (!unet_) {
    auto loaded = std::make_shared<models::UNet1D>(config_);
    models::load_for_inference(*loaded, *bundle_.tensors("unet"), options_, job);
    // Noise levels span five orders of magnitude: more than half precision tells apart.
    if (options_.device.is_cuda()) loaded->to(at::kFloat);
    unet_ = loaded;
  }
  return *unet_;
}

at::Tensor BandModel::denoised(const at::Tensor& x, const at::Tensor& sigma,
                               const models::UNet1DConditions& conditions, bool circular,
                               const Job& job) {
  models::UNet1D& network = unet(job);
  job.check();
  return replays_.run({x, sigma, conditions.context, conditions.present, conditions.style,
                       conditions.has_style, conditions.chroma},
                      circular ? 1 : 0, [&](const std::vector<at::Tensor>& in) {
                        const models::UNet1DConditions given{.context = in[2],
                                                             .present = in[3],
                                                             .style = in[4],
                                                             .has_style = in[5],
                                                             .chroma = in[6]};
                        return models::edm_denoise(network, in[0], in[1], given, circular, job);
                      });
}

models::Clap& BandModel::clap(const Job& job) {
  if (!reads_style()) {
    throw Error(ErrorCode::Unsupported,
                fmt::format("{} cannot be told how to sound: it has no CLAP model", name_),
                "leave out recordings and prompts, or choose another model with --model");
  }
  if (!clap_) {
    models::Clap loaded = models::Clap::load(bundle_.path() / "clap", options_.device, job);
    if (loaded.dim() != config_.embedding_dim) {
      throw Error(ErrorCode::BadFile,
                  fmt::format("{}: the UNet reads embeddings of {} values, CLAP makes {}",
                              bundle_.path().string(), config_.embedding_dim, loaded.dim()),
                  "the parts of this bundle do not belong together");
    }
    clap_ = std::move(loaded);
  }
  return *clap_;
}

at::Tensor BandModel::normalised(const at::Tensor& latents, const Job& job) {
  const auto held = turn();
  return unet(job).normalise(latents).unsqueeze(0).unsqueeze(2);
}

at::Tensor BandModel::denormalised(const at::Tensor& latents, const Job& job) {
  const auto held = turn();
  return unet(job).denormalise(latents.squeeze(2).squeeze(0));
}

std::unique_ptr<BandModel> open_band_model(const std::filesystem::path& path,
                                           const models::RiffModelOptions& options) {
  auto bundle = weights::open_bundle(path);
  if (kind_of(bundle) != ModelKind::Band) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("{} is a riff model: it makes music from prompts, and does not play "
                            "along with music",
                            bundle.name()),
                "name a band model with --model, for example riffle-band");
  }
  return std::make_unique<BandModel>(std::move(bundle), options);
}

std::unique_ptr<Model> open_model(const std::filesystem::path& path,
                                  const models::RiffModelOptions& options) {
  if (kind_of(weights::open_bundle(path)) == ModelKind::Band) return open_band_model(path, options);
  return open_music_model(path, options);
}

}  // namespace riffle::pipelines
