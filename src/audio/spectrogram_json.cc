// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/spectrogram_json.h"

namespace riffle::audio {

OrderedJson to_json(const SpectrogramParams& params) {
  return {{"stereo", params.stereo},
          {"sample_rate", params.sample_rate},
          {"step_size_ms", params.step_size_ms},
          {"window_duration_ms", params.window_duration_ms},
          {"padded_duration_ms", params.padded_duration_ms},
          {"num_frequencies", params.num_frequencies},
          {"min_frequency", params.min_frequency},
          {"max_frequency", params.max_frequency},
          {"power_for_image", params.power_for_image}};
}

}  // namespace riffle::audio
