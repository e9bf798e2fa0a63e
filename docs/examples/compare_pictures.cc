// SPDX-License-Identifier: GPL-3.0-or-later
// How alike the sounds of two spectrogram pictures are. Shows how to read a picture and get at its
// mel amplitudes.
//   compare_pictures A.png B.png
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <string>

#include "audio/mel_spectrogram.h"
#include "image/picture_file.h"
#include "image/spectrogram_exif.h"
#include "image/spectrogram_picture.h"

namespace {

using riffle::audio::MelSpectrogram;

MelSpectrogram mel_of(const std::string& path) {
  const auto picture = riffle::image::read_picture(path);
  const auto reading = riffle::image::decode_spectrogram_exif(picture.exif, path);
  const auto params = reading.found ? reading.found->params : riffle::audio::SpectrogramParams{};
  const auto fitted = riffle::image::fit_to_picture(params, picture, path);
  return riffle::image::mel_from_picture(picture, fitted.params);
}

struct Likeness {
  double convergence = 0;  // |g b - a| / |a|, with the gain g that suits best; 0 is perfect
  double correlation = 0;  // of the fourth roots, which is what the eye sees in the pictures
};

Likeness compare(const MelSpectrogram& a, const MelSpectrogram& b) {
  double aa = 0, bb = 0, ab = 0, n = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
  const int64_t frames = std::min(a.frames, b.frames);
  for (int channel = 0; channel < a.channels; ++channel) {
    for (int64_t t = 0; t < frames; ++t) {
      const auto row_a = a.frame(channel, t);
      const auto row_b = b.frame(channel, t);
      for (size_t m = 0; m < row_a.size(); ++m) {
        const double p = row_a[m], q = row_b[m];
        aa += p * p, bb += q * q, ab += p * q;
        const double u = std::pow(p, 0.25), v = std::pow(q, 0.25);
        n += 1, x += u, y += v, xx += u * u, yy += v * v, xy += u * v;
      }
    }
  }
  // The best gain is ab / bb; what is left of |a|^2 then is aa - ab^2 / bb.
  return {std::sqrt(std::max(0.0, 1 - ab * ab / (aa * bb))),
          (n * xy - x * y) / std::sqrt((n * xx - x * x) * (n * yy - y * y))};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: compare_pictures A.png B.png\n", stderr);
    return 2;
  }
  try {
    const MelSpectrogram a = mel_of(argv[1]);
    const MelSpectrogram b = mel_of(argv[2]);
    if (a.channels != b.channels || a.rows != b.rows) {
      std::fputs("compare_pictures: the pictures have different channels or rows\n", stderr);
      return 1;
    }
    const Likeness likeness = compare(a, b);
    fmt::print("spectral convergence {:.3f} (0 is the same), correlation {:.4f} (1 is the same)\n",
               likeness.convergence, likeness.correlation);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "compare_pictures: %s\n", e.what());
    return 1;
  }
  return 0;
}
