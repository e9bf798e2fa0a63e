// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/jam.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "audio/downmix.h"
#include "audio/limiter.h"
#include "audio/loudness.h"
#include "core/error.h"
#include "image/spectrogram_picture.h"
#include "pipelines/length.h"
#include "pipelines/render.h"
#include "pipelines/seed_loop.h"
#include "pipelines/sound_file.h"
#include "pipelines/sound_latents.h"

namespace riffle::pipelines {
namespace {

constexpr double kFadeS = 0.03;
constexpr double kLeadS = 0.2;     // frames before the segment that its phases are worked out with
constexpr double kFollowS = 0.12;  // and after it
constexpr double kMostChangeDb = 3;  // of the gain from one segment to the next

int64_t frames_in(double seconds, const Geometry& geometry) {
  return static_cast<int64_t>(
      std::ceil(seconds * geometry.codec.sample_rate / geometry.codec.hop_length()));
}

// The sound's picture squeezed or stretched to so many samples, as a ground of that length.
Ground stretched_ground(MusicModel& model, const audio::Waveform& sound, int64_t samples,
                        const Job& job) {
  const Geometry& geometry = model.geometry();
  const SoundLatents own = latents_of_sound(model, sound, job);
  const int64_t columns = geometry.columns_of(samples);
  const double ratio = static_cast<double>(samples) / static_cast<double>(own.samples);
  // Only the frames that hold sound are stretched; silence follows up to whole columns.
  const int64_t frames = std::min(own.media.size(-1), geometry.codec.frames_of(own.samples) + 1);
  const int64_t wanted =
      std::min(columns * geometry.factor, nearest(static_cast<double>(frames) * ratio));
  at::Tensor media =
      at::upsample_bilinear2d(own.media.narrow(-1, 0, frames), {own.media.size(2), wanted}, true);
  const int64_t missing = columns * geometry.factor - wanted;
  if (missing > 0) media = at::cat({media, media.narrow(-1, 0, missing)}, -1);
  return {encode_media(model, media, false, job), columns, static_cast<double>(samples)};
}

int64_t samples_of_beats(int64_t beats, double bpm, int rate) {
  return nearest(static_cast<double>(beats) * 60 * rate / bpm);
}

JamGround ground_of_loop(MusicModel& model, const JamGroundOptions& options, const Job& job) {
  const Geometry& geometry = model.geometry();
  const SeedLoop& loop = seed_loop(options.loop);
  const double bpm = options.bpm.value_or(loop.bpm);
  const int64_t beats = loop_beats(bpm, options.beats_per_bar, geometry.window_s());
  const int rate = geometry.codec.sample_rate;
  const audio::Waveform sound =
      play_seed_loop(loop, beats, samples_of_beats(beats, bpm, rate), rate);
  return {ground_of_sound(model, sound, job), bpm, beats, {}};
}

JamGround ground_of_recording(MusicModel& model, const JamGroundOptions& options, const Job& job) {
  const Geometry& geometry = model.geometry();
  const int rate = geometry.codec.sample_rate;
  const SoundFile file = read_sound_file(options.file, job);
  const auto all = nearest(file.sound.duration_s() * rate);
  audio::Waveform sound = audio::mix_channels(at_rate(file.sound, rate, all, job),
                                              audio::kUnknownLayout, geometry.codec.channels());
  JamGround ground;
  if (!options.file_bpm) {
    ground.bpm = options.bpm;
    if (options.bpm) {
      ground.notes.emplace_back("the seed's own tempo is not known: it was left as it is");
    }
    const int64_t samples = std::min(all, geometry.window_samples());
    ground.ground = ground_of_sound(model, part_of(sound, 0, samples), job);
    return ground;
  }
  const double bpm = options.bpm.value_or(*options.file_bpm);
  // As many bars as fit in the window at the wanted tempo, and are there.
  int64_t beats = loop_beats(bpm, options.beats_per_bar, geometry.window_s());
  const auto there = static_cast<int64_t>(file.sound.duration_s() * *options.file_bpm / 60 + 0.01);
  while (beats > there && beats > options.beats_per_bar) beats /= 2;
  sound = part_of(sound, 0, samples_of_beats(beats, *options.file_bpm, rate));
  ground.bpm = bpm;
  ground.beats = beats;
  ground.ground = stretched_ground(model, sound, samples_of_beats(beats, bpm, rate), job);
  return ground;
}

// Frame `place` of a spectrogram, between two of them in the roots pictures hold.
void blend_frame(const audio::MelSpectrogram& mel, double place, float power,
                 audio::MelSpectrogram& result, int64_t to) {
  const auto last = static_cast<double>(mel.frames - 1);
  const double at = std::clamp(place, 0.0, last);
  const auto first = static_cast<int64_t>(at);
  const auto share = static_cast<float>(at - static_cast<double>(first));
  for (int channel = 0; channel < mel.channels; ++channel) {
    const auto a = mel.frame(channel, first);
    const auto b = mel.frame(channel, std::min(first + 1, mel.frames - 1));
    const auto out = result.frame(channel, to);
    for (size_t row = 0; row < out.size(); ++row) {
      const float root = (1 - share) * std::pow(a[row], power) + share * std::pow(b[row], power);
      out[row] = std::pow(root, 1 / power);
    }
  }
}

// lead frames before, the segment's own, and its beginning again, which is the best guess at what
// follows on the beat.
struct Framed {
  audio::MelSpectrogram mel;
  int64_t lead = 0;
  int64_t own = 0;  // hops of the segment, rounded up
};

Framed framed(const audio::MelSpectrogram& own, const JamTail* before, int64_t samples,
              const Geometry& geometry) {
  const int64_t hop = geometry.codec.hop_length();
  Framed result;
  result.lead = before == nullptr ? 0 : before->mel.frames;
  result.own = (samples + hop - 1) / hop;
  const int64_t follow = frames_in(kFollowS, geometry);
  result.mel = audio::MelSpectrogram(own.channels, result.lead + result.own + follow + 1, own.rows);
  for (int channel = 0; channel < own.channels; ++channel) {
    for (int64_t t = 0; t < result.mel.frames; ++t) {
      const int64_t at = t - result.lead;
      // From the end on the loop begins anew.
      const int64_t looped = at * hop >= samples ? (at * hop - samples + hop / 2) / hop : at;
      const auto from = at < 0 ? before->mel.frame(channel, t)
                               : own.frame(channel, std::clamp<int64_t>(looped, 0, own.frames - 1));
      std::ranges::copy(from, result.mel.frame(channel, t).begin());
    }
  }
  return result;
}

double gain_for(const audio::Waveform& sound, double target_lufs, const JamTail* before) {
  const audio::Loudness loudness = audio::measure_loudness(sound);
  if (loudness.silent()) return before == nullptr ? 0 : before->gain_db;
  const double wanted = target_lufs - loudness.integrated_lufs;
  if (before == nullptr) return wanted;
  return before->gain_db + std::clamp(wanted - before->gain_db, -kMostChangeDb, kMostChangeDb);
}

// Fades `own` in over what the segment before ends with. Both have the same spectrum there, and
// phases that may agree or not: the gains are such that the power stays, whichever it is.
void join(std::vector<float>& own, int64_t at, const std::vector<float>& before) {
  const auto count = static_cast<int64_t>(before.size());
  double aa = 1e-20;
  double bb = 1e-20;
  double ab = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double a = before[static_cast<size_t>(i)];
    const double b = own[static_cast<size_t>(at + i)];
    aa += a * a;
    bb += b * b;
    ab += a * b;
  }
  const double agreement = std::clamp(ab / std::sqrt(aa * bb), 0.0, 1.0);
  for (int64_t i = 0; i < count; ++i) {
    const double share = (static_cast<double>(i) + 0.5) / static_cast<double>(count);
    const double norm =
        std::sqrt((1 - share) * (1 - share) + share * share + 2 * agreement * share * (1 - share));
    float& sample = own[static_cast<size_t>(at + i)];
    sample =
        static_cast<float>(((1 - share) * before[static_cast<size_t>(i)] + share * sample) / norm);
  }
}

JamTail tail_of(const audio::MelSpectrogram& own, const audio::Waveform& sound, int64_t lead,
                int64_t samples, double gain_db, const Geometry& geometry) {
  JamTail tail;
  tail.gain_db = gain_db;
  const int64_t frames = frames_in(kLeadS, geometry);
  tail.mel = audio::MelSpectrogram(own.channels, frames, own.rows);
  const double end = static_cast<double>(samples) / geometry.codec.hop_length();
  for (int64_t t = 0; t < frames; ++t) {
    blend_frame(own, end - static_cast<double>(frames - t), geometry.codec.power_for_image,
                tail.mel, t);
  }
  const int64_t fade = jam_fade(geometry);
  for (const auto& channel : sound.samples) {
    tail.sound.emplace_back(channel.begin() + (lead + samples - fade),
                            channel.begin() + (lead + samples));
  }
  return tail;
}

}  // namespace

int64_t jam_fade(const Geometry& geometry) { return nearest(kFadeS * geometry.codec.sample_rate); }

JamGround jam_ground(MusicModel& model, const JamGroundOptions& options, const Job& job) {
  if (!options.loop.empty()) return ground_of_loop(model, options, job);
  const Geometry& geometry = model.geometry();
  if (!options.file.empty()) {
    const std::string ending = options.file.extension().string();
    const bool own_form = ending == ".png" || ending == ".jpg" || ending == ".safetensors";
    if (!own_form) return ground_of_recording(model, options, job);
    return {ground_of_file(model, options.file, job), options.bpm, 0, {}};
  }
  if (!options.bpm) return {empty_ground(geometry, geometry.window_samples()), {}, 0, {}};
  const int64_t beats = loop_beats(*options.bpm, options.beats_per_bar, geometry.window_s());
  const int64_t samples = samples_of_beats(beats, *options.bpm, geometry.codec.sample_rate);
  return {empty_ground(geometry, samples), options.bpm, beats, {}};
}

JamSegment make_jam_segment(MusicModel& model, const JamGround& ground,
                            const JamSegmentOptions& options, const RunContext& context) {
  const Geometry& geometry = model.geometry();
  const Job inner{context.job.stop, {}};
  const int64_t hop = geometry.codec.hop_length();
  const int64_t samples = options.end - options.begin;
  const int64_t fade = jam_fade(geometry);
  if (samples < 4 * fade) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("a segment of {} samples is too short to join", samples),
                "use a longer seed, or a slower tempo");
  }
  JamSegment segment;
  segment.latents = latents_between(model, ground.ground, options.step, segment.notes, context);
  const at::Tensor media = decode_latents(model, segment.latents, false, inner);
  const int64_t width = std::min(media.size(-1), std::max<int64_t>(1, (samples + hop / 2) / hop));
  segment.picture = picture_of_media(media.narrow(-1, 0, width), geometry, image::kDefaultMaxValue);
  const audio::MelSpectrogram own = mel_of_media(media, geometry, image::kDefaultMaxValue);
  const Framed frames = framed(own, options.before, samples, geometry);

  audio::Waveform sound =
      sound_of_mel(frames.mel, geometry, geometry.codec.samples_of(frames.mel.frames),
                   {.iterations = static_cast<int>(options.step.sampling.decode_iterations),
                    .seed = options.step.steps_seed},
                   context.job);
  const int64_t lead = frames.lead * hop;
  const double gain_db =
      gain_for(part_of(sound, lead, lead + samples), options.loudness, options.before);
  const auto gain = static_cast<float>(std::pow(10, gain_db / 20));
  for (auto& channel : sound.samples) {
    for (float& x : channel) x *= gain;
  }
  audio::limit_peaks(sound, {}, inner);
  segment.tail = tail_of(own, sound, lead, samples, gain_db, geometry);
  int64_t first = lead;
  segment.start = options.begin;
  if (options.before != nullptr) {
    first -= fade;
    segment.start -= fade;
    for (size_t c = 0; c < sound.samples.size(); ++c) {
      join(sound.samples[c], first, options.before->sound[c]);
    }
  }
  segment.sound = part_of(sound, first, lead + samples - (options.last ? 0 : fade));
  return segment;
}

}  // namespace riffle::pipelines
