// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/band_upsampler.h"

#include <algorithm>

#include "audio/stft.h"

namespace riffle::audio {
namespace {

int half_window_in_hops(const StftGeometry& g) { return std::max(1, g.win / (2 * g.hop)); }

}  // namespace

BandUpsampler::BandUpsampler(const StftGeometry& from, int to_hop)
    : step_in_(half_window_in_hops(from) * from.hop),
      step_out_(half_window_in_hops(from) * to_hop),
      fft_in_(2 * from.win),
      fft_out_(2 * from.win * to_hop / from.hop),
      window_in_(hann_window(from.win)),
      window_out_(hann_window(from.win * to_hop / from.hop)),
      time_in_(static_cast<size_t>(fft_in_.size())),
      time_out_(static_cast<size_t>(fft_out_.size())),
      spectrum_in_(static_cast<size_t>(fft_in_.bins())),
      spectrum_out_(static_cast<size_t>(fft_out_.bins())) {}

void BandUpsampler::transform(const float* stretch) {
  for (size_t i = 0; i < window_in_.size(); ++i) time_in_[i] = stretch[i] * window_in_[i];
  fft_in_.forward(time_in_.data(), spectrum_in_.data());
  std::fill_n(spectrum_out_.data(), spectrum_out_.size(), std::complex<float>{});
  std::copy_n(spectrum_in_.data(), std::min(spectrum_in_.size() - 1, spectrum_out_.size()),
              spectrum_out_.data());
  fft_out_.inverse(spectrum_out_.data(), time_out_.data());
  const size_t reach = window_out_.size();
  output_.resize(std::max(output_.size(), reach));
  weight_.resize(output_.size());
  const float scale = 1.0F / static_cast<float>(fft_in_.size());
  for (size_t i = 0; i < reach; ++i) {
    output_[i] += time_out_[i] * scale;
    weight_[i] += window_out_[i];
  }
}

std::vector<float> BandUpsampler::push(std::span<const float> samples, bool last) {
  input_.insert(input_.end(), samples.begin(), samples.end());
  std::vector<float> done;
  const auto step_in = static_cast<size_t>(step_in_);
  const auto step_out = static_cast<size_t>(step_out_);
  // What the input is worth in output samples; known only once the last of it is here.
  const size_t owed = input_.size() * step_out / step_in;
  if (last) input_.resize(input_.size() + window_in_.size());
  size_t used = 0;
  while (used + window_in_.size() <= input_.size()) {
    transform(input_.data() + used);
    for (size_t i = 0; i < step_out; ++i) done.push_back(output_[i] / std::max(weight_[i], 1e-3F));
    output_.erase(output_.begin(), output_.begin() + static_cast<std::ptrdiff_t>(step_out));
    weight_.erase(weight_.begin(), weight_.begin() + static_cast<std::ptrdiff_t>(step_out));
    used += step_in;
  }
  input_.erase(input_.begin(),
               input_.begin() + static_cast<std::ptrdiff_t>(std::min(used, input_.size())));
  if (last) {
    done.resize(std::min(done.size(), owed));
    input_.clear();
    output_.clear();
    weight_.clear();
  }
  return done;
}

}  // namespace riffle::audio
