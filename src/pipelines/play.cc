// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/play.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "audio/downmix.h"
#include "audio/loudness.h"
#include "audio/spectrogram_encoder.h"
#include "core/error.h"
#include "diffusion/sampler.h"
#include "pipelines/best_take.h"
#include "pipelines/chroma_rows.h"
#include "pipelines/render.h"
#include "pipelines/sound_file.h"

namespace riffle::pipelines {
namespace {

// Of the mixes and stems of a synthetic corpus nine of ten lie between these, in LUFS.
constexpr double kQuietest = -32;
constexpr double kLoudest = -15;
// The left channel's noise is another seed's.
constexpr int64_t kLeftSeed = 0x5EED;
// So are other takes', far from those of clips, whose seeds are one apart.
constexpr int64_t kTakeSeed = 0x1F35'7BD1;
// Of the phase search, for a take that is only compared.
constexpr int64_t kIterationsToCompare = 4;

int64_t columns_of(BandModel& model, int64_t samples, const BandShape& shape) {
  StemCodec& codec = model.codec();
  if (shape.loop == 0) return codec.columns_of(samples);
  return shape.loop * codec.columns_of_loop(samples / shape.loop);
}

class Player {
 public:
  Player(BandModel& model, const BandPiece& piece, const BandShape& shape,
         const BandSampling& sampling, const RunContext& context)
      : model_(model),
        piece_(piece),
        shape_(shape),
        sampling_(sampling),
        context_(context),
        stereo_(shape.stereo.value_or(model.defaults().stereo)),
        columns_(columns_of(model, piece.samples, shape)),
        denoiser_(model, guidance_of(sampling)) {
    geometry_.latent_channels = model.config().in_channels;
    geometry_.rows = 1;
    geometry_.window = model.window();
    options_.guidance.scale = 1;  // it happens in the denoiser
    options_.windows = {
        .window = geometry_.window, .overlap = geometry_.window / 4, .circular = shape.loop > 0};
    if (shape.loop > 1) {
      options_.tiling = diffusion::Tiling{.repeats = shape.loop, .strength = shape.loop_strength};
    }
    if (piece.known.defined()) known_ = unit(piece.known);
    steer();
  }

  // So many takes, [takes, C, 1, columns].
  at::Tensor first(int64_t takes) {
    if (piece_.strength == 0) return tiled(known_);
    std::vector<uint64_t> seeds;
    for (int64_t i = 0; i < takes; ++i) {
      seeds.push_back(seed_of(static_cast<int64_t>(piece_.seed), i * kTakeSeed));
    }
    work_ = piece_.strength * static_cast<double>(takes);
    return run(known_, piece_.strength, seeds,
               part_of_job(context_.job, 0, work_, work_ + stereo_));
  }
  // Another take that keeps something of the first.
  at::Tensor varied(const at::Tensor& latents) {
    const uint64_t seed = seed_of(static_cast<int64_t>(piece_.seed), kLeftSeed);
    return run(latents, stereo_, std::span(&seed, 1),
               part_of_job(context_.job, work_, stereo_, work_ + stereo_));
  }
  double stereo() const { return stereo_; }
  at::Tensor of_codec(const at::Tensor& latents) {
    return model_.denormalised(latents / model_.config().sigma_data, context_.job);
  }

 private:
  at::Tensor unit(const at::Tensor& latents) {
    if (latents.size(1) != columns_) {
      throw Error(ErrorCode::Internal, fmt::format("{} columns of latents for a piece of {}",
                                                   latents.size(1), columns_));
    }
    return model_.normalised(latents, context_.job) * model_.config().sigma_data;
  }

  at::Tensor tiled(const at::Tensor& latents) const {
    if (!options_.tiling || options_.tiling->strength == 0) return latents;
    const int64_t repeats = options_.tiling->repeats;
    return latents.narrow(-1, 0, columns_ / repeats).repeat({1, 1, 1, repeats});
  }

  // One prompt a window: what is heard there of the other music.
  void steer() {
    models::Conditioning whole{.summary = piece_.style};
    if (piece_.context.latents.defined()) {
      whole.context = unit(piece_.context.latents) / model_.config().sigma_data;
    }
    if (model_.follows_chroma()) whole.chroma = piece_.context.chroma;
    const bool alike = !whole.context.defined() && !whole.chroma.defined();
    const diffusion::WindowPlan plan(columns_, options_.windows);
    for (int64_t k = 0; k < (alike ? 1 : plan.count()); ++k) {
      models::Conditioning own = whole;
      if (whole.context.defined()) own.context = plan.slice(whole.context, k);
      if (whole.chroma.defined()) own.chroma = plan.slice(whole.chroma, k);
      prompts_.push_back({own, {}});
    }
  }

  // From noise, or from latents covered with a share of it.
  at::Tensor run(const at::Tensor& from, double strength, std::span<const uint64_t> seeds,
                 const Job& job) {
    const ChosenScheduler chosen = choose_scheduler(sampling_, model_);
    const StretchNoise noise = noise_of(seeds, geometry_, columns_);
    diffusion::SampleOptions options = options_;
    options.noise = noise.source.get();
    const at::Tensor start = tiled(noise.initial);
    at::Tensor latents = chosen.scheduler->init_noise_sigma() * start;
    if (strength < 1) latents = start_from(*chosen.scheduler, {from, start}, strength);
    if (piece_.mask.defined()) {
      options.keep = diffusion::KeptPart{piece_.mask, {known_, start}};
    }
    return diffusion::sample(denoiser_, *chosen.scheduler, latents, prompts_, options, job);
  }

  BandModel& model_;
  const BandPiece& piece_;
  const BandShape& shape_;
  const BandSampling& sampling_;
  const RunContext& context_;
  double stereo_;
  double work_ = 0;  // of the first channel, beside which the other's is its strength
  int64_t columns_;
  BandDenoiser denoiser_;
  Geometry geometry_;
  diffusion::SampleOptions options_;
  at::Tensor known_;
  std::vector<diffusion::GuidedPrompt> prompts_;
};

// One channel. Equal repetitions are decoded once.
std::vector<float> decoded(BandModel& model, const at::Tensor& latents, const BandPiece& piece,
                           const BandShape& shape, int64_t iterations, const Job& job) {
  const StemDecodeOptions options{
      .seed = piece.seed, .circular = shape.loop > 0, .iterations = static_cast<int>(iterations)};
  if (shape.loop <= 1 || shape.loop_strength < 1) {
    return model.codec().decode(latents, piece.samples, options, job).samples[0];
  }
  const int64_t period = std::max<int64_t>(1, piece.samples / shape.loop);
  const at::Tensor once = latents.narrow(1, 0, latents.size(1) / shape.loop);
  std::vector<float> samples = model.codec().decode(once, period, options, job).samples[0];
  samples.reserve(static_cast<size_t>(piece.samples));
  for (int64_t i = period; i < piece.samples; ++i) {
    samples.push_back(samples[static_cast<size_t>(i - period)]);
  }
  return samples;
}

int64_t takes_of(const BandModel& model, const BandPiece& piece) {
  return !piece.known.defined() && has_choice(model, piece) ? piece.best_of : 1;
}

// The place of the take that fits best.
int64_t best_of(BandModel& model, Player& player, const at::Tensor& takes, const BandPiece& piece,
                const BandShape& shape, const Job& job) {
  const Job quiet{job.stop, {}};
  int64_t best = 0;
  double best_fit = 0;
  for (int64_t i = 0; i < takes.size(0); ++i) {
    job.check();
    const at::Tensor latents = player.of_codec(takes.narrow(0, i, 1));
    const audio::Waveform mono{
        model.codec().sample_rate(),
        {decoded(model, latents, piece, shape, kIterationsToCompare, quiet)}};
    const double fit = fit_of_take(model, mono, piece, shape, quiet);
    if (i == 0 || fit > best_fit) {
      best = i;
      best_fit = fit;
    }
    job.report("choose", i + 1, takes.size(0));
  }
  return best;
}

}  // namespace

void BandShape::visit(FieldVisitor& v) {
  v.field(loop, {.name = "loop",
                 .help = "The end goes on into the beginning, in so many repetitions; 0: no loop",
                 .minimum = 0,
                 .maximum = 64});
  v.field(loop_strength, {.name = "loop_strength",
                          .help = "1: the repetitions are equal; below they vary",
                          .minimum = 0,
                          .maximum = 1});
  v.field(stereo, {.name = "stereo",
                   .help = "How far the two channels differ; 0 is mono",
                   .minimum = 0,
                   .maximum = 1,
                   .absent = "the model's, usually 0.4"});
}

void settle(BandShape& shape, const BandModel& model) {
  if (!shape.stereo) shape.stereo = model.defaults().stereo;
}

at::Tensor latents_of_stem(BandModel& model, const audio::Waveform& mono, const BandShape& shape,
                           const Job& job) {
  StemCodec& codec = model.codec();
  if (shape.loop == 0) return codec.encode(mono, job);
  // Repetition by repetition: each has as many columns.
  const int64_t period = std::max<int64_t>(1, mono.frames() / shape.loop);
  const int64_t columns = codec.columns_of_loop(period);
  const at::Tensor whole = codec.encode_loop(mono, job);
  if (whole.size(1) == columns * shape.loop) return whole;
  std::vector<at::Tensor> parts;
  for (int64_t k = 0; k < shape.loop; ++k) {
    parts.push_back(codec.encode_loop(part_of(mono, k * period, (k + 1) * period), job));
  }
  return at::cat(parts, 1);
}

BandContext context_of_sound(BandModel& model, const audio::Waveform& mono, const BandShape& shape,
                             const Job& job) {
  if (!model.hears_context()) {
    throw Error(ErrorCode::Unsupported, model.name() + " hears no other music: it plays alone",
                "choose another model with --model");
  }
  BandContext context{.latents = latents_of_stem(model, mono, shape, job)};
  if (!model.follows_chroma()) return context;
  const int64_t columns = context.latents.size(1);
  context.chroma =
      heard_chroma_rows(mono, column_seconds(model, mono, columns, shape), columns, job);
  return context;
}

double column_seconds(BandModel& model, const audio::Waveform& mono, int64_t columns,
                      const BandShape& shape) {
  if (shape.loop > 0) return mono.duration_s() / static_cast<double>(columns);
  return static_cast<double>(model.codec().samples_per_column()) / model.codec().sample_rate();
}

at::Tensor chroma_of_chords(BandModel& model, const std::string& chords, std::optional<double> bpm,
                            int64_t beats_per_bar, int64_t samples, const BandShape& shape,
                            std::vector<std::string>& notes) {
  const std::vector<text::ChordSpan> spans = chords_of_field(chords, bpm);
  if (spans.empty()) return {};
  if (!model.follows_chroma()) {
    notes.emplace_back(kChordsUnheard);
    return {};
  }
  const int64_t columns = columns_of(model, samples, shape);
  const double samples_per_bar =
      60.0 * model.codec().sample_rate() / *bpm * static_cast<double>(beats_per_bar);
  const double columns_per_bar =
      samples_per_bar / static_cast<double>(samples) * static_cast<double>(columns);
  return chroma_rows(spans, columns_per_bar, 0, columns);
}

PlayedStem play(BandModel& model, const BandPiece& piece, const BandShape& shape,
                const BandSampling& sampling, const RunContext& context) {
  const at::NoGradGuard no_grad;
  Player player(model, piece, shape, sampling, context);
  const int64_t takes = takes_of(model, piece);
  std::vector<at::Tensor> channels = {player.first(takes)};
  PlayedStem stem;
  if (takes > 1) {
    const int64_t best = best_of(model, player, channels[0], piece, shape, context.job);
    channels[0] = channels[0].narrow(0, best, 1);
    stem.notes.push_back(fmt::format("take {} of {} was kept: it fits best", best + 1, takes));
  }
  if (player.stereo() > 0) channels.push_back(player.varied(channels[0]));
  stem.sound.sample_rate = model.codec().sample_rate();
  for (at::Tensor& channel : channels) {
    channel = player.of_codec(channel);
    stem.sound.samples.push_back(
        decoded(model, channel, piece, shape, sampling.decode_iterations, context.job));
  }
  // The first one made is the right one.
  if (channels.size() == 2) {
    std::swap(channels[0], channels[1]);
    std::swap(stem.sound.samples[0], stem.sound.samples[1]);
  }
  stem.latents = at::stack(channels).unsqueeze(2);
  return stem;
}

void change_level(audio::Waveform& sound, double gain_db) {
  if (gain_db == 0) return;
  const auto gain = static_cast<float>(std::pow(10, gain_db / 20));
  for (auto& channel : sound.samples) {
    for (float& sample : channel) sample *= gain;
  }
}

double listening_gain_db(const audio::Waveform& sound) {
  const audio::Loudness loudness = audio::measure_loudness(sound);
  if (loudness.silent()) return 0;
  return std::clamp(loudness.integrated_lufs, kQuietest, kLoudest) - loudness.integrated_lufs;
}

audio::Waveform heard(BandModel& model, const audio::Waveform& sound, int64_t samples,
                      double gain_db, const Job& job) {
  audio::Waveform mono = at_rate(audio::mix_channels(sound, audio::kUnknownLayout, 1),
                                 model.codec().sample_rate(), samples, job);
  change_level(mono, gain_db);
  return mono;
}

audio::Waveform given_back(const audio::Waveform& sound, int sample_rate, int64_t frames,
                           double gain_db, const Job& job) {
  audio::Waveform result = at_rate(sound, sample_rate, frames, job);
  change_level(result, -gain_db);
  return result;
}

audio::Waveform mixed_sound(const audio::Waveform& a, const audio::Waveform& b) {
  const int channels = std::max(a.channels(), b.channels());
  audio::Waveform sum = audio::mix_channels(a, audio::kUnknownLayout, channels);
  const audio::Waveform other = audio::mix_channels(b, audio::kUnknownLayout, channels);
  const int64_t frames = std::min(a.frames(), b.frames());
  for (size_t c = 0; c < sum.samples.size(); ++c) {
    for (int64_t i = 0; i < frames; ++i) {
      sum.samples[c][static_cast<size_t>(i)] += other.samples[c][static_cast<size_t>(i)];
    }
  }
  return sum;
}

image::Picture picture_of_sound(const audio::Waveform& sound, const Job& job) {
  const audio::SpectrogramParams params{.sample_rate = sound.sample_rate,
                                        .step_size_ms = 20,
                                        .window_duration_ms = 80,
                                        .padded_duration_ms = 160,
                                        .num_frequencies = 256,
                                        .min_frequency = 20,
                                        .max_frequency = std::min(16000, sound.sample_rate / 2)};
  const audio::Waveform mono = audio::mix_channels(sound, audio::kUnknownLayout, 1);
  const Job inner{job.stop, {}};
  return image::picture_from_mel(audio::encode_spectrogram(mono, params, inner), params, {}, inner);
}

}  // namespace riffle::pipelines
