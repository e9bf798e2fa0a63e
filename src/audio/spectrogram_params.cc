// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/spectrogram_params.h"

#include <fmt/format.h>

#include "core/error.h"

namespace riffle::audio {
namespace {

void require(bool ok, const char* field, double value, const char* expected) {
  if (ok) return;
  throw Error(ErrorCode::InvalidArgument,
              fmt::format("spectrogram parameter {} is {}, expected {}", field, value, expected));
}

}  // namespace

void SpectrogramParams::validate() const {
  require(sample_rate >= 4000 && sample_rate <= 384000, "sample_rate", sample_rate,
          "4000 to 384000 Hz");
  require(step_size_ms >= 1 && step_size_ms <= 10000, "step_size_ms", step_size_ms,
          "1 to 10000 ms");
  require(window_duration_ms >= step_size_ms && window_duration_ms <= 10000, "window_duration_ms",
          window_duration_ms, "at least step_size_ms and at most 10000 ms");
  require(padded_duration_ms >= window_duration_ms && padded_duration_ms <= 10000,
          "padded_duration_ms", padded_duration_ms,
          "at least window_duration_ms and at most 10000 ms");
  require(n_fft() <= 1 << 20, "padded_duration_ms", padded_duration_ms,
          "a frame of at most 1048576 samples");
  require(num_frequencies >= 1 && num_frequencies <= 8192, "num_frequencies", num_frequencies,
          "1 to 8192 rows");
  require(min_frequency >= 0, "min_frequency", min_frequency, "0 Hz or more");
  require(max_frequency > min_frequency && 2 * static_cast<int64_t>(max_frequency) <= sample_rate,
          "max_frequency", max_frequency, "above min_frequency and at most half the sample rate");
  require(power_for_image > 0 && power_for_image <= 4, "power_for_image", power_for_image,
          "above 0 and at most 4");
}

}  // namespace riffle::audio
