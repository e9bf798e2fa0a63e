// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/loudness.h"

#include <ebur128.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "audio/detail/blocks.h"
#include "audio/format_limits.h"
#include "audio/limiter.h"
#include "audio/resample.h"
#include "core/error.h"

namespace riffle::audio {
namespace {

constexpr int64_t kGatingBlockMs = 400;
constexpr int kLowestRate = 8000;     // Hz; the shelf of the K filter lies at 1.7 kHz
constexpr int kStandardRate = 48000;  // Hz

struct MeterDeleter {
  void operator()(ebur128_state* state) const { ebur128_destroy(&state); }
};

// libebur128 has the weights of BS.1770-4 behind these names.
int weight_of(ChannelMask position) {
  using namespace speaker;
  if ((position & (kBackLeft | kSideLeft)) != 0) return EBUR128_LEFT_SURROUND;
  if ((position & (kBackRight | kSideRight)) != 0) return EBUR128_RIGHT_SURROUND;
  if (position == kLowFrequency) return EBUR128_UNUSED;
  return EBUR128_CENTER;  // weight 1, as every other speaker
}

double decibels(double amplitude) {
  return amplitude > 0 ? std::max(20 * std::log10(amplitude), kSilencePeakDb) : kSilencePeakDb;
}

float gain_of(double db) { return static_cast<float>(std::pow(10.0, db / 20)); }

void require_success(int error, const char* doing) {
  if (error == EBUR128_SUCCESS) return;
  throw Error(error == EBUR128_ERROR_NOMEM ? ErrorCode::OutOfMemory : ErrorCode::Internal,
              fmt::format("measuring loudness: libebur128 failed at {} ({})", doing, error));
}

void require_range(double value, double lowest, double highest, const char* name) {
  if (value >= lowest && value <= highest) return;
  throw Error(ErrorCode::InvalidArgument,
              fmt::format("{} is {}, expected {} to {}", name, value, lowest, highest));
}

Waveform amplified(const Waveform& sound, double gain_db) {
  Waveform louder = sound;
  const float gain = gain_of(gain_db);
  for (auto& channel : louder.samples) {
    for (float& x : channel) x *= gain;
  }
  return louder;
}

}  // namespace

struct LoudnessMeter::Impl {
  Impl(int channels_in, int sample_rate_in)
      : channels(channels_in),
        sample_rate(sample_rate_in),
        measured_rate(sample_rate_in < kLowestRate ? kStandardRate : sample_rate_in),
        resampler(channels_in, sample_rate_in, measured_rate),
        state(ebur128_init(static_cast<unsigned>(channels_in),
                           static_cast<unsigned long>(measured_rate),
                           EBUR128_MODE_I | EBUR128_MODE_LRA | EBUR128_MODE_TRUE_PEAK)) {}

  void measure(const Waveform& block);
  double integrated() const;

  int channels;
  int sample_rate;
  int measured_rate;
  Resampler resampler;
  std::unique_ptr<ebur128_state, MeterDeleter> state;
  int64_t frames = 0;
  float sample_peak = 0;
  std::vector<float> interleaved;
};

void LoudnessMeter::Impl::measure(const Waveform& block) {
  const auto count = static_cast<size_t>(channels);
  const auto length = static_cast<size_t>(block.frames());
  interleaved.resize(length * count);
  for (size_t c = 0; c < count; ++c) {
    for (size_t i = 0; i < length; ++i) interleaved[i * count + c] = block.samples[c][i];
  }
  require_success(ebur128_add_frames_float(state.get(), interleaved.data(), length),
                  "adding samples");
}

double LoudnessMeter::Impl::integrated() const {
  double lufs = -HUGE_VAL;
  const int64_t length_ms = frames * 1000 / sample_rate;
  if (length_ms < kGatingBlockMs) {
    const auto window_ms = static_cast<unsigned long>(std::max<int64_t>(length_ms, 1));
    require_success(ebur128_loudness_window(state.get(), window_ms, &lufs),
                    "the loudness of a short sound");
  } else {
    require_success(ebur128_loudness_global(state.get(), &lufs), "integrated loudness");
  }
  return std::max(lufs, kSilenceLufs);
}

LoudnessMeter::LoudnessMeter(int channels, int sample_rate, ChannelMask layout) {
  require_format(channels, sample_rate, "measuring loudness");
  impl_ = std::make_unique<Impl>(channels, sample_rate);
  if (impl_->state == nullptr) {
    throw Error(ErrorCode::OutOfMemory, "measuring loudness: libebur128 could not be started");
  }
  const auto speakers = speakers_of(layout, channels);
  for (size_t c = 0; c < speakers.size(); ++c) {
    require_success(
        ebur128_set_channel(impl_->state.get(), static_cast<unsigned>(c), weight_of(speakers[c])),
        "setting channels");
  }
}

LoudnessMeter::~LoudnessMeter() = default;
LoudnessMeter::LoudnessMeter(LoudnessMeter&&) noexcept = default;
LoudnessMeter& LoudnessMeter::operator=(LoudnessMeter&&) noexcept = default;

void LoudnessMeter::add(const Waveform& block) {
  require_block(block, impl_->channels, impl_->sample_rate, "measuring loudness");
  for (const auto& channel : block.samples) {
    for (const float x : channel) impl_->sample_peak = std::max(impl_->sample_peak, std::abs(x));
  }
  impl_->frames += block.frames();
  impl_->measure(impl_->resampler.process(block));
}

Loudness LoudnessMeter::finish() {
  Loudness loudness;
  impl_->measure(impl_->resampler.finish());
  if (impl_->frames == 0) return loudness;
  loudness.integrated_lufs = impl_->integrated();
  if (impl_->frames >= int64_t{3} * impl_->sample_rate) {
    require_success(ebur128_loudness_range(impl_->state.get(), &loudness.range_lu), "its range");
  }
  double true_peak = impl_->sample_peak;
  for (int c = 0; c < impl_->channels; ++c) {
    double peak = 0;
    require_success(ebur128_true_peak(impl_->state.get(), static_cast<unsigned>(c), &peak),
                    "peaks");
    true_peak = std::max(true_peak, peak);
  }
  loudness.sample_peak_dbfs = decibels(impl_->sample_peak);
  loudness.true_peak_dbtp = decibels(true_peak);
  return loudness;
}

Loudness measure_loudness(const Waveform& sound, ChannelMask layout, const Job& job) {
  LoudnessMeter meter(sound.channels(), sound.sample_rate, layout);
  require_block(sound, sound.channels(), sound.sample_rate, "measuring loudness");
  for (int64_t at = 0; at < sound.frames(); at += kBlockFrames) {
    job.check();
    meter.add(detail::slice(sound, at, std::min(at + kBlockFrames, sound.frames())));
  }
  return meter.finish();
}

NormalizeResult normalize_loudness(Waveform& sound, const NormalizeOptions& options,
                                   const Job& job) {
  constexpr double kTolerance = 0.1;  // LU
  constexpr int kMaxRounds = 5;
  require_range(options.target_lufs, -60, 0, "target_lufs");
  require_range(options.max_gain_db, 0, 120, "max_gain_db");
  NormalizeResult result;
  result.before = measure_loudness(sound, options.layout, job);
  result.after = result.before;
  if (result.before.silent()) return result;

  result.gain_db =
      std::min(options.target_lufs - result.before.integrated_lufs, options.max_gain_db);
  for (int round = 1;; ++round) {
    Waveform louder = amplified(sound, result.gain_db);
    result.limited = limit_peaks(louder, {.ceiling_dbtp = options.ceiling_dbtp}, job).limited;
    result.after = measure_loudness(louder, options.layout, job);
    const double missing = options.target_lufs - result.after.integrated_lufs;
    const double next_gain_db = std::min(result.gain_db + missing, options.max_gain_db);
    if (!result.limited || std::abs(missing) < kTolerance || next_gain_db == result.gain_db ||
        round == kMaxRounds) {
      sound = std::move(louder);
      break;
    }
    result.gain_db = next_gain_db;
  }
  return result;
}

}  // namespace riffle::audio
