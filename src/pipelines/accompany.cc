// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/accompany.h"

#include <fmt/format.h>

#include <cmath>

#include "audio/resample.h"
#include "core/error.h"
#include "pipelines/chroma_rows.h"
#include "pipelines/headroom.h"
#include "pipelines/render.h"
#include "pipelines/sound_file.h"

namespace riffle::pipelines {
namespace {

// The music to go with, or nothing but a length.
struct Setting {
  audio::Waveform sound = {};  // as the file has it; no channels: there is none
  int sample_rate = 0;         // of what is given back
  int64_t frames = 0;
  int64_t samples = 0;  // the same at the codec's rate
  double gain_db = 0;
  BandContext context = {};
  std::vector<std::string> notes = {};
};

Setting setting_of_file(BandModel& model, const std::string& file, const BandShape& shape,
                        const Job& job) {
  Setting setting;
  SoundFile read = read_sound_file(file, Job{job.stop, {}});
  setting.notes = read.notes;
  setting.sound = std::move(read.sound);
  setting.sample_rate = setting.sound.sample_rate;
  setting.frames = setting.sound.frames();
  setting.samples = std::max<int64_t>(
      1, audio::resampled_frames(setting.frames, setting.sample_rate, model.codec().sample_rate()));
  setting.gain_db = listening_gain_db(setting.sound);
  if (setting.gain_db != 0) {
    setting.notes.push_back(fmt::format("{} was heard {:.1f} dB {}, and the stem changed back",
                                        file, std::abs(setting.gain_db),
                                        setting.gain_db > 0 ? "louder" : "softer"));
  }
  setting.context = context_of_sound(
      model, heard(model, setting.sound, setting.samples, setting.gain_db, job), shape, job);
  return setting;
}

Setting setting_of_length(BandModel& model, const Length& length) {
  Setting setting;
  StemCodec& codec = model.codec();
  setting.sample_rate = codec.sample_rate();
  setting.samples =
      length.samples(codec.sample_rate(), model.window() * codec.samples_per_column());
  setting.frames = setting.samples;
  return setting;
}

// One stem over a setting, as a clip without its request.
Clip clip_over(BandModel& model, const Setting& setting, const at::Tensor& style, uint64_t seed,
               int64_t best_of, double more_db, const BandShape& shape,
               const BandSampling& sampling, const RunContext& context) {
  PlayedStem stem = play(model,
                         {.samples = setting.samples,
                          .context = setting.context,
                          .style = style,
                          .seed = seed,
                          .best_of = best_of},
                         shape, sampling, context);
  Clip clip;
  clip.role = ClipRole::Stem;
  clip.sound = given_back(stem.sound, setting.sample_rate, setting.frames,
                          setting.gain_db - more_db, context.job);
  clip.latents = stem.latents;
  clip.notes = setting.notes;
  add_notes(clip.notes, stem.notes);
  clip.loop = shape.loop > 0;
  hold_peaks(clip.sound, clip.loop, clip.notes, context.job);
  clip.picture = picture_of_sound(clip.sound, context.job);
  return clip;
}

void set_tempo(Clip& clip, const Length& length) {
  clip.maybe_bpm = length.bpm;
  clip.beats = length.beats(clip.sound.frames(), clip.sound.sample_rate);
}

void visit_count(FieldVisitor& v, int64_t& count) {
  v.field(count, {.name = "count",
                  .help = "How many clips, with seeds one apart",
                  .minimum = 1,
                  .maximum = 1000});
}

}  // namespace

void AccompanyRequest::visit(FieldVisitor& v) {
  v.field(context, {.name = "context",
                    .help = "The music it is to fit",
                    .required = true,
                    .place = 1,
                    .is_file = true});
  style.visit(v);
  visit_chords(v, chords);
  visit_tempo(v, bpm, beats_per_bar, "Tempo of the music, for chords and the file's tempo marks");
  visit_count(v, count);
  v.field(mix, {.name = "mix", .help = "Make the music with the stem too"});
  v.field(gain_db, {.name = "gain_db",
                    .help = "Makes the stem louder than it was played, or softer",
                    .unit = "dB",
                    .minimum = -60,
                    .maximum = 24});
  visit_best_of(v, best_of);
  shape.visit(v);
  sampling.visit(v);
}

void AccompanyRequest::check() const { chords_of_field(chords, bpm); }

std::vector<Clip> accompany(BandModel& model, AccompanyRequest request, const RunContext& context) {
  settle(request.sampling, model);
  settle(request.shape, model);
  if (!request.best_of) request.best_of = model.defaults().best_of;
  Setting setting = setting_of_file(model, request.context, request.shape, context.job);
  std::vector<std::string> notes;
  const at::Tensor style = style_of(model, request.style, notes, context.job);
  const at::Tensor told =
      chroma_of_chords(model, request.chords, request.bpm, request.beats_per_bar, setting.samples,
                       request.shape, notes);
  if (told.defined()) setting.context.chroma = told;
  std::vector<Clip> clips;
  for (int64_t i = 0; i < request.count; ++i) {
    AccompanyRequest own = request;
    own.count = 1;
    own.sampling.seed = static_cast<int64_t>(seed_of(request.sampling.seed, i));
    Clip clip =
        clip_over(model, setting, style, static_cast<uint64_t>(own.sampling.seed), *request.best_of,
                  request.gain_db, request.shape, request.sampling, context);
    if (request.mix) {
      clip.parts.push_back({"mix", mixed_sound(setting.sound, clip.sound), ClipRole::Mix, "mix"});
      std::vector<std::string> mix_notes;
      hold_peaks(clip.parts.back().sound, clip.loop, mix_notes, context.job);
      for (const std::string& note : mix_notes) clip.notes.push_back("the mix: " + note);
    }
    add_notes(clip.notes, notes);
    set_tempo(clip, {.bpm = request.bpm, .beats_per_bar = request.beats_per_bar});
    clip.request = request_record("accompany", model, request_to_json(own));
    context.deliver(std::move(clip), clips);
  }
  return clips;
}

void SoloRequest::visit(FieldVisitor& v) {
  style.visit(v);
  length.visit(v);
  visit_chords(v, chords);
  visit_count(v, count);
  visit_best_of(v, best_of);
  shape.visit(v);
  sampling.visit(v);
}

void SoloRequest::check() const {
  length.check();
  chords_of_field(chords, length.bpm);
}

std::vector<Clip> solo(BandModel& model, SoloRequest request, const RunContext& context) {
  settle(request.sampling, model);
  settle(request.shape, model);
  if (!request.best_of) request.best_of = model.defaults().best_of;
  Setting setting = setting_of_length(model, request.length);
  std::vector<std::string> notes;
  const at::Tensor style = style_of(model, request.style, notes, context.job);
  setting.context.chroma =
      chroma_of_chords(model, request.chords, request.length.bpm, request.length.beats_per_bar,
                       setting.samples, request.shape, notes);
  std::vector<Clip> clips;
  for (int64_t i = 0; i < request.count; ++i) {
    SoloRequest own = request;
    own.count = 1;
    own.sampling.seed = static_cast<int64_t>(seed_of(request.sampling.seed, i));
    Clip clip = clip_over(model, setting, style, static_cast<uint64_t>(own.sampling.seed),
                          *request.best_of, 0, request.shape, request.sampling, context);
    add_notes(clip.notes, notes);
    set_tempo(clip, request.length);
    clip.request = request_record("solo", model, request_to_json(own));
    context.deliver(std::move(clip), clips);
  }
  return clips;
}

void InterpolateRequest::visit(FieldVisitor& v) {
  v.field(from, {.name = "from",
                 .help = "The recording to begin with",
                 .required = true,
                 .place = 1,
                 .is_file = true});
  v.field(to, {.name = "to",
               .help = "The recording to come to",
               .place = 2,
               .absent = "the prompt",
               .is_file = true});
  v.field(
      prompt,
      {.name = "prompt", .help = "Or what to come to, in words", .absent = "the second recording"});
  v.field(context, {.name = "context",
                    .help = "Music all of them are to fit",
                    .absent = "none",
                    .is_file = true});
  v.field(steps, {.name = "steps",
                  .help = "How many clips, both ends included",
                  .minimum = 2,
                  .maximum = 100});
  length.visit(v);
  shape.visit(v);
  sampling.visit(v, "sampler_steps");
}

void InterpolateRequest::check() const {
  if (context.empty()) length.check();
  if (to.empty() == prompt.empty()) {
    throw Error(ErrorCode::InvalidArgument,
                to.empty() ? "there is nothing to come to"
                           : "a second recording and a prompt are two things to come to",
                "give a second recording, or --prompt");
  }
}

std::vector<Clip> interpolate(BandModel& model, InterpolateRequest request,
                              const RunContext& context) {
  request.check();
  settle(request.sampling, model);
  settle(request.shape, model);
  const Setting setting = request.context.empty()
                              ? setting_of_length(model, request.length)
                              : setting_of_file(model, request.context, request.shape, context.job);
  std::vector<std::string> notes;
  const at::Tensor from = style_of_sound(model, request.from, notes, context.job);
  const at::Tensor to = request.to.empty()
                            ? style_of_prompt(model, request.prompt, notes, context.job)
                            : style_of_sound(model, request.to, notes, context.job);
  std::vector<Clip> clips;
  for (int64_t i = context.first_clip; i < request.steps; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(request.steps - 1);
    Clip clip = clip_over(model, setting, mixed_style(from, to, share),
                          static_cast<uint64_t>(request.sampling.seed), 1, 0, request.shape,
                          request.sampling, context);
    add_notes(clip.notes, notes);
    clip.notes.push_back(fmt::format("{:.0f} % of the way", 100 * share));
    set_tempo(clip, request.length);
    clip.request = request_record("interpolate", model, request_to_json(request));
    context.deliver(std::move(clip), clips);
  }
  return clips;
}

}  // namespace riffle::pipelines
