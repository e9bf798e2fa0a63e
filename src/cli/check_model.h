// SPDX-License-Identifier: GPL-3.0-or-later
// Numbers of this machine beside numbers known to be right: Riffle's kernels against libtorch's
// direct operators, a model's networks against these and against third-party results.
#pragma once

#include <c10/core/Device.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/job.h"
#include "weights/bundle.h"

namespace riffle::cli {

struct Check {
  std::string what;     // "unet", "convolution 3x3"
  std::string against;  // "direct operators", "third-party numbers"
  double error = 0;     // relative L2 distance; not a number when the result is not finite
  double tolerance = 0;

  bool passed() const { return error <= tolerance; }
};

// Each kind of layer with random weights, as it runs on `device` and by libtorch's direct operators
// on the CPU.
std::vector<Check> check_kernels(at::Device device, const Job& job);

// The text encoder, the UNet and the autoencoder of a riff model, one after the other, on seeded
// inputs of small size. `golden`: a folder with clip_text.safetensors, unet.safetensors and
// vae.safetensors, inputs and the outputs of third-party code for this very model; those that are
// there are compared with too. Throws what loading throws.
std::vector<Check> check_networks(const weights::Bundle& bundle, at::Device device,
                                  const std::filesystem::path& golden, const Job& job);

// The UNet1D of a band model, with and without conditions, and its autoencoder, in the same way.
std::vector<Check> check_band_networks(const weights::Bundle& bundle, at::Device device,
                                       const Job& job);

}  // namespace riffle::cli
