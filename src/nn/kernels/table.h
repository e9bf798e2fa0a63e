// SPDX-License-Identifier: GPL-3.0-or-later
// The single-threaded inner loops, compiled once for each instruction set, and the choice among
// them at run time. What is above them (threads, blocking, packing, tensors) is compiled once and
// asks for a table.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace riffle::nn::kernels {

enum class Isa { Portable, Avx2, Avx512 };
std::string_view name_of(Isa isa);  // "portable", "avx2", "avx512"

// One head's attention for some queries. Row strides in floats.
struct AttentionTask {
  const float* q;  // [queries][q_stride], the first `features` of each row
  int64_t q_stride;
  const float* k;  // [keys][kv_stride]
  const float* v;  // [keys][kv_stride]
  int64_t kv_stride;
  float* out;  // [queries][out_stride]
  int64_t out_stride;
  int64_t queries;
  int64_t keys;
  int64_t features;
  float scale;
};

// A finished block of one panel on its way out.
struct PanelOutput {
  const float* products;  // [rows][panel]
  int64_t rows;
  int columns;            // of the panel that exist
  const float* bias;      // [columns] or nullptr
  const float* residual;  // laid out as `out`, added to it; or nullptr
  float* out;             // [rows][out_stride]
  int64_t out_stride;
};

// Which outputs of a convolution after enlargement to twice the size: those in even (0) or odd (1)
// rows and columns.
struct WinogradPhase {
  int y = 0;
  int x = 0;
};

// A run of input channels of a Winograd convolution, for one panel of output channels.
struct WinogradStep {
  const void* weights;  // [depth][9][panel], floats or halves
  int64_t depth;        // input channels
  WinogradPhase phase;  // of forms for enlarged pictures
  const float* values;  // tile^2 planes of [tiles][value_stride]: transformed inputs
  int64_t plane_stride;
  int64_t value_stride;
  int64_t tiles;
  float* products;         // tile^2 planes of [tiles][panel]
  int64_t product_stride;  // from plane to plane
  bool accumulate;         // add to products, which else are overwritten
};

// One tile's products to out x out pixels of one panel.
struct WinogradOutput {
  const float* products;  // tile^2 vectors of [panel]
  int64_t plane_stride;
  const float* bias;      // [channels] or nullptr
  const float* residual;  // laid out as `out`, or nullptr
  float* out;             // the first pixel
  int64_t row_stride;
  int64_t pixel_stride;
  int64_t ahead;   // from here to what is written soon
  int64_t height;  // pixels that exist, from the first on
  int64_t width;
  int channels;  // of the panel that exist
};

// F(out x out, 3 x 3), or F(out x out, 2 x 2) for one phase of an enlarged picture.
struct WinogradTable {
  int out;
  int tile;  // out + 2, or out + 1
  // pixels: where each of tile^2 pixels' channels begin; values: where the first plane's vector of
  // channels goes; ahead: from each pixel to the one read next, which is fetched meanwhile.
  void (*input)(const float* const* pixels, int64_t channels, float* values, int64_t plane_stride,
                int64_t ahead);
  // scratch: tile * depth * panel floats.
  void (*multiply)(const WinogradStep& step, float* scratch);
  void (*multiply_half)(const WinogradStep& step, float* scratch);
  void (*output)(const WinogradOutput& output);
};

struct KernelTable {
  Isa isa;
  int panel;      // columns of a packed panel
  int tile_rows;  // rows the matrix kernel holds in registers; blocks of a multiple of it are best

  // C[rows][panel] (+)= A B. A(r, k) = a[r * stride + k]; B: one panel, [depth][panel].
  void (*multiply)(int64_t rows, int64_t depth, const float* a, int64_t stride, const float* b,
                   float* c, int64_t c_stride, bool accumulate);
  void (*store_panel)(const PanelOutput& output);
  // out = (products + bias) gelu(gate_products + gate_bias); no residual.
  void (*store_gated_panel)(const PanelOutput& output, const float* gate_products,
                            const float* gate_bias);

  // Halves to floats and back; count is a multiple of the panel.
  void (*widen)(const uint16_t* from, int64_t count, float* to);
  void (*narrow)(const float* from, int64_t count, uint16_t* to);

  WinogradTable winograd2;
  WinogradTable winograd4;
  WinogradTable winograd6;
  WinogradTable winograd7;  // for enlarged pictures

  // Floats of scratch an AttentionTask needs, and the attention itself.
  int64_t (*attention_scratch)(int64_t features);
  void (*attention)(const AttentionTask& task, float* scratch);
  int64_t attention_queries;  // queries a task had best have

  // Adds to sums[channels] and squares[channels] of x [pixels][channels].
  void (*channel_sums)(const float* x, int64_t pixels, int64_t channels, float* sums,
                       float* squares);
  // out = scale x + shift, for each channel; the other one's silu().
  void (*scale_channels)(const float* x, int64_t pixels, int64_t channels, const float* scale,
                         const float* shift, float* out);
  void (*scale_channels_silu)(const float* x, int64_t pixels, int64_t channels, const float* scale,
                              const float* shift, float* out);
  // x [rows][features], out elsewhere.
  void (*layer_norm)(const float* x, int64_t rows, int64_t features, const float* weight,
                     const float* bias, float epsilon, float* out);
};

// The best table this processor can run; found once. RIFFLE_ISA=portable|avx2|avx512 in the
// environment asks for another, for tests and comparisons; one the processor lacks is an
// Error{Unsupported}.
const KernelTable& kernel_table();

// Every table this processor can run, for tests.
std::vector<const KernelTable*> runnable_tables();

}  // namespace riffle::nn::kernels
