// SPDX-License-Identifier: GPL-3.0-or-later
// Sound whose mel spectrogram is a given one. Two unknowns at once, the spectrum between the mel
// rows and its phases:
//  1. magnitudes by a non-negative inverse mel (inverse_mel.h),
//  2. phases by phase gradient heap integration (phase_gradient.h), one set for all channels, so
//  that what is alike in
//     them stays in phase,
//  3. fast Griffin-Lim (Perraudin, Balazs, Sondergaard 2013, eq. 11, alpha = 0.99), where the
//  magnitude step does not
//     force the guess of step 1 but scales each bin so that the mel rows fit: bins may settle where
//     sound can be.
// All of it on a reduced grid: 10 kHz of band need 21 kHz of samples, not 44.1, and a window of 100
// ms needs an FFT frame of 200 ms, not 400; a quarter of the arithmetic for the same sound.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "audio/mel_filterbank.h"
#include "audio/mel_spectrogram.h"
#include "audio/phase_gradient.h"
#include "audio/spectrogram_params.h"
#include "audio/stft.h"
#include "core/job.h"

namespace riffle::audio {

// Where retrieval works: same hop and window in milliseconds as the codec, at a lower rate where
// the band allows it.
struct RetrievalGrid {
  int sample_rate = 0;    // Hz, = codec rate * hop / codec hop
  StftGeometry geometry;  // in samples of that rate
  int bins = 0;           // those up to max_frequency
  bool reduced = false;   // sample_rate below the codec's
  int codec_hop = 0;      // samples of the codec's rate

  // Twice the place, in grid samples, of the last codec sample of that many frames: where the
  // encoder's mirror stands.
  int64_t twice_last(int64_t frames) const;
};
RetrievalGrid retrieval_grid(const SpectrogramParams& params);

struct RetrievalOptions {
  int iterations = 24;  // of fast Griffin-Lim
  uint64_t seed = 0;
};

// One stretch of sound. Its samples are laid out as the frames see them: frame t covers [t hop, t
// hop + win), so there is half a window of margin before the first frame's centre and after the
// last one's.
struct RetrievalBlock {
  bool starts = true;  // its first frame is the sound's first: the margin before is the mirror
                       // image of what follows
  bool ends = true;    // likewise at the end
  int64_t known_frames = 0;   // so many leading frames have a first guess in `samples`
  int64_t fixed_samples = 0;  // so many leading samples must not change
  std::vector<std::vector<float>>
      samples;  // [channel][...]: the guess (empty when known_frames is 0)
};

class PhaseRetrieval {
 public:
  PhaseRetrieval(const SpectrogramParams& params, const RetrievalOptions& options);

  const RetrievalGrid& grid() const { return grid_; }
  int64_t support(int64_t frames) const {
    return (frames - 1) * grid_.geometry.hop + grid_.geometry.win;
  }

  // target: at least one frame. Returns [channel][support(frames)] samples at the grid's rate, in
  // the target's scale.
  std::vector<std::vector<float>> solve(const MelSpectrogram& target, const RetrievalBlock& block,
                                        const Job& job = {}) const;

  // Share of the last solve()'s time spent inside FFTs, 0 to 1, and the seconds of each stage: for
  // `riffle bench`.
  struct Timing {
    double inverse_mel_s = 0;
    double phase_gradient_s = 0;
    double iterate_s = 0;
    double fft_s = 0;  // within iterate_s, summed over threads and divided by their number
  };
  const Timing& timing() const { return timing_; }

 private:
  SpectrogramParams params_;
  RetrievalOptions options_;
  RetrievalGrid grid_;
  MelFilterbank bank_;
  std::vector<float> window_;
  RealFft fft_;
  mutable Timing timing_;
};

}  // namespace riffle::audio
