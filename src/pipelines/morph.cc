// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/morph.h"

#include <ATen/ops/cat.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>

#include "audio/downmix.h"
#include "core/error.h"
#include "diffusion/masks.h"
#include "image/picture_file.h"
#include "image/spectrogram_picture.h"
#include "pipelines/prompt_schedule.h"
#include "pipelines/render.h"
#include "pipelines/riffuse.h"
#include "pipelines/sound_file.h"
#include "pipelines/sound_latents.h"

namespace riffle::pipelines {
namespace {

bool is_picture(const std::string& path) {
  std::string ending = std::filesystem::path(path).extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return ending == ".png" || ending == ".jpg" || ending == ".jpeg";
}

// What every clip is made over, and how long one is.
struct Ground {
  at::Tensor latents;  // undefined: nothing, clips come from noise alone
  int64_t columns = 0;
  double period = 0;  // samples from the start of one clip to the start of the next
};

Ground ground_of_picture(MusicModel& model, const std::string& path, const Job& job) {
  const Geometry& geometry = model.geometry();
  const image::Picture picture = image::read_picture(path);
  if (picture.height != geometry.codec.num_frequencies) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("{}: {} rows, the model's pictures have {}", path, picture.height,
                            geometry.codec.num_frequencies),
                "give a sound instead: it is turned into the model's own picture");
  }
  if (picture.width < geometry.factor) {
    throw Error(ErrorCode::InvalidArgument, fmt::format("{}: {} columns, expected at least {}",
                                                        path, picture.width, geometry.factor));
  }
  at::Tensor media = media_of_picture(picture, geometry.media_channels);
  const int64_t missing = (geometry.factor - media.size(-1) % geometry.factor) % geometry.factor;
  if (missing > 0) media = at::cat({media, media.narrow(-1, 0, missing)}, -1);
  // A picture of W columns plays for W - 1 hops, and that is how its loop was cut.
  return {encode_media(model, media, false, job), media.size(-1) / geometry.factor,
          static_cast<double>(geometry.codec.samples_of(picture.width))};
}

Ground ground_of_sound(MusicModel& model, const std::string& path, const Job& job) {
  const Geometry& geometry = model.geometry();
  const audio::Waveform sound = read_sound_file(path, job).sound;
  const int rate = geometry.codec.sample_rate;
  const int64_t frames = nearest(sound.duration_s() * rate);
  const audio::Waveform own = audio::mix_channels(at_rate(sound, rate, frames, job),
                                                  audio::kUnknownLayout, geometry.codec.channels());
  const SoundLatents encoded = latents_of_sound(model, own, job);
  return {encoded.latents, encoded.latents.size(-1), static_cast<double>(frames)};
}

Ground ground_of(MusicModel& model, const MorphRequest& request, const Job& job) {
  const Geometry& geometry = model.geometry();
  if (!request.init.empty()) {
    return is_picture(request.init) ? ground_of_picture(model, request.init, job)
                                    : ground_of_sound(model, request.init, job);
  }
  const int64_t samples =
      request.length.samples(geometry.codec.sample_rate, geometry.window_samples());
  return {{}, geometry.columns_of(samples), static_cast<double>(samples)};
}

class MorphRun {
 public:
  MorphRun(MusicModel& model, const MorphRequest& request, Ground ground, const RunContext& context)
      : model_(model),
        request_(request),
        ground_(std::move(ground)),
        context_(context),
        options_(sample_options(request.sampling, model.geometry(), false)) {
    const std::vector<std::string> texts = {request.prompt,
                                            request.to.empty() ? request.prompt : request.to,
                                            request.sampling.negative_prompt};
    prompts_ = model.conditioner().condition(texts, {.bpm = request.length.bpm}, context.job);
    const int64_t columns = ground_.columns;
    from_noise_ =
        noise_of(std::vector{seed_of(request.sampling.seed, 0)}, model.geometry(), columns).initial;
    to_noise_ =
        noise_of(std::vector{seed_of(*request.to_seed, 0)}, model.geometry(), columns).initial;
    if (!request.mask.empty()) read_mask();
  }

  // Latents of the clip at a place between the two sounds.
  at::Tensor clip(double alpha, int64_t index) {
    const at::Tensor noise = diffusion::slerp(alpha, from_noise_, to_noise_);
    ChosenScheduler chosen = choose_scheduler(request_.sampling, model_.denoiser());
    diffusion::Scheduler& scheduler = *chosen.scheduler;
    at::Tensor latents = scheduler.init_noise_sigma() * noise;
    diffusion::SampleOptions options = options_;
    if (ground_.latents.defined()) {
      const double strength = request_.strength * (1 - alpha) +
                              request_.to_strength.value_or(request_.strength) * alpha;
      latents = start_from(scheduler, {ground_.latents, noise}, strength);
      if (mask_.defined()) options.keep = diffusion::KeptPart{mask_, {ground_.latents, noise}};
    }
    // Fresh noise of stochastic samplers: another stream for each clip.
    diffusion::SeededNoise source(std::vector{seed_of(request_.sampling.seed, 0x5EED0000 + index)});
    options.noise = &source;
    diffusion::GuidedPrompt prompt{
        mixed(item_of(prompts_.conditioning, 0), item_of(prompts_.conditioning, 1), alpha),
        item_of(prompts_.conditioning, 2)};
    // Every clip keeps the first prompt's tempo from its first sample on; that of a recording is
    // its own.
    if (!ground_.latents.defined() && !prompts_.tempi.empty()) {
      set_beats(prompt, model_, prompts_.tempi.front(),
                {.beats_per_bar = request_.length.beats_per_bar}, 0, ground_.columns,
                ground_.columns);
    }
    RunContext inner = context_;
    inner.job = Job{context_.job.stop, {}};
    return run_sampler(model_, chosen, latents, std::span(&prompt, 1), options, inner);
  }

  const std::vector<std::string>& notes() const { return prompts_.notes; }

 private:
  void read_mask() {
    const image::Picture picture = image::read_picture(request_.mask);
    const auto gray = gray_of_picture(picture);
    mask_ =
        diffusion::mask_of_picture(gray, picture.width, picture.height, model_.geometry().factor);
    const bool fits = ground_.latents.defined() && mask_.size(2) == ground_.latents.size(2) &&
                      mask_.size(3) == ground_.latents.size(3);
    if (!fits) {
      throw Error(ErrorCode::InvalidArgument,
                  fmt::format("{}: a mask of {} x {} pixels does not fit", request_.mask,
                              picture.width, picture.height),
                  "a mask needs an init of the same size");
    }
  }

  MusicModel& model_;
  const MorphRequest& request_;
  Ground ground_;
  const RunContext& context_;
  diffusion::SampleOptions options_;
  models::ConditionedPrompts prompts_;
  at::Tensor from_noise_;
  at::Tensor to_noise_;
  at::Tensor mask_;
};

// The frame the clip begins at: rounded each by itself, so that the beat does not drift.
int64_t start_frame(int64_t index, double period, int hop) {
  return nearest(static_cast<double>(index) * period / hop);
}

void settle(MorphRequest& request, const MusicModel& model) {
  settle(request.sampling, model);
  const bool same_prompt = request.to.empty() || request.to == request.prompt;
  if (!request.to_seed) {
    request.to_seed = static_cast<int64_t>(seed_of(request.sampling.seed, same_prompt ? 1 : 0));
  }
}

}  // namespace

void MorphRequest::visit(FieldVisitor& v) {
  v.field(prompt, {.name = "prompt", .help = "What it begins with", .required = true, .place = 1});
  v.field(to, {.name = "to",
               .help = "What it turns into",
               .place = 2,
               .absent = "the same prompt with another seed"});
  v.field(init, {.name = "init",
                 .help = "Sound or picture every clip is made over; sets beat and length",
                 .is_file = true});
  v.field(mask, {.name = "mask",
                 .help = "Picture of the init's size: white is repainted, black is kept",
                 .is_file = true});
  v.field(clips, {.name = "clips",
                  .help = "How many steps it takes from one to the other",
                  .minimum = 2,
                  .maximum = 1000});
  length.visit(v);
  v.field(strength, {.name = "strength",
                     .help = "How far clips leave the init: 0.75 keeps the beat, 0.95 forgets it",
                     .minimum = 0,
                     .maximum = 1});
  v.field(to_strength, {.name = "to_strength",
                        .help = "The same at the end",
                        .minimum = 0,
                        .maximum = 1,
                        .absent = "the strength"});
  v.field(to_seed, {.name = "to_seed",
                    .help = "Seed at the end",
                    .minimum = 0,
                    .maximum = 4294967295.0,
                    .absent = "the seed; one more when the prompts are the same"});
  v.field(alpha_power, {.name = "alpha_power",
                        .help = "Above 1 dwells in the middle, below 1 at both ends",
                        .minimum = 0.1,
                        .maximum = 10,
                        .advanced = true});
  v.field(loudness, {.name = "loudness",
                     .help = "Loudness of the result (EBU R128)",
                     .unit = "LUFS",
                     .minimum = -60,
                     .maximum = 0});
  sampling.visit(v);
}

double level_stretches(audio::MelSpectrogram& mel, const std::vector<int64_t>& starts,
                       double limit_db) {
  const size_t count = starts.size();
  const auto end_of = [&](size_t i) { return i + 1 < count ? starts[i + 1] : mel.frames; };
  std::vector<double> levels_db(count, -300);
  double sum_db = 0;
  int64_t heard = 0;
  for (size_t i = 0; i < count; ++i) {
    double energy = 0;
    for (int channel = 0; channel < mel.channels; ++channel) {
      for (int64_t t = starts[i]; t < end_of(i); ++t) {
        for (const float value : mel.frame(channel, t)) energy += double{value} * double{value};
      }
    }
    if (energy <= 0 || end_of(i) <= starts[i]) continue;
    levels_db[i] = 10 * std::log10(energy / static_cast<double>(end_of(i) - starts[i]));
    sum_db += levels_db[i];
    ++heard;
  }
  if (heard == 0) return 0;
  const double target_db = sum_db / static_cast<double>(heard);
  std::vector<double> gains_db(count, 0);
  double largest = 0;
  for (size_t i = 0; i < count; ++i) {
    if (levels_db[i] > -300) {
      gains_db[i] = std::clamp(target_db - levels_db[i], -limit_db, limit_db);
    }
    if (std::abs(gains_db[i]) > std::abs(largest)) largest = gains_db[i];
  }
  constexpr int64_t kGlideFrames = 10;
  for (size_t i = 0; i < count; ++i) {
    for (int64_t t = starts[i]; t < end_of(i); ++t) {
      double gain_db = gains_db[i];
      const int64_t since = t - starts[i];
      if (i > 0 && since < kGlideFrames) {
        const double share = static_cast<double>(since + 1) / (kGlideFrames + 1);
        gain_db = gains_db[i - 1] + share * (gains_db[i] - gains_db[i - 1]);
      }
      const auto gain = static_cast<float>(std::pow(10, gain_db / 20));
      for (int channel = 0; channel < mel.channels; ++channel) {
        for (float& value : mel.frame(channel, t)) value *= gain;
      }
    }
  }
  return largest;
}

std::vector<Clip> morph(MusicModel& model, MorphRequest request, const RunContext& context) {
  settle(request, model);
  const Geometry& geometry = model.geometry();
  const int hop = geometry.codec.hop_length();
  Ground ground = ground_of(model, request, Job{context.job.stop, {}});
  const double period = ground.period;
  MorphRun run(model, request, std::move(ground), context);
  const int64_t samples = nearest(static_cast<double>(request.clips) * period);
  std::vector<at::Tensor> latents;
  std::vector<at::Tensor> media;
  std::vector<int64_t> starts;
  for (int64_t i = 0; i < request.clips; ++i) {
    context.job.check();
    const double alpha = diffusion::shaped_alpha(
        static_cast<double>(i) / static_cast<double>(request.clips - 1), request.alpha_power);
    latents.push_back(run.clip(alpha, i));
    const at::Tensor decoded =
        decode_latents(model, latents.back(), false, Job{context.job.stop, {}});
    starts.push_back(start_frame(i, period, hop));
    if (i + 1 < request.clips) {
      media.push_back(decoded.narrow(-1, 0, start_frame(i + 1, period, hop) - starts.back()));
    } else {
      // Up to the frame at or after the last sample, which the clip may lack by one.
      const int64_t frames = (samples + hop - 1) / hop + 1 - starts.back();
      const int64_t missing = std::max<int64_t>(0, frames - decoded.size(-1));
      media.push_back(decoded.narrow(-1, 0, frames - missing));
      if (missing > 0) media.push_back(decoded.narrow(-1, decoded.size(-1) - missing, missing));
    }
    context.job.report("morph", i + 1, request.clips);
  }
  const at::Tensor whole = at::cat(media, -1);
  audio::MelSpectrogram mel = mel_of_media(whole, geometry, image::kDefaultMaxValue);
  constexpr double kLimitDb = 12;
  const double levelled_db = level_stretches(mel, starts, kLimitDb);

  Clip clip;
  clip.notes = run.notes();
  add_notes(clip.notes, sampling_notes(request.sampling));
  if (std::abs(levelled_db) > 1) {
    clip.notes.push_back(
        fmt::format("clips were brought to one level, by up to {:.1f} dB", levelled_db));
  }
  clip.sound = sound_of_mel(mel, geometry, samples,
                            {.iterations = static_cast<int>(request.sampling.decode_iterations),
                             .seed = seed_of(request.sampling.seed, 0)},
                            context.job);
  set_loudness(clip.sound, request.loudness, clip.notes, context.job);
  clip.picture = picture_of_media(whole, geometry, image::kDefaultMaxValue);
  clip.latents = at::cat(latents, -1);
  clip.request = request_record("morph", model, request_to_json(request));
  clip.maybe_bpm = request.length.bpm;
  clip.beats = request.length.beats(samples, geometry.codec.sample_rate);
  std::vector<Clip> clips;
  context.deliver(std::move(clip), clips);
  return clips;
}

}  // namespace riffle::pipelines
