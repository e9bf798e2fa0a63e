// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/encode_file.h"

#include <algorithm>
#include <utility>

#include "audio/downmix.h"
#include "audio/format_limits.h"
#include "audio/resample.h"
#include "audio/spectrogram_encoder.h"
#include "cli/mel_queue.h"
#include "core/log.h"

namespace riffle::cli {

namespace {

// Brings a block to the codec's channels. 16-bit sound is mixed to mono in integers as Riffusion's
// training data was, so that its pictures agree; anything finer is not rounded.
audio::Waveform mixed(const audio::Waveform& block, const audio::AudioFileInfo& info,
                      int channels) {
  const bool is_16_bit = info.bits_per_sample == 16 && !info.float_samples;
  if (channels != 1 || block.channels() == 1 || !is_16_bit) {
    return audio::mix_channels(block, info.layout, channels);
  }
  audio::Waveform mono{block.sample_rate, {audio::mix_to_mono_int16(block)}};
  for (float& x : mono.samples[0]) x /= 32768.0F;
  return mono;
}

}  // namespace

void encode_file(audio::AudioReader& reader, const audio::SpectrogramParams& params,
                 std::string_view stage, const Job& job, const MelSink& sink) {
  const audio::AudioFileInfo& info = reader.info();
  log::info("{}: {} at {} Hz, {} channels, to {} Hz, {} channels", stage, info.codec,
            info.sample_rate, info.channels, params.sample_rate, params.channels());
  audio::Resampler resampler(params.channels(), info.sample_rate, params.sample_rate);
  audio::SpectrogramEncoder encoder(params);
  const Job inner{job.stop, {}};
  while (true) {
    job.check();
    const audio::Waveform block = reader.read(audio::kBlockFrames);
    if (block.frames() == 0) break;
    sink(encoder.push(resampler.process(mixed(block, info, params.channels())), inner));
    job.report(stage, reader.position(), std::max<int64_t>(0, info.frames));
  }
  sink(encoder.push(resampler.finish(), inner));
  sink(encoder.finish(inner));
}

audio::MelSpectrogram encode_file(audio::AudioReader& reader,
                                  const audio::SpectrogramParams& params, const Job& job) {
  MelQueue queue;
  encode_file(reader, params, "encode", job,
              [&](audio::MelSpectrogram mel) { queue.push(std::move(mel)); });
  return queue.take_all();
}

}  // namespace riffle::cli
