// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/phase_retrieval.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <complex>

#include "audio/detail/denormals.h"
#include "audio/detail/multiarch.h"
#include "audio/inverse_mel.h"
#include "core/error.h"
#include "core/parallel.h"

namespace riffle::audio {
namespace {

using Complex = std::complex<float>;
using Clock = std::chrono::steady_clock;

constexpr float kMomentum = 0.99F;
constexpr int kInverseMelIterations =
    10;  // a start is all that is asked: the iterations fit the mel rows themselves
constexpr int64_t kGrain = 8;  // frames a task

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

bool seven_smooth(int64_t n) {
  for (const int p : {2, 3, 5, 7}) {
    while (n % p == 0) n /= p;
  }
  return n == 1;
}

// y = x + momentum (x - previous), previous = x, magnitude = |y|; complex numbers as pairs of
// floats.
RIFFLE_MULTIARCH void accelerate(const float* x, float* previous, float momentum, int bins,
                                 float* y, float* magnitude) {
  for (int i = 0; i < 2 * bins; ++i) {
    const float now = x[i];  // y may be x
    y[i] = now + momentum * (now - previous[i]);
    previous[i] = now;
  }
  for (int k = 0; k < bins; ++k)
    magnitude[k] = std::sqrt(y[2 * k] * y[2 * k] + y[2 * k + 1] * y[2 * k + 1]);
}

RIFFLE_MULTIARCH void ratios(const float* wanted, const float* present, float floor, int count,
                             float* out) {
  for (int i = 0; i < count; ++i) out[i] = wanted[i] / std::max(present[i], floor);
}

// What is too loud is turned down by the ratio to the power 1.5: energy that leaks where the
// picture is white returns with every overlap-add, and measured over all pictures this lowers both
// the convergence error and the haze (power 2 gains no more, 3 diverges).
RIFFLE_MULTIARCH void mel_ratios(const float* wanted, const float* present, float floor, int count,
                                 float* out) {
  for (int i = 0; i < count; ++i) {
    const float r = wanted[i] / std::max(present[i], floor);
    out[i] = r < 1 ? r * std::sqrt(r) : r;
  }
}

RIFFLE_MULTIARCH void scale(float* y, const float* gain, int bins) {
  for (int k = 0; k < bins; ++k) {
    y[2 * k] *= gain[k];
    y[2 * k + 1] *= gain[k];
  }
}

RIFFLE_MULTIARCH void windowed(const float* in, const float* window, float gain, int count,
                               float* out) {
  for (int i = 0; i < count; ++i) out[i] = in[i] * window[i] * gain;
}

RIFFLE_MULTIARCH void add(const float* in, int64_t count, float* out) {
  for (int64_t i = 0; i < count; ++i) out[i] += in[i];
}

RIFFLE_MULTIARCH void multiply(const float* in, int64_t count, float* out) {
  for (int64_t i = 0; i < count; ++i) out[i] *= in[i];
}

}  // namespace

RetrievalGrid retrieval_grid(const SpectrogramParams& params) {
  const int64_t hop = params.hop_length();
  const int64_t win = params.win_length();
  const int64_t rate = params.sample_rate;
  RetrievalGrid grid;
  int64_t chosen = hop;
  for (int64_t h = 1; h < hop; ++h) {
    const bool whole = win * h % hop == 0 && rate * h % hop == 0;
    // 4 % of room above the highest row keeps the windows' side lobes from folding back.
    if (!whole || rate * h / hop < 2.08 * params.max_frequency || !seven_smooth(2 * win * h / hop))
      continue;
    chosen = h;
    break;
  }
  grid.reduced = chosen != hop;
  grid.codec_hop = static_cast<int>(hop);
  grid.sample_rate = static_cast<int>(rate * chosen / hop);
  grid.geometry = {.win = static_cast<int>(win * chosen / hop),
                   .hop = static_cast<int>(chosen),
                   .n_fft = static_cast<int>(2 * win * chosen / hop)};
  const double bin_hz = static_cast<double>(grid.sample_rate) / grid.geometry.n_fft;
  grid.bins = std::min(grid.geometry.n_fft / 2 + 1,
                       static_cast<int>(std::ceil(params.max_frequency / bin_hz)) + 1);
  return grid;
}

int64_t RetrievalGrid::twice_last(int64_t frames) const {
  const int64_t last = (frames - 1) * codec_hop - 1;
  return std::llround(2.0 * static_cast<double>(last) * geometry.hop / codec_hop);
}

// The state of one solve(): everything per frame lies in flat arrays, channel after channel.
class Solver {
 public:
  Solver(const RetrievalGrid& grid, const MelFilterbank& bank, const std::vector<float>& window,
         const RealFft& fft, const MelSpectrogram& target, const RetrievalBlock& block,
         PhaseRetrieval::Timing& timing)
      : grid_(grid),
        bank_(bank),
        window_(window),
        fft_(fft),
        target_(target),
        block_(block),
        timing_(timing),
        frames_(target.frames),
        support_((target.frames - 1) * grid.geometry.hop + grid.geometry.win) {
    const auto all = static_cast<size_t>(target.channels * frames_);
    previous_.resize(all * static_cast<size_t>(grid.bins));
    pieces_.resize(all * static_cast<size_t>(grid.geometry.win));
    signal_.assign(static_cast<size_t>(target.channels),
                   std::vector<float>(static_cast<size_t>(support_)));
    float top = 0;
    for (const float v : target.values) top = std::max(top, v);
    floor_ = std::max(top * 1e-9F, 1e-30F);
    make_weights();
  }

  std::vector<std::vector<float>> run(const RetrievalOptions& options, const Job& job) {
    guess(options.seed, job);
    for (int i = 0; i < options.iterations; ++i) {
      const auto start = Clock::now();
      for_frames(job, [&](int channel, int64_t t, Workspace& w) { improve(channel, t, i, w); });
      overlap_add();
      timing_.iterate_s += seconds_since(start);
      job.report("phase", i + 1, options.iterations);
    }
    magnitude_.clear();
    return std::move(signal_);
  }

 private:
  struct Workspace {
    AlignedBuffer<float> time;
    AlignedBuffer<Complex> spectrum;
    std::vector<float> mel, gain, magnitude;
    double fft_s = 0;
  };

  template <class Body>
  void for_frames(const Job& job, const Body& body) {
    std::atomic<double> fft_s{0};
    parallel_for(target_.channels * frames_, kGrain, [&](int64_t begin, int64_t end) {
      job.check();
      const FlushDenormals flush;
      Workspace w{AlignedBuffer<float>(static_cast<size_t>(grid_.geometry.n_fft)),
                  AlignedBuffer<Complex>(static_cast<size_t>(fft_.bins())),
                  std::vector<float>(static_cast<size_t>(target_.rows)),
                  std::vector<float>(static_cast<size_t>(grid_.bins)),
                  std::vector<float>(static_cast<size_t>(grid_.bins))};
      for (int64_t i = begin; i < end; ++i) body(static_cast<int>(i / frames_), i % frames_, w);
      fft_s += w.fft_s;
    });
    timing_.fft_s += fft_s / thread_count();
  }

  // 1 / (sum of squared windows) over the block's support.
  void make_weights() {
    weight_.assign(static_cast<size_t>(support_), 0.0F);
    for (int64_t t = 0; t < frames_; ++t) {
      for (int i = 0; i < grid_.geometry.win; ++i) {
        weight_[static_cast<size_t>(t * grid_.geometry.hop + i)] +=
            window_[static_cast<size_t>(i)] * window_[static_cast<size_t>(i)];
      }
    }
    // Where hardly a window reaches (the outer margin) the division would blow noise up.
    for (float& w : weight_) w = 1.0F / std::max(w, 1e-3F);
  }

  // Magnitudes by inverse mel, phases by integration, joint over the channels.
  void guess(uint64_t seed, const Job& job) {
    auto start = Clock::now();
    const auto per_channel = static_cast<size_t>(frames_) * static_cast<size_t>(grid_.bins);
    magnitude_ = inverse_mel(target_.values, target_.channels * frames_, bank_,
                             {.max_iterations = kInverseMelIterations}, job);
    timing_.inverse_mel_s += seconds_since(start);
    start = Clock::now();
    phase_.resize(per_channel);
    if (block_.known_frames > 0) {
      signal_ = block_.samples;
      for (auto& channel : signal_) channel.resize(static_cast<size_t>(support_));
      read_known_phases(job);
    }
    std::vector<float> joint;
    if (target_.channels > 1) {
      joint.assign(per_channel, 0.0F);
      for (int c = 0; c < target_.channels; ++c)
        add(magnitude_.data() + static_cast<size_t>(c) * per_channel,
            static_cast<int64_t>(per_channel), joint.data());
    }
    integrate_phase_gradient(joint.empty() ? magnitude_ : joint, frames_, grid_.bins,
                             grid_.geometry, {.seed = seed, .known_frames = block_.known_frames},
                             phase_, job);
    timing_.phase_gradient_s += seconds_since(start);
    for_frames(job, [&](int channel, int64_t t, Workspace& w) {
      const float* magnitude = magnitude_.data() + (channel * frames_ + t) * grid_.bins;
      const float* phase = phase_.data() + t * grid_.bins;
      for (int k = 0; k < grid_.bins; ++k)
        w.spectrum[static_cast<size_t>(k)] = std::polar(magnitude[k], phase[k]);
      synthesise(channel, t, w);
    });
    overlap_add();
    phase_ = {};
  }

  void read_known_phases(const Job& job) {
    const std::vector<std::vector<float>> given = signal_;
    parallel_for(block_.known_frames, kGrain, [&](int64_t begin, int64_t end) {
      job.check();
      AlignedBuffer<float> time(static_cast<size_t>(grid_.geometry.n_fft));
      AlignedBuffer<Complex> spectrum(static_cast<size_t>(fft_.bins()));
      for (int64_t t = begin; t < end; ++t) {
        for (int i = 0; i < grid_.geometry.win; ++i) {
          float sum = 0;
          for (const auto& channel : given)
            sum += channel[static_cast<size_t>(t * grid_.geometry.hop + i)];
          time[static_cast<size_t>(i)] = sum * window_[static_cast<size_t>(i)];
        }
        fft_.forward(time.data(), spectrum.data());
        for (int k = 0; k < grid_.bins; ++k)
          phase_[static_cast<size_t>(t * grid_.bins + k)] =
              std::arg(spectrum[static_cast<size_t>(k)]);
      }
    });
  }

  // One frame of one iteration: signal -> spectrum -> accelerated -> magnitudes that fit the target
  // -> piece of signal.
  void improve(int channel, int64_t t, int iteration, Workspace& w) {
    const int bins = grid_.bins;
    const int64_t at = channel * frames_ + t;
    windowed(signal_[static_cast<size_t>(channel)].data() + t * grid_.geometry.hop, window_.data(),
             1.0F, grid_.geometry.win, w.time.data());
    std::fill(w.time.data() + grid_.geometry.win, w.time.data() + grid_.geometry.n_fft, 0.0F);
    const auto start = Clock::now();
    fft_.forward(w.time.data(), w.spectrum.data());
    w.fft_s += seconds_since(start);
    auto* spectrum = reinterpret_cast<float*>(w.spectrum.data());
    auto* previous = reinterpret_cast<float*>(previous_.data() + at * bins);
    accelerate(spectrum, previous, iteration == 0 ? 0.0F : kMomentum, bins, spectrum,
               w.magnitude.data());
    if (iteration == 0) {
      // The inverse mel's magnitudes once more: one plain step mends what the integration left
      // inconsistent.
      ratios(magnitude_.data() + at * bins, w.magnitude.data(), 1e-30F, bins, w.gain.data());
    } else {
      bank_.apply(w.magnitude.data(), w.mel.data());
      mel_ratios(target_.frame(channel, t).data(), w.mel.data(), floor_, target_.rows,
                 w.mel.data());
      bank_.average(w.mel.data(), w.gain.data());
    }
    scale(spectrum, w.gain.data(), bins);
    synthesise(channel, t, w);
  }

  // w.spectrum [grid bins] -> windowed piece of signal.
  void synthesise(int channel, int64_t t, Workspace& w) {
    std::fill(w.spectrum.data() + grid_.bins, w.spectrum.data() + fft_.bins(), Complex{});
    const auto start = Clock::now();
    fft_.inverse(w.spectrum.data(), w.time.data());
    w.fft_s += seconds_since(start);
    windowed(w.time.data(), window_.data(), 1.0F / static_cast<float>(grid_.geometry.n_fft),
             grid_.geometry.win, pieces_.data() + (channel * frames_ + t) * grid_.geometry.win);
  }

  // Pieces -> signal, each stretch of one hop gathered by one task, so that the sum's order never
  // changes.
  void overlap_add() {
    const int hop = grid_.geometry.hop;
    const int win = grid_.geometry.win;
    const int64_t stretches = (support_ + hop - 1) / hop;
    parallel_for(target_.channels * stretches, 64, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t channel = i / stretches;
        const int64_t from = (i % stretches) * hop;
        const int64_t to = std::min(support_, from + hop);
        float* out = signal_[static_cast<size_t>(channel)].data() + from;
        std::fill(out, out + (to - from), 0.0F);
        const int64_t first = std::max<int64_t>(0, (from - win) / hop);
        const int64_t last = std::min(frames_ - 1, from / hop);
        for (int64_t t = first; t <= last; ++t) {
          const int64_t count = std::min(to, t * hop + win) - from;
          if (count > 0)
            add(pieces_.data() + (channel * frames_ + t) * win + (from - t * hop), count, out);
        }
        multiply(weight_.data() + from, to - from, out);
      }
    });
    for (auto& channel : signal_)
      hold_ends(channel, static_cast<size_t>(&channel - signal_.data()));
  }

  // Fixed samples, and the mirrored margins that the encoder's reflect padding implies.
  void hold_ends(std::vector<float>& samples, size_t channel) {
    for (int64_t i = 0; i < block_.fixed_samples; ++i) {
      samples[static_cast<size_t>(i)] = block_.samples[channel][static_cast<size_t>(i)];
    }
    const int64_t margin = grid_.geometry.win / 2;
    const int64_t length = support_ - 2 * margin;
    if (block_.starts) {
      for (int64_t i = 0; i < margin; ++i) {
        samples[static_cast<size_t>(i)] =
            samples[static_cast<size_t>(margin + reflect_index(i - margin, length))];
      }
    }
    if (block_.ends) {
      // The encoder mirrors about its own last sample, which lies between two samples of a reduced
      // grid: a whole grid sample off would put the highest band out of phase and a click on the
      // edge.
      for (int64_t i = length; i < support_ - margin; ++i) {
        samples[static_cast<size_t>(margin + i)] = samples[static_cast<size_t>(
            margin + reflect_index(grid_.twice_last(frames_) - i, length))];
      }
    }
  }

  const RetrievalGrid& grid_;
  const MelFilterbank& bank_;
  const std::vector<float>& window_;
  const RealFft& fft_;
  const MelSpectrogram& target_;
  const RetrievalBlock& block_;
  PhaseRetrieval::Timing& timing_;
  int64_t frames_;
  int64_t support_;
  float floor_ = 0;
  std::vector<float> weight_;
  std::vector<float> magnitude_;            // [channels, frames, bins]
  std::vector<float> phase_;                // [frames, bins]
  std::vector<Complex> previous_;           // [channels, frames, bins]
  std::vector<float> pieces_;               // [channels, frames, win]
  std::vector<std::vector<float>> signal_;  // [channels][support]
};

PhaseRetrieval::PhaseRetrieval(const SpectrogramParams& params, const RetrievalOptions& options)
    : params_(params),
      options_(options),
      grid_(retrieval_grid(params)),
      bank_(MelFilterbank::resampled(
          params, static_cast<double>(grid_.sample_rate) / grid_.geometry.n_fft, grid_.bins)),
      window_(hann_window(grid_.geometry.win)),
      fft_(grid_.geometry.n_fft) {}

std::vector<std::vector<float>> PhaseRetrieval::solve(const MelSpectrogram& target,
                                                      const RetrievalBlock& block,
                                                      const Job& job) const {
  if (target.frames < 1 || target.rows != params_.num_frequencies) {
    throw Error(ErrorCode::Internal, "phase retrieval was given a spectrogram of another shape");
  }
  timing_ = {};
  return Solver(grid_, bank_, window_, fft_, target, block, timing_).run(options_, job);
}

}  // namespace riffle::audio
