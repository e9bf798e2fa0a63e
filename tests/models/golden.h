// SPDX-License-Identifier: GPL-3.0-or-later
// What the tests of this room share: golden tensors, riff-tiny's parts, and distances between
// tensors.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/allclose.h>

#include <filesystem>
#include <memory>
#include <string>

#include "core/json.h"
#include "models/load_module.h"
#include "support/test_files.h"
#include "weights/safetensors.h"

namespace riffle::models {

inline weights::TensorSourcePtr golden_tensors(const std::string& name) {
  return weights::open_safetensors(test::golden_file(name)).tensors;
}

// A part of tests/golden/riff-tiny, built from its config.json and loaded.
template <class Model, class Config>
std::shared_ptr<Model> riff_tiny_part(const std::string& folder, const std::string& file) {
  const std::filesystem::path root = test::golden_file("riff-tiny/" + folder);
  const std::filesystem::path config = root / "config.json";
  auto model = std::make_shared<Model>(Config::from_json(read_json_file(config), config.string()));
  load_module(*model, *weights::open_safetensors(root / file).tensors);
  return model;
}

inline double max_abs(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

inline double relative_l2(const at::Tensor& got, const at::Tensor& want) {
  return ((got - want).to(at::kDouble).norm() / want.to(at::kDouble).norm()).item<double>();
}

}  // namespace riffle::models
