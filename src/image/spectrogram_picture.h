// SPDX-License-Identifier: GPL-3.0-or-later
// Mel amplitudes to picture levels and back, as Riffusion's image_util does it: time runs to the
// right, the lowest row lies at the bottom, loud is dark. In single precision throughout, in the
// order of the original's numpy operations, so levels agree with it pixel for pixel.
//   level = truncate(255 - 255 * (S / max)^power)       S = ((255 - level) / 255)^(1 / power) * max
// Mono is written as gray and read from red; stereo has red 0, green left, blue right.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audio/mel_spectrogram.h"
#include "audio/spectrogram_params.h"
#include "core/job.h"
#include "image/picture.h"

namespace riffle::image {

// The maximum the original assumes for every picture it decodes: loudness is set afterwards.
inline constexpr float kDefaultMaxValue = 30e6F;

// The amplitude that becomes black: the largest over all channels. Throws Error{InvalidArgument}
// for a spectrogram without values and for one that is negative, infinite or NaN anywhere (says
// where).
float max_amplitude(const audio::MelSpectrogram& mel);

// mel: [channels, frames, num_frequencies] -> picture [num_frequencies, frames], with the
// parameters and the maximum in its EXIF.
//
// max_value: one maximum for all tiles of a long piece; louder values become black. Silence (a
// maximum of 0) is a white picture with MAX_VALUE 0, which decodes to silence (the original divided
// by zero).
//
// Throws Error{InvalidArgument} when mel does not fit params (channels, rows), as max_amplitude()
// does, and for a max_value that is negative, not finite, or 0 for a sound; Error{Cancelled}.
Picture picture_from_mel(const audio::MelSpectrogram& mel, const audio::SpectrogramParams& params,
                         std::optional<float> max_value = {}, const Job& job = {});

enum class Dequantize {
  // The level itself, as the original: the encoder truncates, so every amplitude comes back too
  // loud, by half a level on average.
  Exact,
  // The mean amplitude of what the encoder turns into this level. With n = 255 - level, the root
  // R = 255 * (S / max)^power lay in (n - 1, n]; for R spread evenly over that interval the mean of
  // R^e, e = 1 / power, is (n^(e+1) - (n-1)^(e+1)) / (e + 1), which has the least expected squared
  // error. Level 255 is silence in both: no root above rounding error truncates to it.
  Centered,
};

struct MelFromPictureOptions {
  float max_value = kDefaultMaxValue;  // finite, 0 or more; 0 gives silence
  Dequantize dequantize = Dequantize::Exact;
};

// Picture -> mel [channels, width, height]; only the planes named above are looked at. Throws
// Error{InvalidArgument} when picture.height is not params.num_frequencies (see fit_to_picture) or
// max_value makes no sense; Error{Cancelled}.
audio::MelSpectrogram mel_from_picture(const Picture& picture,
                                       const audio::SpectrogramParams& params,
                                       const MelFromPictureOptions& options = {},
                                       const Job& job = {});

struct FittedParams {
  audio::SpectrogramParams params;
  std::vector<std::string> notes;  // one sentence for each field that was changed
};

// The parameters a picture is to be decoded with: its height overrules num_frequencies, because a
// row is a mel band whatever the parameters say. Throws Error{BadFile} for pictures that can be no
// spectrogram: fewer than 2 columns (no sound) or not 16 to 8192 rows. `name` begins the message.
FittedParams fit_to_picture(const audio::SpectrogramParams& params, const Picture& picture,
                            std::string_view name);

}  // namespace riffle::image
