// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/spectrogram_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <vector>

#include "audio/detail/multiarch.h"
#include "audio/mel_filterbank.h"
#include "audio/stft.h"
#include "core/error.h"
#include "core/parallel.h"

namespace riffle::audio {
namespace {

constexpr float kToPictureScale = 32768.0F;

RIFFLE_MULTIARCH void magnitudes(const float* spectrum, int bins, float* out) {
  for (int k = 0; k < bins; ++k)
    out[k] =
        std::sqrt(spectrum[2 * k] * spectrum[2 * k] + spectrum[2 * k + 1] * spectrum[2 * k + 1]);
}

}  // namespace

struct SpectrogramEncoder::State {
  explicit State(const SpectrogramParams& p)
      : params((p.validate(), p)),
        stft(p.n_fft(), p.win_length(), p.hop_length()),
        bank(MelFilterbank::make(p)),
        lead(p.n_fft() / 2 - (p.n_fft() - p.win_length()) / 2),
        buffer(static_cast<size_t>(p.channels())) {}

  // Frame t covers samples [t hop - lead, t hop - lead + win). buffer[c][0] is sample `first`,
  // which is negative once the mirrored margin has been put in front.
  void mirror_start() {
    if (mirrored) return;
    const auto length = static_cast<int64_t>(buffer[0].size());
    for (auto& channel : buffer) {
      std::vector<float> margin(static_cast<size_t>(lead));
      for (int64_t i = 0; i < lead; ++i)
        margin[static_cast<size_t>(i)] =
            channel[static_cast<size_t>(reflect_index(i - lead, length))];
      channel.insert(channel.begin(), margin.begin(), margin.end());
    }
    first = -lead;
    mirrored = true;
  }

  void mirror_end() {
    for (auto& channel : buffer) {
      const auto have = static_cast<int64_t>(channel.size());
      // Reflection about the last sample. A short sound has its whole self (and the front margin)
      // in the buffer.
      for (int64_t i = 0; i < params.win_length(); ++i) {
        const int64_t wanted = reflect_index(samples + i, samples) - first;
        channel.push_back(wanted >= 0 && wanted < have ? channel[static_cast<size_t>(wanted)]
                                                       : 0.0F);
      }
    }
  }

  MelSpectrogram encode(int64_t end_frame, const Job& job) {
    const int64_t count = std::max<int64_t>(0, end_frame - next_frame);
    MelSpectrogram result(params.channels(), count, params.num_frequencies);
    parallel_for(params.channels() * count, 16, [&](int64_t begin, int64_t end) {
      job.check();
      Stft::Scratch scratch = stft.scratch();
      AlignedBuffer<std::complex<float>> spectrum(static_cast<size_t>(stft.bins()));
      std::vector<float> amplitude(static_cast<size_t>(stft.bins()));
      for (int64_t i = begin; i < end; ++i) {
        const auto channel = static_cast<size_t>(i / count);
        const int64_t t = i % count;
        const int64_t at = (next_frame + t) * params.hop_length() - lead - first;
        stft.analyse(buffer[channel].data() + at, spectrum.data(), scratch);
        magnitudes(reinterpret_cast<const float*>(spectrum.data()), stft.bins(), amplitude.data());
        bank.apply(amplitude.data(), result.frame(static_cast<int>(channel), t).data());
      }
    });
    next_frame += count;
    drop_used();
    return result;
  }

  // Keeps what later frames and the mirror at the end still need.
  void drop_used() {
    const int64_t keep_from =
        std::min(next_frame * params.hop_length() - lead, samples - params.win_length() - 1);
    const int64_t drop = keep_from - first;
    if (drop <= 0) return;
    for (auto& channel : buffer) channel.erase(channel.begin(), channel.begin() + drop);
    first += drop;
  }

  SpectrogramParams params;
  Stft stft;
  MelFilterbank bank;
  int64_t lead;  // samples of a window before its frame's centre
  std::vector<std::vector<float>> buffer;
  int64_t first = 0;
  int64_t samples = 0;
  int64_t next_frame = 0;
  bool mirrored = false;
};

SpectrogramEncoder::SpectrogramEncoder(const SpectrogramParams& params)
    : state_(std::make_unique<State>(params)) {}
SpectrogramEncoder::~SpectrogramEncoder() = default;
SpectrogramEncoder::SpectrogramEncoder(SpectrogramEncoder&&) noexcept = default;
SpectrogramEncoder& SpectrogramEncoder::operator=(SpectrogramEncoder&&) noexcept = default;

MelSpectrogram SpectrogramEncoder::push(const Waveform& block, const Job& job) {
  State& s = *state_;
  if (block.channels() != s.params.channels() || block.sample_rate != s.params.sample_rate) {
    throw Error(
        ErrorCode::InvalidArgument,
        fmt::format("sound has {} channels at {} Hz, expected {} at {} Hz", block.channels(),
                    block.sample_rate, s.params.channels(), s.params.sample_rate));
  }
  for (size_t c = 0; c < s.buffer.size(); ++c) {
    auto& to = s.buffer[c];
    to.reserve(to.size() + block.samples[c].size());
    for (const float v : block.samples[c]) {
      if (!std::isfinite(v))
        throw Error(ErrorCode::InvalidArgument, "sound holds a sample that is not a number");
      to.push_back(v * kToPictureScale);
    }
  }
  s.samples += block.frames();
  if (!s.mirrored && s.samples <= s.lead) return {s.params.channels(), 0, s.params.num_frequencies};
  s.mirror_start();
  const int64_t complete = (s.samples - s.params.win_length() + s.lead) / s.params.hop_length() + 1;
  const bool any = s.samples + s.lead >= s.params.win_length();
  return s.encode(any ? complete : s.next_frame, job);
}

MelSpectrogram SpectrogramEncoder::finish(const Job& job) {
  State& s = *state_;
  if (s.samples == 0)
    throw Error(ErrorCode::InvalidArgument, "the sound has no samples",
                "give a file that holds sound");
  s.mirror_start();
  s.mirror_end();
  return s.encode(s.params.frames_of(s.samples), job);
}

MelSpectrogram encode_spectrogram(const Waveform& sound, const SpectrogramParams& params,
                                  const Job& job) {
  SpectrogramEncoder encoder(params);
  const MelSpectrogram body = encoder.push(sound, job);
  const MelSpectrogram rest = encoder.finish(job);
  MelSpectrogram whole(body.channels, body.frames + rest.frames, body.rows);
  for (int c = 0; c < whole.channels; ++c) {
    std::copy_n(
        body.values.data() + static_cast<size_t>(c) * static_cast<size_t>(body.frames * body.rows),
        body.frames * body.rows, whole.frame(c, 0).data());
    std::copy_n(
        rest.values.data() + static_cast<size_t>(c) * static_cast<size_t>(rest.frames * rest.rows),
        rest.frames * rest.rows,
        whole.values.data() + static_cast<size_t>((c * whole.frames + body.frames) * whole.rows));
  }
  return whole;
}

}  // namespace riffle::audio
