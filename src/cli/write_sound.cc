// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/write_sound.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "audio/limiter.h"
#include "cli/inputs.h"
#include "core/error.h"
#include "core/log.h"

namespace riffle::cli {
namespace {

constexpr double kFullScaleDb = 0;

WrittenSound write_whole(const std::filesystem::path& path, SoundSpool& spool,
                         const WriteSoundOptions& options, const Job& job) {
  audio::Waveform sound = spool.take();
  WrittenSound written;
  written.frames = sound.frames();
  if (options.maybe_target_lufs) {
    const auto result =
        audio::normalize_loudness(sound, {.target_lufs = *options.maybe_target_lufs}, job);
    written.gain_db = result.gain_db;
    written.limited = result.limited;
    written.loudness = result.after;
  } else {
    written.limited = audio::limit_peaks(sound, {.ceiling_dbtp = kFullScaleDb}, job).limited;
    written.loudness = audio::measure_loudness(sound, {}, job);
  }
  audio::AudioWriter writer(path, sound.sample_rate, sound.channels(), options.writer);
  writer.write(sound);
  writer.close();
  written.sample_rate = writer.file_sample_rate();
  written.channels = writer.file_channels();
  written.notes = writer.notes();
  return written;
}

// The gain to the target, as normalize_loudness() would first try it.
double gain_towards(const SoundSpool& spool, double target_lufs, const Job& job) {
  audio::LoudnessMeter meter(spool.channels(), spool.sample_rate());
  spool.replay([&](const audio::Waveform& block) {
    job.check();
    meter.add(block);
  });
  const audio::Loudness loudness = meter.finish();
  if (loudness.silent()) return 0;
  return std::min(target_lufs - loudness.integrated_lufs, audio::NormalizeOptions{}.max_gain_db);
}

WrittenSound write_stream(const std::filesystem::path& path, const SoundSpool& spool,
                          const WriteSoundOptions& options, const Job& job) {
  WrittenSound written;
  written.frames = spool.frames();
  double ceiling_db = kFullScaleDb;
  if (options.maybe_target_lufs) {
    written.gain_db = gain_towards(spool, *options.maybe_target_lufs, job);
    ceiling_db = audio::NormalizeOptions{}.ceiling_dbtp;
  }
  const auto gain = static_cast<float>(std::pow(10.0, written.gain_db / 20));
  audio::Limiter limiter(spool.channels(), spool.sample_rate(), {.ceiling_dbtp = ceiling_db});
  audio::LoudnessMeter meter(spool.channels(), spool.sample_rate());
  audio::AudioWriter writer(path, spool.sample_rate(), spool.channels(), options.writer);
  const auto pass_on = [&](const audio::Waveform& block) {
    meter.add(block);
    writer.write(block);
  };
  int64_t done = 0;
  spool.replay([&](audio::Waveform block) {
    job.check();
    for (auto& channel : block.samples) {
      for (float& x : channel) x *= gain;
    }
    done += block.frames();
    pass_on(limiter.process(block));
    job.report("write", done, spool.frames());
  });
  pass_on(limiter.finish());
  writer.close();
  written.limited = limiter.reduction_db() > 0;
  written.loudness = meter.finish();
  written.sample_rate = writer.file_sample_rate();
  written.channels = writer.file_channels();
  written.notes = writer.notes();
  return written;
}

}  // namespace

void require_writable_sound(const std::filesystem::path& path) {
  const auto endings = audio::writable_endings();
  if (std::find(endings.begin(), endings.end(), lower_ending(path)) == endings.end()) {
    throw Error(ErrorCode::Unsupported,
                fmt::format("cannot write {}: its ending names no sound format", path.string()),
                fmt::format("use one of {}", fmt::join(endings, ", ")));
  }
  require_writable(path);
}

WrittenSound write_sound(const std::filesystem::path& path, SoundSpool& spool,
                         const WriteSoundOptions& options, const Job& job) {
  const WrittenSound written = spool.in_memory() ? write_whole(path, spool, options, job)
                                                 : write_stream(path, spool, options, job);
  log::info("{} samples written, gain {:+.1f} dB{}", written.frames, written.gain_db,
            written.limited ? ", peaks turned down" : "");
  return written;
}

}  // namespace riffle::cli
