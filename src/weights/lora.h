// SPDX-License-Identifier: GPL-3.0-or-later
// Low-rank adapters (Hu et al. 2021, arXiv:2106.09685): W' = W + weight * alpha / rank * up * down.
// Files of kohya's scripts (convolutions and LoCon's middle factor included), of PEFT and of
// diffusers, old and new.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/job.h"
#include "weights/load.h"

namespace riffle::weights {

// The adapter of one weight.
struct LoraLayer {
  std::string key;     // as in the file, without the ending that names the factor
  std::string part;    // "unet" or "text_encoder"; empty when the file does not say
  std::string module;  // path of the module below the part, dots and underscores alike as '_'
  at::Tensor down;     // [rank, in, ...]
  at::Tensor up;       // [out, rank, ...]
  at::Tensor mid;      // [rank, rank, height, width]; mostly undefined
  double scale = 1;    // alpha / rank

  // [out, in] or [out, in, height, width]: of the weight this is for.
  std::vector<int64_t> shape() const;
  // scale * up * down in float32 on `device`, in that shape.
  at::Tensor delta(at::Device device) const;
};

struct Lora {
  std::string where;
  std::vector<LoraLayer> layers;
  std::vector<std::string> unknown;  // names in the file that belong to no adapter
};

// A file, or a folder with one of the usual names in it. PEFT's adapter_config.json beside the file
// is heeded. Throws Error{NotFound, BadFile, Io}; Error{Unsupported} for kindred methods (LoHa,
// LoKr, DoRA, OFT, IA3), which are not approximated in silence.
std::shared_ptr<const Lora> open_lora(const std::filesystem::path& path);

struct LoraUse {
  std::shared_ptr<const Lora> lora;
  double weight = 1;
};

struct LoraReport {
  std::string where;
  int64_t matched = 0;                 // layers applied
  std::vector<std::string> unmatched;  // keys without a counterpart in the model
  // "x.safetensors: 192 layers applied, 2 without counterpart (first, second)"
  std::string line() const;
};

// The adapters on one model. Touched weights are changed in place, so pointers to them, captured
// graphs and views stay good, and their version counter moves; whoever keeps packed copies must
// look at it. A plain copy of every touched weight is kept until it is restored: that is what makes
// removal exact to the bit, at the price of that much memory (subtracting the delta again would
// leave rounding behind).
class LoraSet {
 public:
  // part ("unet", "text_encoder") -> its parameters, which must outlive the set.
  explicit LoraSet(std::map<std::string, NamedTensors> model);

  // Makes exactly these adapters the ones in effect, starting from the original weights: the result
  // does not depend on what was applied before. Reports are logged, one a file. Throws
  // Error{InvalidArgument} when a file matches nothing, Error{BadFile} when a layer has another
  // shape than its weight; the model is then unchanged. A cancelled call leaves the model without
  // adapters.
  std::vector<LoraReport> apply(const std::vector<LoraUse>& adapters, const Job& job = {});
  // Puts every original weight back, bit for bit.
  void remove();

 private:
  struct Target {
    std::string name;  // "unet.down_blocks.0...to_q.weight"
    at::Tensor weight;
    at::Tensor original;  // undefined while untouched
  };
  // What is to be added to each target: layers and their weights.
  using Plan = std::map<Target*, std::vector<std::pair<const LoraLayer*, double>>>;

  Target* find(const LoraLayer& layer);
  LoraReport add_to_plan(Plan& plan, const LoraUse& use);
  static void change(Target& target, const Plan::mapped_type& layers);

  std::vector<Target> targets_;
  std::map<std::string, std::map<std::string, size_t>> by_part_;  // part -> module -> index
};

}  // namespace riffle::weights
