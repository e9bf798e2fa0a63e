// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/inpaint.h"

#include <ATen/ops/constant_pad_nd.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "audio/downmix.h"
#include "core/error.h"
#include "pipelines/render.h"
#include "pipelines/repaint.h"
#include "pipelines/sound_file.h"
#include "pipelines/sound_latents.h"
#include "pipelines/span.h"

namespace riffle::pipelines {
namespace {

constexpr double kFadeS = 0.020;

// A stretch of a file, in its own frames and at the codec's rate.
struct Region {
  int64_t first = 0;  // frames of the file
  int64_t last = 0;
  audio::Waveform sound;  // at the codec's rate

  int64_t at_codec(int64_t frame, int file_rate) const {
    return nearest(static_cast<double>(frame - first) / file_rate * sound.sample_rate);
  }
};

// first and last may lie outside the file: there is silence.
Region region_of(const audio::Waveform& file, int64_t first, int64_t last, const Geometry& geometry,
                 const Job& job) {
  Region region{first, last, {}};
  const int rate = geometry.codec.sample_rate;
  const int64_t samples = nearest(static_cast<double>(last - first) / file.sample_rate * rate);
  region.sound = at_rate(part_of(file, first, last), rate, samples, job);
  if (geometry.codec.stereo) {
    region.sound = audio::mix_channels(region.sound, audio::kUnknownLayout, 2);
  }
  return region;
}

// The new sound at the file's rate and with its channels.
audio::Waveform back_at_file(const audio::Waveform& sound, const audio::Waveform& file,
                             int64_t frames, const Job& job) {
  return audio::mix_channels(at_rate(sound, file.sample_rate, frames, job), audio::kUnknownLayout,
                             file.channels());
}

// Latents of the whole file, where the request names them.
class KnownLatents {
 public:
  // Throws what read_latents_of() throws, and Error{InvalidArgument} where the file has another
  // rate than the codec: its columns would lie elsewhere.
  KnownLatents(const std::string& path, const audio::Waveform& file, const Geometry& geometry)
      : geometry_(geometry) {
    if (path.empty()) return;
    if (file.sample_rate != geometry.codec.sample_rate) {
      throw Error(ErrorCode::InvalidArgument,
                  fmt::format("{}: the recording has {} Hz, its latents {} Hz", path,
                              file.sample_rate, geometry.codec.sample_rate),
                  "leave the latents out: the recording is encoded then");
    }
    latents_ = read_latents_of(path, file, geometry);
  }

  // A place where a region may begin so that its columns are the file's: the last one up to there.
  int64_t start_before(int64_t frame) const { return frame - into_column(frame); }
  // A place up to which it may go: the first one from there on.
  int64_t end_after(int64_t frame) const {
    const int64_t into = into_column(frame);
    return into == 0 ? frame : frame + geometry_.samples_per_column() - into;
  }
  // The region's own; undefined where none are known. What lies behind the file is silence that is
  // made anew: nothing is known of it.
  at::Tensor of_region(int64_t first, int64_t samples) const {
    if (!latents_.defined()) return {};
    const int64_t columns = geometry_.columns_of(samples);
    const int64_t start = first / geometry_.samples_per_column();
    const int64_t there = std::min(columns, latents_.size(-1) - start);
    return at::constant_pad_nd(latents_.narrow(-1, start, there), {0, columns - there});
  }

 private:
  int64_t into_column(int64_t frame) const {
    return latents_.defined() ? frame % geometry_.samples_per_column() : 0;
  }

  const Geometry& geometry_;
  at::Tensor latents_;
};

std::optional<Band> band_of(const InpaintRequest& request, const Geometry& geometry) {
  if (!request.low_hz && !request.high_hz) return {};
  const double top = geometry.codec.max_frequency;
  Band band{request.low_hz.value_or(0), request.high_hz.value_or(top)};
  rows_of(band, geometry.codec);  // throws for a band that is none
  // Above, the model has nothing to put in the place of what is there.
  band.high_hz = std::min(band.high_hz, top);
  return band;
}

}  // namespace

void InpaintRequest::visit(FieldVisitor& v) {
  v.field(file,
          {.name = "file", .help = "The recording", .required = true, .place = 1, .is_file = true});
  v.field(prompt, {.name = "prompt",
                   .help = "What the new part is to sound like",
                   .required = true,
                   .place = 2});
  SpanFields span{from, to, strength, bpm, beats_per_bar};
  span.visit_times(v);
  v.field(low_hz, {.name = "low_hz",
                   .help = "Change nothing below this frequency",
                   .unit = "Hz",
                   .minimum = 0,
                   .maximum = 192000});
  v.field(high_hz, {.name = "high_hz",
                    .help = "Change nothing above this frequency",
                    .unit = "Hz",
                    .minimum = 0,
                    .maximum = 192000});
  span.visit_rest(v);
  v.field(latents, latents_field());
  sampling.visit(v);
}

void InpaintRequest::check() const { check_times(from, to, bpm, beats_per_bar); }

std::vector<Clip> inpaint(MusicModel& model, InpaintRequest request, const RunContext& context) {
  settle(request.sampling, model);
  const Job inner{context.job.stop, {}};
  const Geometry& geometry = model.geometry();
  const SoundFile file = read_sound_file(request.file, inner);
  const int rate = file.sound.sample_rate;
  const auto [from, to] =
      span_of({request.from, request.to, request.strength, request.bpm, request.beats_per_bar},
              file.sound, request.file);
  // A window at least, half of one on both sides where there is as much.
  const double window_s = geometry.window_s();
  const auto around = static_cast<int64_t>(window_s / 2 * rate);
  const KnownLatents known(request.latents, file.sound, geometry);
  const Region region =
      region_of(file.sound, known.start_before(std::max<int64_t>(0, from - around)),
                std::min(file.sound.frames(), known.end_after(to + around)), geometry, inner);
  RepaintOptions options{
      .prompt = request.prompt,
      .sampling = request.sampling,
      .first = region.at_codec(from, rate),
      .last = std::max(region.at_codec(to, rate), region.at_codec(from, rate) + 1),
      .maybe_band = band_of(request, geometry),
      .strength = request.strength,
      .known = known.of_region(region.first, region.sound.frames())};
  Repainted repainted = repaint(model, region.sound, options, context);

  Clip clip;
  const audio::Waveform fresh =
      back_at_file(repainted.sound, file.sound, region.last - region.first, inner);
  const auto fade = std::min<int64_t>(nearest(kFadeS * rate), (to - from) / 2);
  const audio::Waveform joined =
      spliced(part_of(file.sound, region.first, region.last), fresh, from - region.first,
              to - region.first, fade, options.maybe_band);
  clip.sound = file.sound;
  for (size_t c = 0; c < clip.sound.samples.size(); ++c) {
    std::copy_n(joined.samples[c].begin() + (from - region.first), to - from,
                clip.sound.samples[c].begin() + from);
  }
  clip.picture = std::move(repainted.picture);
  clip.latents = repainted.latents;
  clip.notes = file.notes;
  add_notes(clip.notes, repainted.notes);
  clip.request = request_record("inpaint", model, request_to_json(request));
  clip.maybe_bpm = request.bpm;
  std::vector<Clip> clips;
  context.deliver(std::move(clip), clips);
  return clips;
}

void ExtendRequest::visit(FieldVisitor& v) {
  v.field(file,
          {.name = "file", .help = "The recording", .required = true, .place = 1, .is_file = true});
  v.field(prompt, {.name = "prompt",
                   .help = "What the new part is to sound like",
                   .place = 2,
                   .absent = "whatever goes on from there"});
  length.visit(v);
  v.field(side, {.name = "side", .help = "Where it goes on", .choices = {"end", "start"}});
  v.field(latents, latents_field());
  sampling.visit(v);
}

void ExtendRequest::check() const { length.check(); }

std::vector<Clip> extend(MusicModel& model, ExtendRequest request, const RunContext& context) {
  settle(request.sampling, model);
  const Job inner{context.job.stop, {}};
  const Geometry& geometry = model.geometry();
  const SoundFile file = read_sound_file(request.file, inner);
  const int rate = file.sound.sample_rate;
  const double window_s = geometry.window_s();
  const int64_t added = request.length.samples(rate, nearest(window_s / 2 * rate));
  const KnownLatents known(request.latents, file.sound, geometry);
  int64_t context_frames = std::min(file.sound.frames(), nearest(window_s / 2 * rate));
  const auto fade = std::min<int64_t>(nearest(kFadeS * rate), context_frames);
  const bool at_end = request.side == "end";

  // The file's frames with the new ones, in the file's count: [0, frames) is the file.
  const int64_t frames = file.sound.frames();
  if (at_end) context_frames = frames - known.start_before(frames - context_frames);
  const int64_t first = at_end ? frames - context_frames : -added;
  const int64_t last = at_end ? frames + added : context_frames;
  const Region region = region_of(file.sound, first, last, geometry, inner);
  RepaintOptions options{
      .prompt = request.prompt,
      .sampling = request.sampling,
      .first = at_end ? region.at_codec(frames, rate) : 0,
      .last = at_end ? region.sound.frames() : region.at_codec(0, rate),
      // Before the beginning, columns lie elsewhere than in the file.
      .known = at_end ? known.of_region(region.first, region.sound.frames()) : at::Tensor()};
  Repainted repainted = repaint(model, region.sound, options, context);
  const audio::Waveform fresh = back_at_file(repainted.sound, file.sound, last - first, inner);

  // The new sound replaces silence, and at the joint `fade` frames of the file.
  Clip clip;
  clip.sound =
      at_end ? part_of(file.sound, 0, frames + added) : part_of(file.sound, -added, frames);
  const int64_t offset = at_end ? 0 : added;  // of the file's frame 0
  for (size_t c = 0; c < clip.sound.samples.size(); ++c) {
    for (int64_t i = first; i < last; ++i) {
      const int64_t into = at_end ? i - (frames - fade) : fade - 1 - i;
      if (into < 0) continue;
      const double share =
          std::min(1.0, (static_cast<double>(into) + 0.5) / static_cast<double>(fade));
      auto& sample = clip.sound.samples[c][static_cast<size_t>(i + offset)];
      const float anew = fresh.samples[c][static_cast<size_t>(i - first)];
      sample = static_cast<float>(std::sqrt(1 - share)) * sample +
               static_cast<float>(std::sqrt(share)) * anew;
    }
  }
  clip.picture = std::move(repainted.picture);
  clip.latents = repainted.latents;
  clip.notes = file.notes;
  add_notes(clip.notes, repainted.notes);
  clip.request = request_record("extend", model, request_to_json(request));
  clip.maybe_bpm = request.length.bpm;
  clip.beats = request.length.beats(clip.sound.frames(), rate);
  std::vector<Clip> clips;
  context.deliver(std::move(clip), clips);
  return clips;
}

}  // namespace riffle::pipelines
