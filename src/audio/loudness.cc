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
#include "core/error.h"

namespace riffle::audio {
namespace {

constexpr int64_t kGatingBlockMs = 400;

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
  int channels;
  int sample_rate;
  std::unique_ptr<ebur128_state, MeterDeleter> state;
  int64_t frames = 0;
  std::vector<float> interleaved = {};
};

LoudnessMeter::LoudnessMeter(int channels, int sample_rate, ChannelMask layout) {
  require_format(channels, sample_rate, "measuring loudness");
  impl_ = std::make_unique<Impl>(Impl{channels, sample_rate, nullptr});
  impl_->state.reset(ebur128_init(static_cast<unsigned>(channels),
                                  static_cast<unsigned long>(sample_rate),
                                  EBUR128_MODE_I | EBUR128_MODE_LRA | EBUR128_MODE_TRUE_PEAK));
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
  Impl& meter = *impl_;
  require_block(block, meter.channels, meter.sample_rate, "measuring loudness");
  const auto channels = static_cast<size_t>(meter.channels);
  const auto frames = static_cast<size_t>(block.frames());
  meter.interleaved.resize(frames * channels);
  for (size_t c = 0; c < channels; ++c) {
    for (size_t i = 0; i < frames; ++i) {
      meter.interleaved[i * channels + c] = block.samples[c][i];
    }
  }
  require_success(ebur128_add_frames_float(meter.state.get(), meter.interleaved.data(), frames),
                  "adding samples");
  meter.frames += block.frames();
}

Loudness LoudnessMeter::result() const {
  Loudness loudness;
  if (impl_->frames == 0) return loudness;
  ebur128_state* state = impl_->state.get();
  double integrated = -HUGE_VAL;
  const int64_t length_ms = impl_->frames * 1000 / impl_->sample_rate;
  if (length_ms < kGatingBlockMs) {
    require_success(
        ebur128_loudness_window(state, static_cast<unsigned long>(std::max<int64_t>(length_ms, 1)),
                                &integrated),
        "the loudness of a short sound");
  } else {
    require_success(ebur128_loudness_global(state, &integrated), "integrated loudness");
    require_success(ebur128_loudness_range(state, &loudness.range_lu), "loudness range");
  }
  loudness.integrated_lufs = std::max(integrated, kSilenceLufs);
  for (int c = 0; c < impl_->channels; ++c) {
    double sample_peak = 0;
    double true_peak = 0;
    require_success(ebur128_sample_peak(state, static_cast<unsigned>(c), &sample_peak), "peaks");
    require_success(ebur128_true_peak(state, static_cast<unsigned>(c), &true_peak), "peaks");
    loudness.sample_peak_dbfs = std::max(loudness.sample_peak_dbfs, decibels(sample_peak));
    loudness.true_peak_dbtp = std::max(loudness.true_peak_dbtp, decibels(true_peak));
  }
  return loudness;
}

Loudness measure_loudness(const Waveform& sound, ChannelMask layout, const Job& job) {
  LoudnessMeter meter(sound.channels(), sound.sample_rate, layout);
  require_block(sound, sound.channels(), sound.sample_rate, "measuring loudness");
  for (int64_t at = 0; at < sound.frames(); at += kBlockFrames) {
    job.check();
    meter.add(detail::slice(sound, at, std::min(at + kBlockFrames, sound.frames())));
  }
  return meter.result();
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
