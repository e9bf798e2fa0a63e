// SPDX-License-Identifier: GPL-3.0-or-later
// A model as pipelines see it: the three seams, and how its latents stand for sound.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "audio/spectrogram_params.h"
#include "models/autoencoder.h"
#include "models/conditioner.h"
#include "models/denoiser.h"
#include "models/riff_model.h"
#include "pipelines/model.h"
#include "weights/lora.h"

namespace riffle::pipelines {

// Samples, frames (columns of the picture) and columns of latents. Times inside the engine are
// whole samples at the codec's rate.
struct Geometry {
  audio::SpectrogramParams codec;
  int64_t latent_channels = 4;
  int64_t rows = 64;             // of latents
  int64_t factor = 8;            // frames per column of latents
  int64_t frequency_factor = 8;  // mel rows per row of latents
  int64_t window = 64;           // columns the model was trained on
  int64_t media_channels = 3;

  int64_t samples_per_column() const { return codec.hop_length() * factor; }
  // The fewest columns whose frames hold so many samples.
  int64_t columns_of(int64_t samples) const;
  // Where a sample lies, in columns.
  double place_of(int64_t sample) const {
    return static_cast<double>(sample) / static_cast<double>(samples_per_column());
  }
  // What one window decodes to.
  int64_t window_samples() const { return codec.samples_of(window * factor); }
  double column_s() const { return static_cast<double>(samples_per_column()) / codec.sample_rate; }
  double window_s() const { return static_cast<double>(window_samples()) / codec.sample_rate; }
};

// How latents of pictures stand for sound, by an autoencoder and the bundle's spectrogram.json.
// `where` begins messages. Throws Error{BadFile} for what does not fit together. The window is left
// as it is.
Geometry geometry_of_pictures(const models::AutoencoderInfo& info, const Json& spectrogram,
                              const std::string& where);

class MusicModel : public Model {
 public:
  ModelKind kind() const final { return ModelKind::Riff; }
  virtual const Geometry& geometry() const = 0;
  // The guidance of requests that leave it open.
  virtual models::DefaultGuidance default_guidance() const = 0;
  // How far pictures of denoised latents are sharpened along frequency (sharpened() in
  // sound_latents.h).
  virtual double sharpening() const = 0;
  virtual models::Denoiser& denoiser() = 0;
  // Distilled: for the scheduler "lcm", without guidance. Null where the model has none.
  virtual models::Denoiser* few_step_denoiser() = 0;
  virtual models::Autoencoder& autoencoder() = 0;
  virtual models::Conditioner& conditioner() = 0;
  // Exactly these adapters are in effect from now on; reports are logged. Throws as
  // weights::LoraSet::apply does.
  virtual void set_adapters(const std::vector<weights::LoraUse>& adapters, const Job& job = {}) = 0;

 protected:
  MusicModel() = default;
};

// A bundle, or a single checkpoint. Throws what weights::open_bundle and models::RiffModel throw,
// Error{BadFile} for a spectrogram.json that does not fit the model, Error{InvalidArgument} for a
// band model.
std::unique_ptr<MusicModel> open_music_model(const std::filesystem::path& path,
                                             const models::RiffModelOptions& options = {});

// The object in spectrogram.json: Riffusion's names; absent fields have Riffusion's values. `where`
// begins messages. Throws Error{BadFile}.
audio::SpectrogramParams spectrogram_params_from_json(const Json& json, std::string_view where);

}  // namespace riffle::pipelines
