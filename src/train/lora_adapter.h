// SPDX-License-Identifier: GPL-3.0-or-later
// Low-rank adapters in training (Hu et al. 2021): W = W0 + alpha / rank * up * down, of which only
// up and down are trained. The network itself does not know: its weights hold the sum, and what
// backpropagation says about W is carried on to up and down by the chain rule, exactly.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "weights/load.h"

namespace riffle::train {

struct LoraShape {
  int64_t rank = 8;
  double alpha = 8;
  bool convolutions = false;  // of the UNet, with its feed-forward layers, beside the attention
};

enum class LoraNames { Kohya, Diffusers };
// "kohya", "diffusers". Throws Error{InvalidArgument}.
LoraNames lora_names_from_name(std::string_view name);

// The adapters of one network.
class LoraAdapter {
 public:
  // part: "unet" or "text_encoder". Every parameter of the network but the adapted weights stops
  // asking for gradients. `network` must outlive it. Throws Error{InvalidArgument} when nothing in
  // it can be adapted.
  LoraAdapter(std::string part, torch::nn::Module& network, const LoraShape& shape, uint64_t seed);

  // "unet.mid_block...to_q.down": what is trained. up begins as zeros.
  weights::NamedTensors parameters() const;
  // The weights that carry the sum, for asking their gradients.
  std::vector<at::Tensor> carriers() const;

  // Writes W0 + alpha / rank * up * down into the network.
  void apply() const;
  // Puts W0 back, bit for bit.
  void remove() const;
  // A scalar whose gradient with respect to up and down is that of a loss with these gradients with
  // respect to the carriers.
  at::Tensor surrogate(const std::vector<at::Tensor>& gradients) const;

  // Under the names of kohya's scripts, with alpha; or of diffusers, alpha / rank in up.
  weights::NamedTensors named(LoraNames names) const;

 private:
  struct Layer {
    std::string module;  // "mid_block.attentions.0....to_q"
    at::Tensor weight;
    at::Tensor original;
    at::Tensor down;  // [rank, in, ...]
    at::Tensor up;    // [out, rank, 1, ...]
  };
  at::Tensor delta(const Layer& layer) const;

  std::string part_;
  double alpha_;
  double scale_;
  std::vector<Layer> layers_;
};

// One file for all parts, in half precision. Throws Error{Io}.
void write_lora(const std::filesystem::path& file, const std::vector<const LoraAdapter*>& adapters,
                LoraNames names);

}  // namespace riffle::train
