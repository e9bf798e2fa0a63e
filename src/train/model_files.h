// SPDX-License-Identifier: GPL-3.0-or-later
// The parts of a bundle as a trainer writes and reads them: config.json and
// diffusion_pytorch_model.safetensors (model.safetensors of text encoders) in a folder.
#pragma once

#include <torch/nn/module.h>

#include <filesystem>
#include <string>

#include "core/json.h"
#include "weights/load.h"
#include "weights/tensor_source.h"

namespace riffle::train {

inline constexpr const char* kModelFile = "diffusion_pytorch_model.safetensors";
inline constexpr const char* kTextModelFile = "model.safetensors";

// Writes a part, its weights in half precision; the folder is made. Throws Error{Io}.
void write_part(const std::filesystem::path& folder, const Json& config,
                const weights::NamedTensors& parameters, const char* file = kModelFile);

// Fills a module from such a folder. Throws Error{NotFound, BadFile}.
void load_part(torch::nn::Module& module, const std::filesystem::path& folder,
               const char* file = kModelFile);

// The parameters of `from` into those of `to`, a module of the same kind; where the latter takes in
// more channels those are zero: it does the same as `from`, whatever is fed to them.
void copy_widened(const torch::nn::Module& from, torch::nn::Module& to);

// Copies the files of a part, each whole or not at all. Throws Error{NotFound, Io}.
void copy_part(const std::filesystem::path& from, const std::filesystem::path& to);

// A part as it is found: in a folder of its own that holds a config.json, or as a part of a bundle,
// be that a folder or a single file.
struct FoundPart {
  Json config;
  weights::TensorSourcePtr tensors;
};
// Throws Error{NotFound, BadFile, Unsupported}.
FoundPart find_part(const std::filesystem::path& path, const std::string& part);

// What the encoder of an autoencoder is known by: sixteen hexadecimal digits that change when the
// configuration or one of its weights does.
std::string encoder_fingerprint(const FoundPart& part);

}  // namespace riffle::train
