// SPDX-License-Identifier: GPL-3.0-or-later
// A window between two sounds, over the beat of a third: the step morph and jam are made of.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "pipelines/clip.h"
#include "pipelines/music_model.h"
#include "pipelines/sampling.h"

namespace riffle::pipelines {

// What windows are made over, and how long one is.
struct Ground {
  at::Tensor latents = {};  // undefined: nothing, windows come from noise alone
  int64_t columns = 0;
  double period = 0;  // samples from the start of one window to the start of the next
};

// Over nothing: as long as that.
Ground empty_ground(const Geometry& geometry, int64_t samples);
// Over a picture of the model's own form, latents of it (.safetensors, "latents": nothing has to be
// encoded), or a sound. Throws what reading them throws, and Error{InvalidArgument} for a picture
// or latents of another form.
Ground ground_of_file(MusicModel& model, const std::filesystem::path& path, const Job& job);
// Over a sound, which is brought to the codec's rate and channels.
Ground ground_of_sound(MusicModel& model, const audio::Waveform& sound, const Job& job);

// One side of what a window lies between.
struct BetweenSide {
  std::string prompt = {};
  uint64_t seed = 0;
  double strength = 1;  // how far it leaves the ground
};

struct BetweenStep {
  BetweenSide from = {};
  BetweenSide to = {};
  double alpha = 0;                // 0: from, 1: to
  Sampling sampling = {};          // its seed is not read
  uint64_t steps_seed = 0;         // of the noise that stochastic samplers add
  at::Tensor mask = {};            // of the ground; undefined: all of it is made anew
  std::optional<double> bpm = {};  // where the prompts do not say one
  int64_t beats_per_bar = 4;
  bool on_beat = false;  // the window begins with a bar: models that follow beats are told
};

// Latents [1, C, H, columns]: noise turned from one seed's to the other's (slerp), prompts mixed in
// that share. Notes of the prompts are added to `notes`.
at::Tensor latents_between(MusicModel& model, const Ground& ground, const BetweenStep& step,
                           std::vector<std::string>& notes, const RunContext& context);

}  // namespace riffle::pipelines
