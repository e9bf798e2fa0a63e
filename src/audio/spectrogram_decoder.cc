// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/spectrogram_decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "audio/band_upsampler.h"
#include "core/error.h"

namespace riffle::audio {
namespace {

constexpr float kFromPictureScale = 1.0F / 32768.0F;

const SpectrogramParams& checked(const SpectrogramParams& params, const DecodeOptions& options) {
  params.validate();
  if (options.iterations < 1 || options.iterations > 10000) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("iterations is {}, expected 1 to 10000", options.iterations));
  }
  return params;
}

}  // namespace

struct SpectrogramDecoder::State {
  State(const SpectrogramParams& params_in, const DecodeOptions& options_in)
      : params(checked(params_in, options_in)),
        options(options_in),
        retrieval(params, {.iterations = options.iterations, .seed = options.seed}) {
    const StftGeometry& g = retrieval.grid().geometry;
    reach = (g.win + g.hop - 1) / g.hop;
    block_frames = std::max<int64_t>(options.block_frames, 4 * reach);
    pending.resize(static_cast<size_t>(params.channels()));
    out.sample_rate = params.sample_rate;
    out.samples.resize(pending.size());
    for (size_t c = 0; c < pending.size(); ++c) upsamplers.emplace_back(g, params.hop_length());
  }

  int64_t pending_frames() const {
    return static_cast<int64_t>(pending[0].size()) / params.num_frequencies;
  }
  int64_t look_ahead() const { return 3 * reach; }

  // Solves the pending frames; all but the look-ahead's samples are final.
  void solve_block(bool ends, const Job& job) {
    const int64_t frames = pending_frames();
    MelSpectrogram target(params.channels(), frames, params.num_frequencies);
    for (size_t c = 0; c < pending.size(); ++c) {
      std::copy(pending[c].begin(), pending[c].end(), target.frame(static_cast<int>(c), 0).begin());
    }
    block.ends = ends;
    auto solved = retrieval.solve(target, block, block_job(job));
    keep_continuous(solved);
    emit(solved, frames, ends);
    ++blocks_done;
  }

  // Steps of all blocks count as one: a block of n frames is a known share of a known whole only
  // for single blocks, so longer work reports by frames in the caller.
  Job block_job(const Job& job) const {
    return blocks_done == 0 && block.starts ? job : Job{job.stop, {}};
  }

  // From the samples that are fixed, fade over into the new solution: the two agree closely, for
  // one began as the other.
  void keep_continuous(std::vector<std::vector<float>>& solved) const {
    if (block.samples.empty()) return;
    const int64_t fade = retrieval.grid().geometry.win / 2;
    for (size_t c = 0; c < solved.size(); ++c) {
      for (int64_t i = 0; i < fade; ++i) {
        const auto at = static_cast<size_t>(block.fixed_samples + i);
        if (at >= block.samples[c].size()) break;
        const float share = (static_cast<float>(i) + 0.5F) / static_cast<float>(fade);
        solved[c][at] = share * solved[c][at] + (1 - share) * block.samples[c][at];
      }
    }
  }

  void emit(const std::vector<std::vector<float>>& solved, int64_t frames, bool ends) {
    const StftGeometry& g = retrieval.grid().geometry;
    const int64_t context = block.starts ? 0 : reach;
    // Index of a frame's centre: t hop + win/2. The stream to the upsampler begins with the first
    // margin.
    const int64_t from = block.starts ? 0 : context * g.hop + g.win / 2;
    const int64_t final_frames = frames - look_ahead();
    const int64_t to = ends ? retrieval.support(frames) : final_frames * g.hop + g.win / 2;
    for (size_t c = 0; c < solved.size(); ++c) {
      const auto more =
          upsamplers[c].push({solved[c].data() + from, static_cast<size_t>(to - from)}, ends);
      out.samples[c].insert(out.samples[c].end(), more.begin(), more.end());
    }
    if (ends) return;
    // The next block begins `reach` frames before the first one that is not final.
    const int64_t drop = final_frames - reach;
    const StftGeometry geometry = g;
    block.starts = false;
    block.known_frames = reach + look_ahead() / 2;
    block.fixed_samples = static_cast<int64_t>(reach) * geometry.hop + geometry.win / 2;
    block.samples.clear();
    for (const auto& channel : solved)
      block.samples.emplace_back(channel.begin() + drop * geometry.hop, channel.end());
    for (auto& channel : pending) {
      channel.erase(channel.begin(), channel.begin() + drop * params.num_frequencies);
    }
  }

  // What is in `out`, less the margin the first samples came with; `limit` samples in all.
  Waveform take(int64_t limit) {
    Waveform result{params.sample_rate, std::vector<std::vector<float>>(out.samples.size())};
    int64_t count = 0;
    // A transform of fewer samples sums to less: the grid's samples are too loud by the ratio of
    // the rates.
    const float scale = kFromPictureScale * static_cast<float>(retrieval.grid().geometry.hop) /
                        static_cast<float>(params.hop_length());
    for (size_t c = 0; c < out.samples.size(); ++c) {
      auto& samples = out.samples[c];
      const int64_t skip = std::min<int64_t>(margin_left, static_cast<int64_t>(samples.size()));
      const int64_t end = std::min<int64_t>(static_cast<int64_t>(samples.size()),
                                            limit < 0 ? INT64_MAX : skip + limit - returned);
      auto& to = result.samples[c];
      to.assign(samples.begin() + skip, samples.begin() + std::max(skip, end));
      for (float& v : to) v *= scale;
      samples.clear();
      count = skip;
    }
    margin_left -= count;
    returned += result.frames();
    return result;
  }

  SpectrogramParams params;
  DecodeOptions options;
  PhaseRetrieval retrieval;
  std::vector<BandUpsampler> upsamplers;
  int64_t reach = 0;  // frames a window spans
  int64_t block_frames = 0;
  std::vector<std::vector<float>> pending;  // [channel][frame * rows]
  RetrievalBlock block;
  Waveform out;
  int64_t margin_left = -1;
  int64_t returned = 0;
  int64_t frames_seen = 0;
  int64_t blocks_done = 0;
};

SpectrogramDecoder::SpectrogramDecoder(const SpectrogramParams& params,
                                       const DecodeOptions& options)
    : state_(std::make_unique<State>(params, options)) {
  const StftGeometry& g = state_->retrieval.grid().geometry;
  state_->margin_left = static_cast<int64_t>(g.win / 2) * params.hop_length() / g.hop;
}
SpectrogramDecoder::~SpectrogramDecoder() = default;
SpectrogramDecoder::SpectrogramDecoder(SpectrogramDecoder&&) noexcept = default;
SpectrogramDecoder& SpectrogramDecoder::operator=(SpectrogramDecoder&&) noexcept = default;

const PhaseRetrieval& SpectrogramDecoder::retrieval() const { return state_->retrieval; }

Waveform SpectrogramDecoder::push(const MelSpectrogram& frames, const Job& job) {
  State& s = *state_;
  if (frames.channels != s.params.channels() || frames.rows != s.params.num_frequencies) {
    throw Error(
        ErrorCode::InvalidArgument,
        fmt::format("spectrogram has {} channels and {} rows, expected {} and {}", frames.channels,
                    frames.rows, s.params.channels(), s.params.num_frequencies));
  }
  const int64_t rows = frames.rows;
  for (int64_t done = 0; done < frames.frames;) {
    const int64_t room = s.block_frames + s.look_ahead() + 1 - s.pending_frames();
    const int64_t count = std::min(room, frames.frames - done);
    for (int c = 0; c < frames.channels; ++c) {
      const float* first = frames.frame(c, done).data();
      s.pending[static_cast<size_t>(c)].insert(s.pending[static_cast<size_t>(c)].end(), first,
                                               first + count * rows);
    }
    done += count;
    s.frames_seen += count;
    if (count == room) s.solve_block(false, job);
  }
  return s.take(-1);
}

Waveform SpectrogramDecoder::finish(const Job& job) {
  State& s = *state_;
  if (s.frames_seen < 2) {
    throw Error(
        ErrorCode::InvalidArgument,
        fmt::format(
            "the spectrogram is {} frames wide, expected at least 2: one frame has no length",
            s.frames_seen));
  }
  s.solve_block(true, job);
  return s.take(s.params.samples_of(s.frames_seen));
}

Waveform decode_spectrogram(const MelSpectrogram& spectrogram, const SpectrogramParams& params,
                            const DecodeOptions& options, const Job& job) {
  SpectrogramDecoder decoder(params, options);
  Waveform sound = decoder.push(spectrogram, job);
  const Waveform rest = decoder.finish(job);
  for (size_t c = 0; c < sound.samples.size(); ++c) {
    sound.samples[c].insert(sound.samples[c].end(), rest.samples[c].begin(), rest.samples[c].end());
  }
  return sound;
}

}  // namespace riffle::audio
