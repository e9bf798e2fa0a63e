// SPDX-License-Identifier: GPL-3.0-or-later
// Riffusion's own interpolation, step for step: what its server computed for a request, down to its
// quirks (the sampler that steps back in the middle of its list, the posterior sampled with the
// first seed's noise, masks put back one level too noisy).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>

#include "image/picture.h"
#include "pipelines/clip.h"
#include "pipelines/music_model.h"

namespace riffle::pipelines {

struct RiffuseEnd {
  std::string prompt{};
  uint64_t seed = 0;
  double denoising = 0.75;  // 0 to 1
  double guidance = 7.0;
};

struct RiffuseRequest {
  RiffuseEnd start{};
  RiffuseEnd end{};
  double alpha = 0;  // 0: start, 1: end
  int64_t steps = 50;
  bool prompt_weights = true;
};

struct RiffuseResult {
  at::Tensor latents;  // [1, C, H, W], scaled
  at::Tensor media;    // [1, channels, height, width]
  image::Picture picture;
};

// init: the seed image, sides multiples of 32. mask: gray, white is repainted; of the same size.
// The scheduler is the model's own. Throws Error{InvalidArgument} for numbers and sizes out of
// range.
RiffuseResult riffuse(MusicModel& model, const RiffuseRequest& request, const image::Picture& init,
                      const image::Picture* mask = nullptr, const RunContext& context = {});

// [1, C, H, W] in -1..1 of a picture: its colours, or for one channel its luma.
at::Tensor media_of_picture(const image::Picture& picture, int64_t channels);
// Luma (ITU-R 601), rows of bytes, as Pillow's convert("L").
std::vector<uint8_t> gray_of_picture(const image::Picture& picture);

}  // namespace riffle::pipelines
