// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/lora.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/einsum.h>
#include <ATen/ops/matmul.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "weights/detail/lora_names.h"
#include "weights/open_weights.h"

namespace riffle::weights {
namespace {

namespace fs = std::filesystem;
using detail::LoraFactor;

constexpr std::array<std::string_view, 4> kFileNames{
    "pytorch_lora_weights.safetensors", "adapter_model.safetensors", "pytorch_lora_weights.bin",
    "adapter_model.bin"};

fs::path file_of(const fs::path& path) {
  if (!fs::is_directory(path)) return path;
  for (const std::string_view name : kFileNames) {
    if (fs::exists(path / name)) return path / name;
  }
  throw Error(ErrorCode::NotFound,
              fmt::format("{}: no adapter there ({})", path.string(), fmt::join(kFileNames, ", ")),
              "give the adapter's file");
}

// What PEFT keeps beside the factors: alpha for all layers, and whether the root of the rank
// divides.
struct PeftConfig {
  std::optional<double> alpha;
  bool root_of_rank = false;
};

PeftConfig read_peft_config(const fs::path& adapter) {
  const fs::path path = adapter.parent_path() / "adapter_config.json";
  PeftConfig config;
  if (!fs::exists(path)) return config;
  const Json json = read_json_file(path);
  const std::string where = path.string();
  const auto alphas = json.find("alpha_pattern");
  const bool several = alphas != json.end() && alphas->is_object() && !alphas->empty();
  if (several || json_get_or<bool>(json, "use_dora", false, where)) {
    throw Error(ErrorCode::Unsupported,
                fmt::format("{}: {} is not supported", where, several ? "alpha_pattern" : "DoRA"),
                "merge the adapter into the model where it was trained");
  }
  config.alpha = json_get<double>(json, "lora_alpha", where);
  config.root_of_rank = json_get_or<bool>(json, "use_rslora", false, where);
  return config;
}

struct Factors {
  at::Tensor down, up, mid;
  std::optional<double> alpha;
};

[[noreturn]] void bad_layer(const std::string& where, const std::string& key,
                            const std::string& problem) {
  throw Error(ErrorCode::BadFile, fmt::format("{}: adapter \"{}\" {}", where, key, problem));
}

std::string shape_or_none(const at::Tensor& tensor) {
  return tensor.defined() ? shape_text(tensor.sizes()) : "none";
}

// up [out, rank(, 1, 1)], down [rank, in(, h, w)]; with mid [rank, rank, h, w] down is [rank, in,
// 1, 1].
void check_shapes(const std::string& where, const std::string& key, const Factors& f) {
  const bool fits = f.down.defined() && f.up.defined() && f.down.dim() >= 2 && f.up.dim() >= 2 &&
                    f.up.numel() == f.up.size(0) * f.up.size(1) && f.up.size(1) == f.down.size(0) &&
                    f.down.size(0) > 0;
  const bool mid_fits =
      !f.mid.defined() ||
      (fits && f.mid.dim() == 4 && f.mid.size(0) == f.up.size(1) &&
       f.mid.size(1) == f.down.size(0) && f.down.numel() == f.down.size(0) * f.down.size(1));
  if (!fits || !mid_fits) {
    bad_layer(where, key,
              fmt::format("has factors that do not go together: down {}, up {}, middle {}",
                          shape_or_none(f.down), shape_or_none(f.up), shape_or_none(f.mid)));
  }
}

LoraLayer make_layer(const std::string& where, const std::string& key, Factors f,
                     const PeftConfig& peft) {
  check_shapes(where, key, f);
  auto target = detail::lora_target(key);
  const auto rank = static_cast<double>(f.down.size(0));
  double scale = 1;
  if (f.alpha) {
    scale = *f.alpha / rank;
  } else if (peft.alpha) {
    scale = *peft.alpha / (peft.root_of_rank ? std::sqrt(rank) : rank);
  }
  if (!std::isfinite(scale)) bad_layer(where, key, "has an alpha that is no number");
  return {key,
          std::move(target.part),
          std::move(target.module),
          std::move(f.down),
          std::move(f.up),
          std::move(f.mid),
          scale};
}

// A linear layer's adapter also fits the 1 x 1 convolution of the same size.
void check_fits(const std::string& where, const LoraLayer& layer, const std::string& name,
                const at::Tensor& weight) {
  const std::vector<int64_t> shape = layer.shape();
  const auto count = element_count(shape);
  if (count != weight.numel() || shape[0] != weight.size(0) || shape[1] != weight.size(1)) {
    bad_layer(where, layer.key,
              fmt::format("changes a weight {}, but {} is {}", shape_text(shape), name,
                          shape_text(weight.sizes())));
  }
}

}  // namespace

std::vector<int64_t> LoraLayer::shape() const {
  std::vector<int64_t> result = (mid.defined() ? mid : down).sizes().vec();
  result[0] = up.size(0);
  result[1] = down.size(1);
  return result;
}

at::Tensor LoraLayer::delta(at::Device device) const {
  const auto on_device = [&](const at::Tensor& t) { return t.to(device, at::kFloat); };
  const at::Tensor u = on_device(up).flatten(1);
  if (mid.defined()) {
    return at::einsum("op,pqhw,qi->oihw", {u, on_device(mid), on_device(down).flatten(1)})
        .mul_(scale);
  }
  return at::matmul(u, on_device(down).flatten(1)).view(shape()).mul_(scale);
}

std::shared_ptr<const Lora> open_lora(const fs::path& path) {
  const fs::path file = file_of(path);
  const TensorSourcePtr source = open_weights(file);
  auto lora = std::make_shared<Lora>();
  lora->where = source->where();
  std::map<std::string, Factors> layers;
  for (const TensorInfo& info : source->tensors()) {
    if (const auto method = detail::foreign_method(info.name); !method.empty()) {
      throw Error(ErrorCode::Unsupported,
                  fmt::format("{}: \"{}\" belongs to {}, not to plain LoRA", lora->where, info.name,
                              method),
                  "merge the adapter into the model where it was trained");
    }
    const auto name = detail::parse_lora_name(info.name);
    if (!name) {
      lora->unknown.push_back(info.name);
      continue;
    }
    Factors& f = layers[name->key];
    switch (name->factor) {
      case LoraFactor::Down:
        f.down = source->view(info.name);
        break;
      case LoraFactor::Up:
        f.up = source->view(info.name);
        break;
      case LoraFactor::Mid:
        f.mid = source->view(info.name);
        break;
      case LoraFactor::Alpha:
        if (info.elements() != 1)
          bad_layer(lora->where, name->key, "has an alpha of more than one number");
        f.alpha = source->load(info.name, at::kDouble).item<double>();
        break;
    }
  }
  const PeftConfig peft = read_peft_config(file);
  for (auto& [key, factors] : layers)
    lora->layers.push_back(make_layer(lora->where, key, std::move(factors), peft));
  if (lora->layers.empty()) {
    throw Error(ErrorCode::BadFile,
                fmt::format("{}: no LoRA: none of its {} tensors is named like one", lora->where,
                            source->tensors().size()),
                "a whole model is loaded with --model");
  }
  return lora;
}

std::string LoraReport::line() const {
  const size_t shown = std::min<size_t>(unmatched.size(), 3);
  const std::string first = fmt::format(
      "{}", fmt::join(unmatched.begin(), unmatched.begin() + static_cast<ptrdiff_t>(shown), ", "));
  return fmt::format(
      "{}: {} layers applied, {} without counterpart{}", where, matched, unmatched.size(),
      unmatched.empty() ? ""
                        : fmt::format(" ({}{})", first, shown < unmatched.size() ? ", ..." : ""));
}

LoraSet::LoraSet(std::map<std::string, NamedTensors> model) {
  constexpr std::string_view kWeight = ".weight";
  for (const auto& [part, parameters] : model) {
    for (const auto& [name, tensor] : parameters) {
      if (!name.ends_with(kWeight) || tensor.dim() < 2) continue;
      by_part_[part].emplace(detail::underscored(name.substr(0, name.size() - kWeight.size())),
                             targets_.size());
      targets_.push_back({fmt::format("{}.{}", part, name), tensor, {}});
    }
  }
}

LoraSet::Target* LoraSet::find(const LoraLayer& layer) {
  for (auto& [part, modules] : by_part_) {
    if (!layer.part.empty() && layer.part != part) continue;
    for (const std::string& name : {layer.module, "text_model_" + layer.module}) {
      if (const auto found = modules.find(name); found != modules.end())
        return &targets_[found->second];
    }
  }
  return nullptr;
}

LoraReport LoraSet::add_to_plan(Plan& plan, const LoraUse& use) {
  const Lora& lora = *use.lora;
  LoraReport report{lora.where, 0, lora.unknown};
  for (const LoraLayer& layer : lora.layers) {
    Target* target = find(layer);
    if (target == nullptr) {
      report.unmatched.push_back(layer.key);
      continue;
    }
    check_fits(lora.where, layer, target->name, target->weight);
    plan[target].emplace_back(&layer, use.weight);
    ++report.matched;
  }
  log::info("{}", report.line());
  if (report.matched == 0) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("{}: none of its {} layers fits the model ({}, ...)", lora.where,
                            lora.layers.size(), lora.layers.front().key),
                "the adapter was trained for a model of another architecture");
  }
  return report;
}

void LoraSet::change(Target& target, const Plan::mapped_type& layers) {
  const at::Tensor weight = target.weight.detach();  // shares storage and version counter
  target.original = weight.clone();
  at::Tensor sum = weight.to(at::kFloat, /*non_blocking=*/false, /*copy=*/true);
  for (const auto& [layer, factor] : layers) {
    sum.add_(layer->delta(weight.device()).view(weight.sizes()), factor);
  }
  weight.copy_(sum);
}

std::vector<LoraReport> LoraSet::apply(const std::vector<LoraUse>& adapters, const Job& job) {
  // Everything that can be refused is refused before the first weight changes.
  Plan plan;
  std::vector<LoraReport> reports;
  for (const LoraUse& use : adapters) reports.push_back(add_to_plan(plan, use));
  remove();
  try {
    const at::NoGradGuard no_grad;
    int64_t done = 0;
    for (const auto& [target, layers] : plan) {
      job.check();
      change(*target, layers);
      job.report("adapters", ++done, static_cast<int64_t>(plan.size()));
    }
  } catch (...) {
    remove();
    throw;
  }
  return reports;
}

void LoraSet::remove() {
  const at::NoGradGuard no_grad;
  for (Target& target : targets_) {
    if (!target.original.defined()) continue;
    target.weight.detach().copy_(target.original);
    target.original.reset();
  }
}

}  // namespace riffle::weights
