// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/edit_stem.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "audio/downmix.h"
#include "audio/resample.h"
#include "core/error.h"
#include "diffusion/masks.h"
#include "pipelines/headroom.h"
#include "pipelines/render.h"
#include "pipelines/repaint.h"
#include "pipelines/sound_file.h"
#include "pipelines/span.h"

namespace riffle::pipelines {
namespace {

constexpr double kFadeS = 0.020;

// The music a stem belongs to; no channels: there is none.
audio::Waveform context_of(const std::string& file, std::vector<std::string>& notes,
                           const Job& job) {
  if (file.empty()) return {};
  SoundFile read = read_sound_file(file, Job{job.stop, {}});
  add_notes(notes, read.notes);
  return std::move(read.sound);
}

// A stem or its context between two frames of the stem's file; outside of them lies silence.
struct Region {
  int64_t first = 0;
  int64_t last = 0;
  int sample_rate = 0;  // of the file

  int64_t frames() const { return last - first; }
  int64_t at_rate(int64_t frame, int rate) const {
    return nearest(static_cast<double>(frame - first) / sample_rate * rate);
  }
  audio::Waveform of(const audio::Waveform& sound) const {
    const double ratio = static_cast<double>(sound.sample_rate) / sample_rate;
    return part_of(sound, nearest(static_cast<double>(first) * ratio),
                   nearest(static_cast<double>(last) * ratio));
  }
};

struct Repaint {
  Region region;
  int64_t from = 0;  // frames of the file that are made anew
  int64_t to = 0;
  double strength = 1;
};

// The region anew, at the file's rate, in as many channels.
audio::Waveform repainted(BandModel& model, const audio::Waveform& file,
                          const audio::Waveform& context_sound, const Repaint& repaint,
                          const at::Tensor& style, const BandSampling& sampling, Clip& clip,
                          const RunContext& context) {
  StemCodec& codec = model.codec();
  const Region& region = repaint.region;
  const int rate = codec.sample_rate();
  const int64_t samples = std::max<int64_t>(1, region.at_rate(region.last, rate));
  const bool has_context = context_sound.channels() > 0;
  const double gain_db = listening_gain_db(has_context ? context_sound : file);
  const BandShape shape{.stereo = file.channels() == 2 ? model.defaults().stereo : 0.0};
  BandPiece piece{.samples = samples, .style = style, .strength = repaint.strength};
  piece.known =
      codec.encode(heard(model, region.of(file), samples, gain_db, context.job), context.job);
  if (has_context) {
    piece.context = context_of_sound(
        model, heard(model, region.of(context_sound), samples, gain_db, context.job), shape,
        context.job);
  }
  const int64_t columns = codec.columns_of(samples);
  const auto place = [&](int64_t frame) {
    return static_cast<double>(region.at_rate(frame, rate)) /
           static_cast<double>(codec.samples_per_column());
  };
  const diffusion::MaskRectangle rectangle{
      .left = place(repaint.from),
      .right =
          std::clamp(place(repaint.to), place(repaint.from) + 1e-3, static_cast<double>(columns)),
      .top = 0,
      .bottom = 1};
  piece.mask = diffusion::mask_of_rectangles(1, columns, std::span(&rectangle, 1));
  piece.seed = static_cast<uint64_t>(sampling.seed);
  PlayedStem stem = play(model, piece, shape, sampling, context);
  clip.latents = stem.latents;
  return audio::mix_channels(
      given_back(stem.sound, file.sample_rate, region.frames(), gain_db, context.job),
      audio::kUnknownLayout, file.channels());
}

// The file with what is new between from and to of the repaint.
audio::Waveform joined(const audio::Waveform& file, const audio::Waveform& fresh,
                       const Repaint& repaint) {
  const Region& region = repaint.region;
  const auto fade =
      std::min<int64_t>(nearest(kFadeS * file.sample_rate), (repaint.to - repaint.from) / 2);
  const audio::Waveform part =
      spliced(part_of(file, region.first, region.last), fresh, repaint.from - region.first,
              repaint.to - region.first, fade, {});
  audio::Waveform result = file;
  for (size_t c = 0; c < result.samples.size(); ++c) {
    std::copy_n(part.samples[c].begin() + (repaint.from - region.first), repaint.to - repaint.from,
                result.samples[c].begin() + repaint.from);
  }
  return result;
}

// Half the model's window, in frames of a rate: what a new part hears of the old one.
int64_t half_window(BandModel& model, int sample_rate) {
  StemCodec& codec = model.codec();
  return nearest(static_cast<double>(model.window() * codec.samples_per_column()) / 2 /
                 codec.sample_rate() * sample_rate);
}

void visit_file(FieldVisitor& v, std::string& file) {
  v.field(file,
          {.name = "file", .help = "The stem", .required = true, .place = 1, .is_file = true});
}

void visit_context(FieldVisitor& v, std::string& context) {
  v.field(
      context,
      {.name = "context", .help = "The music it belongs to", .absent = "none", .is_file = true});
}

}  // namespace

void InpaintStemRequest::visit(FieldVisitor& v) {
  visit_file(v, file);
  SpanFields span{from, to, strength, bpm, beats_per_bar};
  span.visit_times(v);
  visit_context(v, context);
  style.visit(v);
  span.visit_rest(v);
  sampling.visit(v);
}

void InpaintStemRequest::check() const { check_times(from, to, bpm, beats_per_bar); }

std::vector<Clip> inpaint_stem(BandModel& model, InpaintStemRequest request,
                               const RunContext& context) {
  settle(request.sampling, model);
  const SoundFile file = read_sound_file(request.file, Job{context.job.stop, {}});
  const int rate = file.sound.sample_rate;
  const Span span =
      span_of({request.from, request.to, request.strength, request.bpm, request.beats_per_bar},
              file.sound, request.file);
  Repaint repaint{.region = {}, .from = span.from, .to = span.to, .strength = request.strength};
  const int64_t around = half_window(model, rate);
  repaint.region = {std::max<int64_t>(0, repaint.from - around),
                    std::min(file.sound.frames(), repaint.to + around), rate};
  Clip clip;
  clip.role = ClipRole::Stem;
  clip.notes = file.notes;
  const audio::Waveform other = context_of(request.context, clip.notes, context.job);
  const at::Tensor style = style_of(model, request.style, clip.notes, context.job);
  const audio::Waveform fresh =
      repainted(model, file.sound, other, repaint, style, request.sampling, clip, context);
  clip.sound = joined(file.sound, fresh, repaint);
  clip.picture = picture_of_sound(clip.sound, context.job);
  clip.request = request_record("inpaint-stem", model, request_to_json(request));
  clip.maybe_bpm = request.bpm;
  std::vector<Clip> clips;
  context.deliver(std::move(clip), clips);
  return clips;
}

void ExtendStemRequest::visit(FieldVisitor& v) {
  visit_file(v, file);
  visit_context(v, context);
  style.visit(v);
  length.visit(v);
  v.field(side, {.name = "side", .help = "Where it goes on", .choices = {"end", "start"}});
  sampling.visit(v);
}

void ExtendStemRequest::check() const { length.check(); }

std::vector<Clip> extend_stem(BandModel& model, ExtendStemRequest request,
                              const RunContext& context) {
  settle(request.sampling, model);
  const SoundFile file = read_sound_file(request.file, Job{context.job.stop, {}});
  const int rate = file.sound.sample_rate;
  const int64_t half = half_window(model, rate);
  const int64_t more = request.length.samples(rate, half);
  const int64_t frames = file.sound.frames();
  const bool at_end = request.side == "end";
  // The stem in its new place, with silence where the new part comes.
  const audio::Waveform longer =
      at_end ? part_of(file.sound, 0, frames + more) : part_of(file.sound, -more, frames);
  Repaint repaint;
  repaint.from = at_end ? frames : 0;
  repaint.to = repaint.from + more;
  repaint.region = {std::max<int64_t>(0, repaint.from - half),
                    std::min(frames + more, repaint.to + half), rate};
  Clip clip;
  clip.role = ClipRole::Stem;
  clip.notes = file.notes;
  const audio::Waveform other = context_of(request.context, clip.notes, context.job);
  const at::Tensor style = style_of(model, request.style, clip.notes, context.job);
  const audio::Waveform fresh =
      repainted(model, longer, other, repaint, style, request.sampling, clip, context);
  clip.sound = joined(longer, fresh, repaint);
  clip.picture = picture_of_sound(clip.sound, context.job);
  clip.request = request_record("extend-stem", model, request_to_json(request));
  clip.maybe_bpm = request.length.bpm;
  clip.beats = request.length.beats(clip.sound.frames(), rate);
  std::vector<Clip> clips;
  context.deliver(std::move(clip), clips);
  return clips;
}

void VaryStemRequest::visit(FieldVisitor& v) {
  visit_file(v, file);
  v.field(amount, {.name = "amount",
                   .help = "0 is the stem itself, 1 another one",
                   .minimum = 0,
                   .maximum = 1});
  visit_context(v, context);
  style.visit(v);
  v.field(count, {.name = "count", .help = "How many variations", .minimum = 1, .maximum = 1000});
  shape.visit(v);
  sampling.visit(v);
}

std::vector<Clip> vary_stem(BandModel& model, VaryStemRequest request, const RunContext& context) {
  settle(request.sampling, model);
  if (!request.shape.stereo) request.shape.stereo = 0;
  const SoundFile file = read_sound_file(request.file, Job{context.job.stop, {}});
  const bool same = request.amount == 0 && request.shape.loop == 0 && *request.shape.stereo == 0;
  std::vector<std::string> notes = file.notes;
  const int rate = file.sound.sample_rate;
  const int64_t frames = file.sound.frames();
  const audio::Waveform other = context_of(request.context, notes, context.job);
  const at::Tensor style = style_of(model, request.style, notes, context.job);
  const double gain_db = listening_gain_db(other.channels() > 0 ? other : file.sound);
  BandPiece piece{.samples = std::max<int64_t>(
                      1, audio::resampled_frames(frames, rate, model.codec().sample_rate())),
                  .style = style,
                  .strength = request.amount};
  const auto as_heard = [&](const audio::Waveform& sound) {
    return heard(model, sound, piece.samples, gain_db, context.job);
  };
  piece.known = latents_of_stem(model, as_heard(file.sound), request.shape, context.job);
  if (other.channels() > 0) {
    const Region whole{0, frames, rate};
    piece.context = context_of_sound(model, as_heard(whole.of(other)), request.shape, context.job);
  }
  std::vector<Clip> clips;
  for (int64_t i = 0; i < request.count; ++i) {
    VaryStemRequest own = request;
    own.count = 1;
    own.sampling.seed = static_cast<int64_t>(seed_of(request.sampling.seed, i));
    piece.seed = static_cast<uint64_t>(own.sampling.seed);
    Clip clip;
    clip.role = ClipRole::Stem;
    clip.notes = notes;
    if (same) {
      clip.sound = file.sound;
      clip.latents = piece.known.unsqueeze(0).unsqueeze(2);
    } else {
      PlayedStem stem = play(model, piece, request.shape, request.sampling, context);
      clip.sound = given_back(stem.sound, rate, frames, gain_db, context.job);
      clip.latents = stem.latents;
      hold_peaks(clip.sound, request.shape.loop > 0, clip.notes, context.job);
    }
    clip.picture = picture_of_sound(clip.sound, context.job);
    clip.loop = request.shape.loop > 0;
    clip.request = request_record("vary-stem", model, request_to_json(own));
    context.deliver(std::move(clip), clips);
  }
  return clips;
}

}  // namespace riffle::pipelines
