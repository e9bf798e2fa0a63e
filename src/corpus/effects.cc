// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/effects.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace riffle::corpus {
namespace {

constexpr double kPi = std::numbers::pi;

double to_gain(double db) { return std::pow(10.0, db / 20); }

// One second-order section, transposed direct form II, on both channels at once.
struct Biquad {
  float b0 = 1, b1 = 0, b2 = 0, a1 = 0, a2 = 0;

  static Biquad of(double b0, double b1, double b2, double a0, double a1, double a2) {
    return {static_cast<float>(b0 / a0), static_cast<float>(b1 / a0), static_cast<float>(b2 / a0),
            static_cast<float>(a1 / a0), static_cast<float>(a2 / a0)};
  }

  // sign: +1 for the low shelf, -1 for the high one.
  static Biquad shelf(double hz, double db, double rate, double sign) {
    const double a = to_gain(db / 2);
    const double w = 2 * kPi * std::min(hz, 0.45 * rate) / rate;
    const double cosine = sign * std::cos(w);
    const double alpha = std::sin(w) / 2 * std::sqrt(2.0);  // slope 1
    const double root = 2 * std::sqrt(a) * alpha;
    return of(a * (a + 1 - (a - 1) * cosine + root), sign * 2 * a * (a - 1 - (a + 1) * cosine),
              a * (a + 1 - (a - 1) * cosine - root), a + 1 + (a - 1) * cosine + root,
              sign * -2 * (a - 1 + (a + 1) * cosine), a + 1 + (a - 1) * cosine - root);
  }

  static Biquad bell(double hz, double db, double q, double rate) {
    const double a = to_gain(db / 2);
    const double w = 2 * kPi * std::min(hz, 0.45 * rate) / rate;
    const double alpha = std::sin(w) / (2 * q);
    return of(1 + alpha * a, -2 * std::cos(w), 1 - alpha * a, 1 + alpha / a, -2 * std::cos(w),
              1 - alpha / a);
  }

  void run(audio::Waveform& sound) const {
    float s1[2] = {0, 0};
    float s2[2] = {0, 0};
    float* channels[2] = {sound.samples[0].data(), sound.samples[1].data()};
    const int64_t frames = sound.frames();
    for (int64_t i = 0; i < frames; ++i) {
      for (int c = 0; c < 2; ++c) {
        const float x = channels[c][i];
        const float y = b0 * x + s1[c];
        s1[c] = b1 * x - a1 * y + s2[c];
        s2[c] = b2 * x - a2 * y;
        channels[c][i] = y;
      }
    }
  }
};

// A sine without a call a sample: a rotating vector, set right again at every block.
class Oscillator {
 public:
  Oscillator(double hz, double rate, double phase)
      : step_(2 * kPi * hz / rate),
        phase_(phase),
        cosine_(std::cos(step_)),
        sine_(std::sin(step_)) {}

  double next() {
    if (count_-- == 0) {
      x_ = std::cos(phase_);
      y_ = std::sin(phase_);
      phase_ = std::fmod(phase_ + kBlock * step_, 2 * kPi);
      count_ = kBlock - 1;
    }
    const double value = y_;
    const double x = x_ * cosine_ - y_ * sine_;
    y_ = x_ * sine_ + y_ * cosine_;
    x_ = x;
    return value;
  }

 private:
  static constexpr int kBlock = 1024;
  double step_, phase_, cosine_, sine_;
  double x_ = 1, y_ = 0;
  int count_ = 0;
};

constexpr size_t kLines = 8;

struct DelayLine {
  std::vector<float> samples;
  size_t at = 0;
  float gain = 0;
  float damped = 0;  // state of the low-pass
};

class DelayNetwork {
 public:
  DelayNetwork(const Reverb& reverb, int rate) : damping_(static_cast<float>(reverb.damping)) {
    // Mutually prime delays, from 31 to 78 ms at size 1.
    constexpr double kDelaysMs[kLines] = {31.1, 36.7, 41.3, 47.9, 53.3, 61.7, 68.9, 77.3};
    float kept = 0;
    for (size_t i = 0; i < kLines; ++i) {
      const auto length = static_cast<size_t>(kDelaysMs[i] * reverb.size * rate / 1000) | 1U;
      lines_[i].samples.assign(length, 0.0F);
      const double seconds = static_cast<double>(length) / rate;
      lines_[i].gain = static_cast<float>(std::pow(10.0, -3 * seconds / reverb.decay_s));
      kept += lines_[i].gain * lines_[i].gain / kLines;
    }
    // A line's output carries kept + kept^2 + ... of the energy that goes in; four make a side.
    level_ = std::sqrt((1 - kept) / (4 * kept));
  }

  void next(float left, float right, float& out_left, float& out_right) {
    float v[kLines];
    for (size_t i = 0; i < kLines; ++i) {
      DelayLine& line = lines_[i];
      line.damped += (1 - damping_) * (line.samples[line.at] - line.damped);
      v[i] = line.damped * line.gain;
    }
    out_left = level_ * (v[0] - v[2] + v[4] - v[6]);
    out_right = level_ * (v[1] - v[3] + v[5] - v[7]);
    for (size_t half = 1; half < kLines; half *= 2) {
      for (size_t i = 0; i < kLines; i += 2 * half) {
        for (size_t j = i; j < i + half; ++j) {
          const float a = v[j];
          const float b = v[j + half];
          v[j] = a + b;
          v[j + half] = a - b;
        }
      }
    }
    constexpr float kNorm = 0.35355339F;  // 1 / sqrt(8): the matrix keeps the energy
    for (size_t i = 0; i < kLines; ++i) {
      DelayLine& line = lines_[i];
      line.samples[line.at] = v[i] * kNorm + (i % 2 == 0 ? left : right);
      if (++line.at == line.samples.size()) line.at = 0;
    }
  }

 private:
  DelayLine lines_[kLines];
  float damping_;
  float level_ = 1;
};

}  // namespace

void equalize(audio::Waveform& sound, const Equalizer& eq) {
  const double rate = sound.sample_rate;
  if (eq.low_db != 0) Biquad::shelf(eq.low_hz, eq.low_db, rate, 1).run(sound);
  if (eq.mid_db != 0) Biquad::bell(eq.mid_hz, eq.mid_db, eq.mid_q, rate).run(sound);
  if (eq.high_db != 0) Biquad::shelf(eq.high_hz, eq.high_db, rate, -1).run(sound);
}

void add_chorus(audio::Waveform& sound, const Chorus& chorus) {
  if (chorus.wet == 0) return;
  const double rate = sound.sample_rate;
  const double base = chorus.delay_ms * rate / 1000;
  const double depth = std::min(chorus.depth_ms * rate / 1000, base - 2);
  const auto length = static_cast<int64_t>(base + depth) + 4;
  const auto wet = static_cast<float>(chorus.wet);
  for (size_t c = 0; c < sound.samples.size(); ++c) {
    auto& channel = sound.samples[c];
    Oscillator swing(chorus.rate_hz, rate, c == 0 ? 0 : kPi);
    Oscillator slow(chorus.rate_hz * 0.71, rate, c == 0 ? kPi / 2 : 0);
    std::vector<float> past(static_cast<size_t>(length), 0.0F);
    int64_t at = 0;
    for (float& sample : channel) {
      past[static_cast<size_t>(at)] = sample;
      float copies = 0;
      for (const double delay :
           {base + depth * swing.next(), base * 0.8 + depth * 0.6 * slow.next()}) {
        const auto whole = static_cast<int64_t>(delay);
        const auto part = static_cast<float>(delay - static_cast<double>(whole));
        int64_t i = at - whole;
        if (i < 0) i += length;
        const int64_t before = i == 0 ? length - 1 : i - 1;
        copies +=
            past[static_cast<size_t>(i)] * (1 - part) + past[static_cast<size_t>(before)] * part;
      }
      sample = sample * (1 - 0.5F * wet) + wet * 0.5F * copies;
      if (++at == length) at = 0;
    }
  }
}

audio::Waveform reverberation(const audio::Waveform& sound, const Reverb& reverb) {
  audio::Waveform wet{sound.sample_rate, {}};
  const auto frames = static_cast<size_t>(sound.frames());
  wet.samples.assign(2, std::vector<float>(frames, 0.0F));
  DelayNetwork network(reverb, sound.sample_rate);
  const auto predelay = static_cast<size_t>(reverb.predelay_ms * sound.sample_rate / 1000);
  for (size_t i = predelay; i < frames; ++i) {
    network.next(sound.samples[0][i - predelay], sound.samples[1][i - predelay], wet.samples[0][i],
                 wet.samples[1][i]);
  }
  return wet;
}

void compress(audio::Waveform& sound, const Compressor& compressor) {
  if (compressor.ratio <= 1) return;
  constexpr int64_t kStep = 32;  // frames between two gains, which lie on a line
  const double steps_per_ms = sound.sample_rate / 1000.0 / kStep;
  const double attack = 1 - std::exp(-1 / std::max(1e-6, compressor.attack_ms * steps_per_ms));
  const double release = 1 - std::exp(-1 / std::max(1e-6, compressor.release_ms * steps_per_ms));
  const double slope = 1 / compressor.ratio - 1;
  double level = 0;
  double gain = 1;
  const int64_t frames = sound.frames();
  for (int64_t begin = 0; begin < frames; begin += kStep) {
    const int64_t end = std::min(frames, begin + kStep);
    double power = 0;
    for (const auto& channel : sound.samples) {
      for (int64_t i = begin; i < end; ++i) {
        const double x = channel[static_cast<size_t>(i)];
        power += x * x;
      }
    }
    power /= static_cast<double>((end - begin) * sound.channels());
    level += (power > level ? attack : release) * (power - level);
    const double over = 10 * std::log10(level + 1e-20) - compressor.threshold_db;
    const double target = over > 0 ? to_gain(slope * over) : 1;
    const auto change = static_cast<float>((target - gain) / kStep);
    for (auto& channel : sound.samples) {
      auto g = static_cast<float>(gain);
      for (int64_t i = begin; i < end; ++i) {
        g += change;
        channel[static_cast<size_t>(i)] *= g;
      }
    }
    gain = target;
  }
}

void saturate(audio::Waveform& sound, double drive_db) {
  const auto gain = static_cast<float>(to_gain(drive_db));
  for (auto& channel : sound.samples) {
    for (float& x : channel) x = std::tanh(gain * x) / gain;
  }
}

void scale(audio::Waveform& sound, double gain) {
  const auto g = static_cast<float>(gain);
  for (auto& channel : sound.samples) {
    for (float& x : channel) x *= g;
  }
}

void add_scaled(audio::Waveform& sum, const audio::Waveform& part, double gain) {
  const auto g = static_cast<float>(gain);
  for (size_t c = 0; c < sum.samples.size(); ++c) {
    for (size_t i = 0; i < sum.samples[c].size(); ++i) sum.samples[c][i] += g * part.samples[c][i];
  }
}

double active_level_db(const audio::Waveform& sound) {
  constexpr double kGate = 1e-3;  // -30 dB
  constexpr double kHighPassHz = 80;
  const auto block = static_cast<int64_t>(sound.sample_rate / 20);
  const double pole = std::exp(-2 * kPi * kHighPassHz / sound.sample_rate);
  std::vector<double> powers;
  double low = 0;
  for (int64_t begin = 0; begin < sound.frames(); begin += block) {
    const int64_t end = std::min(sound.frames(), begin + block);
    double power = 0;
    for (int64_t i = begin; i < end; ++i) {
      double x = 0;
      for (const auto& channel : sound.samples) x += channel[static_cast<size_t>(i)];
      x /= sound.channels();
      low = pole * low + (1 - pole) * x;
      power += (x - low) * (x - low);
    }
    powers.push_back(power / static_cast<double>(end - begin));
  }
  const double loudest = powers.empty() ? 0 : *std::max_element(powers.begin(), powers.end());
  if (loudest < 1e-20) return -200;
  double sum = 0;
  int64_t count = 0;
  for (const double power : powers) {
    if (power < kGate * loudest) continue;
    sum += power;
    ++count;
  }
  return 10 * std::log10(sum / static_cast<double>(count));
}

}  // namespace riffle::corpus
