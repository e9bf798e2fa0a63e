// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/music_model.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/log.h"
#include "pipelines/sound_latents.h"
#include "weights/bundle.h"

namespace riffle::pipelines {
namespace {

class RiffMusicModel final : public MusicModel {
 public:
  RiffMusicModel(weights::Bundle bundle, const models::RiffModelOptions& options)
      : name_(bundle.name()),
        model_(bundle, options),
        default_guidance_(models::default_guidance(bundle)) {
    geometry_ = geometry_of_pictures(model_.autoencoder().info(), model_.spectrogram(),
                                     bundle.path().string());
    geometry_.window = model_.denoiser().training_columns();
    sharpening_ = sharpening_of(model_.defaults(), bundle.path().string() + ": defaults.json");
  }

  const std::string& name() const override { return name_; }
  const Geometry& geometry() const override { return geometry_; }
  models::DefaultGuidance default_guidance() const override { return default_guidance_; }
  double sharpening() const override { return sharpening_; }
  models::Denoiser& denoiser() override { return model_.denoiser(); }
  models::Denoiser* few_step_denoiser() override { return model_.few_step_denoiser(); }
  models::Autoencoder& autoencoder() override { return model_.autoencoder(); }
  models::Conditioner& conditioner() override { return model_.conditioner(); }
  void set_adapters(const std::vector<weights::LoraUse>& adapters, const Job& job) override {
    for (const auto& report : model_.set_adapters(adapters, job)) log::info("{}", report.line());
  }

 private:
  std::string name_;
  models::RiffModel model_;
  models::DefaultGuidance default_guidance_;
  Geometry geometry_;
  double sharpening_ = 0;
};

}  // namespace

Geometry geometry_of_pictures(const models::AutoencoderInfo& info, const Json& spectrogram,
                              const std::string& where) {
  Geometry geometry;
  geometry.codec = spectrogram_params_from_json(spectrogram, where + ": spectrogram.json");
  geometry.latent_channels = info.latent_channels;
  geometry.factor = info.time_factor;
  geometry.frequency_factor = info.frequency_factor;
  geometry.media_channels = info.media_channels;
  if (geometry.codec.num_frequencies % info.frequency_factor != 0) {
    throw Error(ErrorCode::BadFile,
                fmt::format("{}: {} mel rows are no multiple of the autoencoder's factor {}", where,
                            geometry.codec.num_frequencies, info.frequency_factor));
  }
  if (geometry.codec.stereo && info.media_channels != 3) {
    throw Error(ErrorCode::BadFile,
                fmt::format("{}: stereo pictures need 3 channels, the autoencoder has {}", where,
                            info.media_channels));
  }
  geometry.rows = geometry.codec.num_frequencies / info.frequency_factor;
  return geometry;
}

int64_t Geometry::columns_of(int64_t samples) const {
  const int64_t hop = codec.hop_length();
  const int64_t frames = (samples + hop - 1) / hop + 1;
  return (frames + factor - 1) / factor;
}

std::unique_ptr<MusicModel> open_music_model(const std::filesystem::path& path,
                                             const models::RiffModelOptions& options) {
  auto bundle = weights::open_bundle(path);
  if (kind_of(bundle) != ModelKind::Riff) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("{} is a band model: it plays along with music, and does not make it "
                            "from prompts",
                            bundle.name()),
                "name a riff model with --model, for example riffle-small");
  }
  return std::make_unique<RiffMusicModel>(std::move(bundle), options);
}

audio::SpectrogramParams spectrogram_params_from_json(const Json& json, std::string_view where) {
  audio::SpectrogramParams p;
  if (json.is_null() || json.empty()) return p;
  p.stereo = json_get_or(json, "stereo", p.stereo, where);
  p.sample_rate = json_get_or(json, "sample_rate", p.sample_rate, where);
  p.step_size_ms = json_get_or(json, "step_size_ms", p.step_size_ms, where);
  p.window_duration_ms = json_get_or(json, "window_duration_ms", p.window_duration_ms, where);
  p.padded_duration_ms = json_get_or(json, "padded_duration_ms", p.padded_duration_ms, where);
  p.num_frequencies = json_get_or(json, "num_frequencies", p.num_frequencies, where);
  p.min_frequency = json_get_or(json, "min_frequency", p.min_frequency, where);
  p.max_frequency = json_get_or(json, "max_frequency", p.max_frequency, where);
  p.power_for_image =
      static_cast<float>(json_get_or(json, "power_for_image", double{p.power_for_image}, where));
  try {
    p.validate();
  } catch (const Error& error) {
    throw Error(ErrorCode::BadFile, fmt::format("{}: {}", where, error.message()), error.hint());
  }
  return p;
}

}  // namespace riffle::pipelines
