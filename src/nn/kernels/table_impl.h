// SPDX-License-Identifier: GPL-3.0-or-later
// Builds the table of one instruction set from the templates. Included by the translation unit
// compiled for it.
#pragma once

#include "nn/kernels/attention_impl.h"
#include "nn/kernels/epilogue_impl.h"
#include "nn/kernels/multiply_impl.h"
#include "nn/kernels/norm_impl.h"
#include "nn/kernels/table.h"
#include "nn/kernels/winograd_impl.h"

namespace riffle::nn::kernels {

template <class V>
constexpr KernelTable make_table(Isa isa) {
  return {.isa = isa,
          .panel = kPanel<V>,
          .tile_rows = V::kTileRows,
          .multiply = &multiply_rows<V, Layout::RowsContiguous>,
          .store_panel = &store_panel<V>,
          .store_gated_panel = &store_gated_panel<V>,
          .widen = &widen<V>,
          .narrow = &narrow<V>,
          .winograd2 = make_winograd_table<Winograd2, V>(),
          .winograd4 = make_winograd_table<Winograd4, V>(),
          .winograd6 = make_winograd_table<Winograd6, V>(),
          .winograd7 = make_winograd_table<Winograd7, V>(),
          .attention_scratch = &attention_scratch<V>,
          .attention = &attend<V>,
          .attention_queries = kQueryPanels * kPanel<V>,
          .channel_sums = &channel_sums<V>,
          .scale_channels = &scale_channels<V, false>,
          .scale_channels_silu = &scale_channels<V, true>,
          .layer_norm = &layer_norm<V>};
}

}  // namespace riffle::nn::kernels
