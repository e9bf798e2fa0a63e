// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/context_rows.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <vector>

#include "core/error.h"
#include "models/prompt_features.h"

namespace riffle::models {
namespace {

// Rows [B, channels, columns] as the latents need them, zeros where they are undefined.
at::Tensor fitting(const char* what, const at::Tensor& rows, int64_t channels,
                   const at::Tensor& latents) {
  const std::array expected{latents.size(0), channels, latents.size(3)};
  if (!rows.defined()) return at::zeros(expected, latents.options());
  if (!rows.sizes().equals(expected)) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("{} of shape [{}] for latents of [{}]", what,
                            fmt::join(rows.sizes(), ", "), fmt::join(latents.sizes(), ", ")));
  }
  return rows.to(latents.options());
}

}  // namespace

ContextRows::ContextRows(int64_t channels, int64_t mel_rows, const Json& spectrogram)
    : channels_(channels) {
  if (channels == 0 || channels == kBeatChannels) return;
  if (channels != with_harmony(mel_rows)) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("{} channels beside the latents: expected 0, {} for beats, or {} for "
                            "beats and harmony",
                            channels, kBeatChannels, with_harmony(mel_rows)));
  }
  const MelRange range;
  tones_.emplace(MelRange{.low_hz = spectrogram.value("min_frequency", range.low_hz),
                          .high_hz = spectrogram.value("max_frequency", range.high_hz)},
                 mel_rows);
}

at::Tensor ContextRows::harmony_of(const at::Tensor& latents, const Conditioning& told) const {
  const int64_t batch = latents.size(0);
  const int64_t height = latents.size(2);
  const at::Tensor& summary = told.summary;
  if (summary.defined() &&
      (summary.dim() != 2 || summary.size(0) != batch || summary.size(1) < kMusicFeatures)) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("a summary of shape [{}] for latents of [{}]",
                            fmt::join(summary.sizes(), ", "), fmt::join(latents.sizes(), ", ")));
  }
  const at::Tensor numbers =
      summary.defined() ? summary.narrow(1, summary.size(1) - kMusicFeatures, kMusicFeatures)
                              .to(latents.options())
                        : at::zeros({batch, kMusicFeatures}, latents.options());
  const at::Tensor key =
      tones_->of_key(numbers, height).unsqueeze(3).expand({-1, -1, -1, latents.size(3)});
  const at::Tensor chroma =
      tones_->of_chroma(fitting("chroma", told.chroma, kChromaRows, latents), height);
  return at::cat({key, chroma}, 1);
}

at::Tensor ContextRows::beside(const at::Tensor& latents, const Conditioning& told) const {
  if (channels_ == 0) return latents;
  const int64_t batch = latents.size(0);
  const int64_t height = latents.size(2);
  const at::Tensor beats = fitting("beat rows", told.beats, kBeatRows, latents);
  const at::Tensor place = at::linspace(-1, 1, height, latents.options()).view({1, 1, height, 1});
  std::vector<at::Tensor> all{latents, beats.unsqueeze(2).expand({-1, -1, height, -1}),
                              place.expand({batch, 1, height, latents.size(3)})};
  if (tones_) all.push_back(harmony_of(latents, told));
  return at::cat(all, 1);
}

}  // namespace riffle::models
