// SPDX-License-Identifier: GPL-3.0-or-later
// Which part of a picture of sound is painted anew. A mask is [1, 1, H, W] float32 over latent
// cells and reads like Riffusion's mask pictures: 1 (white) repaints, 0 (black) keeps, between
// blends.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

namespace riffle::diffusion {

// A gray picture (rows of bytes, top row first) as a mask over the cells of the latents of a
// picture of its size: sides are cut to multiples of 32 pixels and divided by `factor` by Pillow's
// NEAREST rule, as Riffusion does. Throws Error{InvalidArgument} for a picture below 32 pixels a
// side, for fewer or more bytes than width * height and a factor that does not divide 32.
at::Tensor mask_of_picture(std::span<const uint8_t> gray, int64_t width, int64_t height,
                           int64_t factor = 8);

// A span of time and a band of frequency, in latent cells; fractions cover a cell in part. Row 0 is
// the top of the picture, its highest frequency. `edge` cells lie outside the rectangle on each
// side and fall from 1 to 0 as a raised cosine; past a border of the picture there is nothing to
// fade to.
struct MaskRectangle {
  double left = 0;
  double right = 0;
  double top = 0;
  double bottom = 0;
  double time_edge = 0;       // cells, left and right
  double frequency_edge = 0;  // cells, top and bottom
};

// [1, 1, rows, columns]: the largest of the rectangles' weights in every cell. Throws
// Error{InvalidArgument} for empty rectangles, ones that miss the picture, negative edges and no
// rectangles at all.
at::Tensor mask_of_rectangles(int64_t rows, int64_t columns,
                              std::span<const MaskRectangle> rectangles);

// mask * repainted + (1 - mask) * kept: what Riffusion does to the latents after every step, with
// `kept` the original at the step's own noise level.
at::Tensor blended(const at::Tensor& mask, const at::Tensor& repainted, const at::Tensor& kept);

}  // namespace riffle::diffusion
