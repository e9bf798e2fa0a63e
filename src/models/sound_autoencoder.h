// SPDX-License-Identifier: GPL-3.0-or-later
// ConsistencyAutoencoder behind the seam of autoencoders: waveforms of any length to latents and
// back, in overlapping pieces without seams.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "models/autoencoder.h"
#include "models/consistency_autoencoder.h"

namespace riffle::models {

struct SoundDecodeOptions {
  int64_t steps = 1;      // more hardly help
  uint64_t seed = 0;      // of the noise decoding begins with
  bool circular = false;  // the last latent is followed by the first
};

struct SoundAutoencoderOptions {
  at::Device device = at::kCPU;
  bool exact = false;   // CPU only: libtorch's operators instead of Riffle's kernels
  int64_t piece = 0;    // latents taken at once; 0: as many as 128 MB a layer hold
  int64_t overlap = 8;  // latents that neighbouring pieces share
};

class SoundAutoencoder final : public Autoencoder {
 public:
  // `path`: a folder with config.json and model.safetensors, or with the part "autoencoder" in it;
  // or a checkpoint in the form of music2latent.pt, beside which hparams.json may lie (else it has
  // the published hyper-parameters). Throws Error{NotFound, BadFile, Unsupported}.
  static std::unique_ptr<SoundAutoencoder> load(const std::filesystem::path& path,
                                                const SoundAutoencoderOptions& options = {},
                                                const Job& job = {});
  SoundAutoencoder(std::shared_ptr<ConsistencyAutoencoder> model,
                   const SoundAutoencoderOptions& options);

  const AutoencoderInfo& info() const override { return info_; }
  const ConsistencyConfig& config() const { return model_->config(); }

  // media: [B, 1, samples] -> [B, C, config().latents_of(samples)]; what is left over at the end is
  // not encoded. Circular: the samples must be a multiple of info().time_factor, and every one of
  // them counts. There is no posterior: the noise is not used. The latents are divided by
  // sigma_rescale. Throws Error{InvalidArgument} for a sound too short for one latent.
  at::Tensor encode(const at::Tensor& media, const at::Tensor& noise = {},
                    const DenoiseOptions& options = {}, const Job& job = {}) override;
  // [B, C, n] -> [B, 1, config().samples_of(n)], in -1..1; circular: [B, 1, n * time_factor], whose
  // end goes on at its beginning. All items begin with the same noise, so that the channels of a
  // stereo sound do not drift apart.
  at::Tensor decode(const at::Tensor& latents, const DenoiseOptions& options = {},
                    const Job& job = {}) override;
  at::Tensor decode_sound(const at::Tensor& latents, const SoundDecodeOptions& options,
                          const Job& job = {});

 private:
  struct Piece {
    int64_t first = 0;
    int64_t count = 0;
  };
  std::vector<Piece> pieces(int64_t latents) const;
  at::Tensor encode_straight(const at::Tensor& sound, const Job& job);  // [B, samples]
  at::Tensor encode_piece(const at::Tensor& sound, const Job& job);
  at::Tensor decode_straight(const at::Tensor& latents, const SoundDecodeOptions& options,
                             int64_t first_column, int64_t period, const Job& job);
  // noise(k): what step k begins with, or is led back to, [1, 2, bins, frames].
  at::Tensor decode_piece(const at::Tensor& latents, const SoundDecodeOptions& options,
                          const std::function<at::Tensor(int64_t step)>& noise, const Job& job);
  at::Tensor whole_noise(const SoundDecodeOptions& options, int64_t step, int64_t columns) const;
  at::Tensor column_noise(const SoundDecodeOptions& options, int64_t step, Piece piece,
                          int64_t period) const;

  std::shared_ptr<ConsistencyAutoencoder> model_;
  SoundAutoencoderOptions options_;
  AutoencoderInfo info_;
};

}  // namespace riffle::models
