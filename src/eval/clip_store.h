// SPDX-License-Identifier: GPL-3.0-or-later
// Clips a model has made, kept in a folder so that a judgement that was stopped goes on where it
// was. What is judged is always what was kept, so that resumed and uninterrupted runs agree.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <optional>
#include <string>

#include "audio/spectrogram_params.h"
#include "audio/waveform.h"
#include "core/job.h"
#include "core/json.h"
#include "pipelines/music_model.h"

namespace riffle::eval {

struct KeptClip {
  audio::Waveform sound;
  at::Tensor levels;   // uint8 [rows, frames]: of the picture it was decoded from, or of its sound
  at::Tensor latents;  // [1, C, H, W], float32
};

class ClipStore {
 public:
  // Makes the folder. model_mark: clips of another mark are made anew (mark_of_model).
  ClipStore(std::filesystem::path folder, pipelines::MusicModel& model, std::string model_mark);

  // The clip of a request ({"pipeline": ..., fields ...}) under a name: the one kept, if it was
  // made by this model for this request; else it is made and kept, as NAME.flac and
  // NAME.safetensors. judged: what pictures judges look at are like; the model's own picture where
  // it is alike. Throws what the pipelines throw.
  KeptClip clip(const std::string& name, const Json& request,
                const audio::SpectrogramParams& judged, const Job& job = {});

  std::filesystem::path sound_path(const std::string& name) const;
  // How many clips had to be made.
  int64_t made() const { return made_; }

 private:
  std::optional<KeptClip> find(const std::string& name, const std::string& wanted) const;
  void make(const std::string& name, const Json& request, const std::string& wanted,
            const audio::SpectrogramParams& judged, const Job& job);

  std::filesystem::path folder_;
  pipelines::MusicModel& model_;
  std::string model_mark_;
  int64_t made_ = 0;
};

// Puts the fields that were asked for in the place of a request's own: {"steps": 8, "cover":
// {"strength": 0.6}} are steps of every request and the strength of covers.
void set_fields(Json& request, const Json& asked);

// Changes when a file of the bundle does (names, sizes and times of change).
std::string mark_of_model(const std::filesystem::path& bundle);

}  // namespace riffle::eval
