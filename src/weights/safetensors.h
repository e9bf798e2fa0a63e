// SPDX-License-Identifier: GPL-3.0-or-later
// safetensors: the form in which Riffle keeps weights and latents.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/job.h"
#include "weights/tensor_source.h"

namespace riffle::weights {

using SafetensorsMetadata = std::map<std::string, std::string>;

struct Safetensors {
  TensorSourcePtr tensors;  // views lie in the mapped file
  SafetensorsMetadata metadata;
};

// Every offset, shape and type in the header is checked against the file first. Throws
// Error{NotFound, BadFile, Unsupported, Io}.
Safetensors open_safetensors(const std::filesystem::path& path);

// Writes a file that appears only when whole. The same tensors give the same bytes: they are laid
// out by falling element size, then by name, so every tensor is aligned to its elements. Tensors
// may lie on any device and need not be contiguous; one at a time is copied. Throws
// Error{InvalidArgument} for a name used twice or not UTF-8, Error{Unsupported} for a type without
// a name in the format, Error{Io}, Error{Cancelled}.
void write_safetensors(const std::filesystem::path& path,
                       const std::vector<std::pair<std::string, at::Tensor>>& tensors,
                       const SafetensorsMetadata& metadata = {}, const Job& job = {});

}  // namespace riffle::weights
