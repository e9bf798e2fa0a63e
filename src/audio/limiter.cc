// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/limiter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <vector>

#include "audio/detail/blocks.h"
#include "audio/detail/planar_fifo.h"
#include "audio/detail/true_peak.h"
#include "audio/format_limits.h"
#include "core/error.h"

namespace riffle::audio {
namespace {

// Meters interpolate differently and the gain moves while they do; what is limited at all is
// limited to this much below the ceiling.
constexpr double kMarginDb = 0.1;

// The smallest of the last `length` numbers.
class SlidingMinimum {
 public:
  explicit SlidingMinimum(int64_t length) : length_(length) {}

  float push(float x) {
    while (!rising_.empty() && rising_.back().value >= x) rising_.pop_back();
    rising_.push_back({count_, x});
    if (rising_.front().at <= count_ - length_) rising_.pop_front();
    ++count_;
    return rising_.front().value;
  }

 private:
  struct Entry {
    int64_t at;
    float value;
  };
  int64_t length_;
  int64_t count_ = 0;
  std::deque<Entry> rising_;
};

// The mean of the last `length` numbers, those before the first being 1; exactly 1 where all are.
class SlidingMean {
 public:
  explicit SlidingMean(int64_t length)
      : last_(static_cast<size_t>(length), 1.0), sum_(static_cast<double>(length)) {}

  double push(double x) {
    sum_ += x - last_[at_];
    last_[at_] = x;
    at_ = (at_ + 1) % last_.size();
    ones_ = x == 1.0 ? ones_ + 1 : 0;
    if (ones_ >= last_.size()) sum_ = static_cast<double>(last_.size());
    return sum_ / static_cast<double>(last_.size());
  }

 private:
  std::vector<double> last_;
  double sum_;
  size_t at_ = 0;
  size_t ones_ = 0;
};

// From the gain every frame may have at most to a smooth curve that is nowhere above it. Three
// steps: the minimum over the look-ahead holds a low gain that long; the release lets it rise
// slowly; two means after each other, together as long as the look-ahead, make its steps into
// ramps. What comes out for frame i is the gain of frame i - delay().
class GainCurve {
 public:
  GainCurve(int64_t lookahead, double release_frames)
      : first_length_((lookahead + 2) / 2),
        second_length_(lookahead + 1 - first_length_ + 1),
        hold_(lookahead + 1),
        first_(first_length_),
        second_(second_length_),
        recovery_(1.0 - std::exp(-1.0 / release_frames)) {}

  int64_t delay() const { return first_length_ + second_length_ - 2; }

  float push(float allowed) {
    const double held = hold_.push(allowed);
    level_ += (1.0 - level_) * recovery_;
    if (level_ > kAlmostOne) level_ = 1.0;
    level_ = std::min(level_, held);
    return static_cast<float>(second_.push(first_.push(level_)));
  }

 private:
  static constexpr double kAlmostOne = 1.0 - 1e-5;  // 0.0001 dB: nobody hears the step

  int64_t first_length_;
  int64_t second_length_;
  SlidingMinimum hold_;
  SlidingMean first_;
  SlidingMean second_;
  double recovery_;
  double level_ = 1.0;
};

void require_range(double value, double lowest, double highest, const char* name) {
  if (value >= lowest && value <= highest) return;
  throw Error(ErrorCode::InvalidArgument,
              fmt::format("limiter: {} is {}, expected {} to {}", name, value, lowest, highest));
}

float amplitude(double db) { return static_cast<float>(std::pow(10.0, db / 20)); }

int64_t frames_of(double ms, int sample_rate) {
  return std::max<int64_t>(std::llround(ms * sample_rate / 1000), 2);
}

}  // namespace

struct Limiter::Impl {
  Impl(int channels_in, int sample_rate_in, const LimiterOptions& options)
      : channels(channels_in),
        sample_rate(sample_rate_in),
        ceiling(amplitude(options.ceiling_dbtp)),
        target(amplitude(options.ceiling_dbtp - kMarginDb)),
        peaks(channels_in, ceiling),
        curve(frames_of(options.lookahead_ms, sample_rate_in),
              static_cast<double>(frames_of(options.release_ms, sample_rate_in))),
        waiting(channels_in),
        early(curve.delay()) {}

  Waveform apply(const std::vector<float>& new_peaks);

  int channels;
  int sample_rate;
  float ceiling;
  float target;
  detail::TruePeakFollower peaks;
  GainCurve curve;
  detail::PlanarFifo waiting;  // frames whose gain is not known yet
  int64_t early;               // gains still to come that belong before the first frame
  float previous_peak = 0;
  float lowest_gain = 1;
  bool finished = false;
};

// Moves the gain curve on by one frame a peak and lets out the frames whose gain that decides.
Waveform Limiter::Impl::apply(const std::vector<float>& new_peaks) {
  std::vector<float> gains;
  gains.reserve(new_peaks.size());
  for (const float peak : new_peaks) {
    // A peak between two frames concerns both.
    const float highest = std::max(peak, previous_peak);
    previous_peak = peak;
    const float gain = curve.push(highest > ceiling ? target / highest : 1.0F);
    if (early > 0) {
      --early;
    } else {
      gains.push_back(gain);
    }
  }
  Waveform out{sample_rate, waiting.take(static_cast<int64_t>(gains.size()))};
  for (auto& channel : out.samples) {
    for (size_t i = 0; i < channel.size(); ++i) channel[i] *= gains[i];
  }
  for (size_t i = 0; i < static_cast<size_t>(out.frames()); ++i) {
    lowest_gain = std::min(lowest_gain, gains[i]);
  }
  return out;
}

Limiter::Limiter(int channels, int sample_rate, const LimiterOptions& options) {
  require_format(channels, sample_rate, "limiter");
  require_range(options.ceiling_dbtp, -40, 0, "ceiling_dbtp");
  require_range(options.lookahead_ms, 0.5, 50, "lookahead_ms");
  require_range(options.release_ms, 1, 5000, "release_ms");
  impl_ = std::make_unique<Impl>(channels, sample_rate, options);
}

Limiter::~Limiter() = default;
Limiter::Limiter(Limiter&&) noexcept = default;
Limiter& Limiter::operator=(Limiter&&) noexcept = default;

Waveform Limiter::process(const Waveform& block) {
  require_block(block, impl_->channels, impl_->sample_rate, "limiter");
  if (impl_->finished) throw Error(ErrorCode::Internal, "limiter: a block after the end");
  impl_->waiting.push(block.samples);
  return impl_->apply(impl_->peaks.process(block.samples));
}

Waveform Limiter::finish() {
  std::vector<float> last;
  if (!impl_->finished && impl_->waiting.frames() > 0) last = impl_->peaks.finish();
  impl_->finished = true;
  // As many quiet frames as the curve is late by; take() gives no more than there are.
  last.resize(last.size() + static_cast<size_t>(impl_->curve.delay()));
  return impl_->apply(last);
}

double Limiter::reduction_db() const { return -20 * std::log10(impl_->lowest_gain); }

LimiterResult limit_peaks(Waveform& sound, const LimiterOptions& options, const Job& job) {
  Limiter limiter(sound.channels(), sound.sample_rate, options);
  require_block(sound, sound.channels(), sound.sample_rate, "limiter");
  Waveform out{sound.sample_rate, std::vector<std::vector<float>>(sound.samples.size())};
  for (int64_t at = 0; at < sound.frames(); at += kBlockFrames) {
    job.check();
    detail::append(out, limiter.process(
                            detail::slice(sound, at, std::min(at + kBlockFrames, sound.frames()))));
  }
  detail::append(out, limiter.finish());
  sound = std::move(out);
  return {limiter.reduction_db() > 0, limiter.reduction_db()};
}

}  // namespace riffle::audio
