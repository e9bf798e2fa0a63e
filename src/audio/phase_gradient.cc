// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/phase_gradient.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <random>

#include "audio/detail/multiarch.h"
#include "core/parallel.h"

namespace riffle::audio {
namespace {

constexpr float kTwoPi = 2 * std::numbers::pi_v<float>;
// Hann's width parameter: the Gaussian exp(-pi x^2 / gamma) nearest to it has gamma = 0.25645 win^2
// (Prusa et al., table I).
constexpr double kHannGamma = 0.25645;

RIFFLE_MULTIARCH void log_magnitudes(const float* magnitude, int64_t count, float floor,
                                     float* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = std::log(std::max(magnitude[i], floor));
}

float largest(std::span<const float> values) {
  float top = 0;
  for (const float v : values) top = std::max(top, v);
  return top;
}

// A priority queue whose priorities are rounded to 1024 steps: pushing and popping cost a few
// nanoseconds, where a binary heap over a million points costs most of a decode. Order within a
// step does not matter to the result's quality.
class BucketQueue {
 public:
  static constexpr int kBuckets = 1024;

  void push(int bucket, uint32_t point) {
    buckets_[static_cast<size_t>(bucket)].push_back(point);
    best_ = std::min(best_, bucket);
  }
  // The first non-empty bucket, or -1.
  int best() {
    while (best_ < kBuckets && buckets_[static_cast<size_t>(best_)].empty()) ++best_;
    return best_ < kBuckets ? best_ : -1;
  }
  uint32_t pop(int bucket) {
    auto& list = buckets_[static_cast<size_t>(bucket)];
    const uint32_t point = list.back();
    list.pop_back();
    return point;
  }

 private:
  std::array<std::vector<uint32_t>, kBuckets> buckets_;
  int best_ = kBuckets;
};

class Integrator {
 public:
  Integrator(std::span<const float> magnitude, int64_t frames, int bins,
             const StftGeometry& geometry, const PhaseGradientOptions& options,
             std::span<float> phase)
      : frames_(frames),
        bins_(bins),
        phase_(phase),
        log_(magnitude.size()),
        bucket_(magnitude.size()),
        known_(options.known_frames),
        random_(options.seed) {
    const float top = largest(magnitude);
    floor_ = std::max(top * options.tolerance, 1e-30F);
    top_log_ = std::log(std::max(top, 1e-30F));
    parallel_for(frames, 64, [&](int64_t begin, int64_t end) {
      log_magnitudes(magnitude.data() + begin * bins, (end - begin) * bins, floor_ * 0.01F,
                     log_.data() + begin * bins);
      assign_buckets(begin, end);
    });
    const double gamma = kHannGamma * geometry.win * geometry.win;
    time_scale_ = static_cast<float>(static_cast<double>(geometry.hop) * geometry.n_fft / gamma);
    frequency_scale_ =
        static_cast<float>(-gamma / (static_cast<double>(geometry.hop) * geometry.n_fft));
    bin_step_ = static_cast<float>(-std::numbers::pi * geometry.win / geometry.n_fft);
    // The advance of bin k in one hop, 2 pi k hop / n_fft, reduced to one turn in integers so that
    // it stays exact.
    for (int k = 0; k < bins; ++k) {
      const int64_t turn = static_cast<int64_t>(k) * geometry.hop % geometry.n_fft;
      advance_.push_back(kTwoPi * static_cast<float>(turn) / static_cast<float>(geometry.n_fft));
    }
  }

  void run(const Job& job) {
    std::uniform_real_distribution<float> turn(0, kTwoPi);
    for (int64_t i = known_ * bins_; i < frames_ * bins_; ++i)
      phase_[static_cast<size_t>(i)] = turn(random_);
    if (known_ > 0) {
      for (int k = 0; k < bins_; ++k) enqueue(static_cast<uint32_t>((known_ - 1) * bins_ + k));
    }
    const std::vector<uint32_t> seeds = by_loudness();
    job.check();
    size_t done = 0;
    for (const uint32_t seed : seeds) {
      // Everything reachable first: a new region starts only where no finished neighbour is left to
      // start from.
      for (int best = queue_.best(); best >= 0; best = queue_.best()) {
        spread(queue_.pop(best));
        if ((++done & 0xFFFF) == 0) job.check();
      }
      if (!todo(seed)) continue;
      const int own = bucket_[seed];
      bucket_[seed] = kDone;  // its random phase stands
      queue_.push(own, seed);
    }
    for (int best = queue_.best(); best >= 0; best = queue_.best()) spread(queue_.pop(best));
  }

 private:
  static constexpr int16_t kDone = -1;
  static constexpr int16_t kTooQuiet = -2;

  bool todo(uint32_t point) const { return bucket_[point] >= 0; }

  void assign_buckets(int64_t begin, int64_t end) {
    const float scale = (BucketQueue::kBuckets - 1) / std::max(1e-6F, top_log_ - std::log(floor_));
    for (int64_t i = begin * bins_; i < end * bins_; ++i) {
      const float below = (top_log_ - log_[static_cast<size_t>(i)]) * scale;
      bucket_[static_cast<size_t>(i)] = below > BucketQueue::kBuckets - 1
                                            ? kTooQuiet
                                            : static_cast<int16_t>(std::max(0.0F, below));
    }
  }

  void enqueue(uint32_t point) {
    if (bucket_[point] >= 0) queue_.push(bucket_[point], point);
  }

  // All points still to do, loudest step first (counting sort).
  std::vector<uint32_t> by_loudness() {
    for (int64_t i = 0; i < known_ * bins_; ++i) bucket_[static_cast<size_t>(i)] = kDone;
    std::array<uint32_t, BucketQueue::kBuckets + 1> starts{};
    for (const int16_t b : bucket_) {
      if (b >= 0) ++starts[static_cast<size_t>(b) + 1];
    }
    for (size_t b = 1; b < starts.size(); ++b) starts[b] += starts[b - 1];
    std::vector<uint32_t> order(starts.back());
    for (size_t i = 0; i < bucket_.size(); ++i) {
      if (bucket_[i] >= 0)
        order[starts[static_cast<size_t>(bucket_[i])]++] = static_cast<uint32_t>(i);
    }
    return order;
  }

  // d phase / d frame and d phase / d bin at a point (eqs. 15 and 16, discretised by central
  // differences).
  float time_slope(uint32_t point, int64_t k) const {
    const float up = k + 1 < bins_ ? log_[point + 1] : log_[point];
    const float down = k > 0 ? log_[point - 1] : log_[point];
    return time_scale_ * 0.5F * (up - down);
  }
  float frequency_slope(uint32_t point, int64_t t) const {
    const auto row = static_cast<uint32_t>(bins_);
    const float next = t + 1 < frames_ ? log_[point + row] : log_[point];
    const float before = t > 0 ? log_[point - row] : log_[point];
    return frequency_scale_ * 0.5F * (next - before);
  }

  void settle(uint32_t point, float phase) {
    phase_[point] = phase - kTwoPi * std::round(phase / kTwoPi);
    const int own = bucket_[point];
    bucket_[point] = kDone;
    queue_.push(own, point);
  }

  void spread(uint32_t point) {
    const auto row = static_cast<uint32_t>(bins_);
    const int64_t t = point / row;
    const int64_t k = point % row;
    const float here = phase_[point];
    if (t + 1 < frames_ && todo(point + row)) {
      settle(point + row, here + advance_[static_cast<size_t>(k)] +
                              0.5F * (time_slope(point, k) + time_slope(point + row, k)));
    }
    if (t > known_ && todo(point - row)) {
      settle(point - row, here - advance_[static_cast<size_t>(k)] -
                              0.5F * (time_slope(point, k) + time_slope(point - row, k)));
    }
    if (k + 1 < bins_ && todo(point + 1)) {
      settle(point + 1,
             here + bin_step_ + 0.5F * (frequency_slope(point, t) + frequency_slope(point + 1, t)));
    }
    if (k > 0 && todo(point - 1)) {
      settle(point - 1,
             here - bin_step_ - 0.5F * (frequency_slope(point, t) + frequency_slope(point - 1, t)));
    }
  }

  int64_t frames_;
  int64_t bins_;
  std::span<float> phase_;
  std::vector<float> log_;
  std::vector<int16_t> bucket_;  // loudness step, or kDone, or kTooQuiet
  int64_t known_;
  std::mt19937_64 random_;
  float floor_ = 0;
  float top_log_ = 0;
  float time_scale_ = 0;
  float frequency_scale_ = 0;
  float bin_step_ = 0;
  std::vector<float> advance_;
  BucketQueue queue_;
};

}  // namespace

void integrate_phase_gradient(std::span<const float> magnitude, int64_t frames, int bins,
                              const StftGeometry& geometry, const PhaseGradientOptions& options,
                              std::span<float> phase, const Job& job) {
  Integrator(magnitude, frames, bins, geometry, options, phase).run(job);
}

}  // namespace riffle::audio
