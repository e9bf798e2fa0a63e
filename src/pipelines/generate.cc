// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/generate.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <span>

#include "audio/widen.h"
#include "core/error.h"
#include "pipelines/chroma_rows.h"
#include "pipelines/prompt_schedule.h"
#include "pipelines/render.h"

namespace riffle::pipelines {
namespace {

struct Stretch {
  int64_t samples = 0;
  int64_t columns = 0;
};

Stretch stretch_of(const GenerateRequest& request, const Geometry& geometry) {
  const int rate = geometry.codec.sample_rate;
  Stretch stretch;
  // A loop's last column is followed by its first: a window of frames is a window of hops.
  const int64_t natural =
      request.loop ? geometry.window * geometry.samples_per_column() : geometry.window_samples();
  stretch.samples = request.length.samples(rate, natural);
  stretch.columns = request.loop ? std::max<int64_t>(1, nearest(geometry.place_of(stretch.samples)))
                                 : geometry.columns_of(stretch.samples);
  return stretch;
}

// Where a clip's noise turns to. Clips of one request that vary one seed are told apart by it.
uint64_t other_seed(const GenerateRequest& request, uint64_t seed) {
  return request.variation_seed ? static_cast<uint64_t>(*request.variation_seed)
                                : seed_of(static_cast<int64_t>(seed), 1);
}

// One turn of the noise towards that of another seed.
struct Turn {
  double amount = 0;
  uint64_t seed = 0;
};

// "0.3:17, 0.1:4"
std::vector<Turn> parse_turns(const std::string& text) {
  std::vector<Turn> turns;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    Turn turn;
    const auto amount = std::from_chars(at, end, turn.amount, std::chars_format::fixed);
    const bool is_amount = amount.ec == std::errc{} && turn.amount >= 0 && turn.amount <= 1 &&
                           amount.ptr != end && *amount.ptr == ':';
    const auto seed = is_amount ? std::from_chars(amount.ptr + 1, end, turn.seed) : amount;
    if (!is_amount || seed.ec != std::errc{} || turn.seed > 0xFFFFFFFFU) {
      throw Error(ErrorCode::InvalidArgument,
                  fmt::format("varied_before: expected \"amount:seed, ...\", got \"{}\"", text));
    }
    turns.push_back(turn);
    at = seed.ptr;
    while (at != end && (*at == ',' || *at == ' ')) ++at;
  }
  return turns;
}

// The noise of the seeds, each turned as the request says.
StretchNoise turned_noise(const GenerateRequest& request, std::span<const uint64_t> seeds,
                          const Geometry& geometry, int64_t columns) {
  StretchNoise noise = noise_of(seeds, geometry, columns);
  const auto turn = [&](double amount, std::span<const uint64_t> others) {
    noise.initial =
        diffusion::slerp(amount, noise.initial, noise_of(others, geometry, columns).initial);
  };
  for (const Turn& before : parse_turns(request.varied_before)) {
    turn(before.amount, std::vector<uint64_t>(seeds.size(), before.seed));
  }
  if (request.variation > 0) {
    std::vector<uint64_t> others;
    for (const uint64_t seed : seeds) others.push_back(other_seed(request, seed));
    turn(request.variation, others);
  }
  return noise;
}

std::vector<std::string> length_notes(const Stretch& stretch, const Geometry& geometry) {
  if (stretch.columns <= geometry.window) return {};
  return {fmt::format("longer than the model's {:.1f} s: made in overlapping windows",
                      geometry.window_s())};
}

}  // namespace

void GenerateRequest::visit(FieldVisitor& v) {
  v.field(prompt, {.name = "prompt",
                   .help = "What it sounds like; or over time: \"0s: piano; 20s: add drums\"",
                   .required = true,
                   .place = 1});
  length.visit(v);
  visit_chords(v, chords);
  v.field(loop, {.name = "loop", .help = "The end goes on into the beginning without a click"});
  v.field(count, {.name = "count",
                  .help = "How many clips, with seeds one apart",
                  .minimum = 1,
                  .maximum = 1000});
  v.field(batch, {.name = "batch",
                  .help = "How many of them to compute at once; takes more memory",
                  .minimum = 1,
                  .maximum = 64,
                  .advanced = true});
  v.field(loudness, {.name = "loudness",
                     .help = "Loudness of the result (EBU R128)",
                     .unit = "LUFS",
                     .minimum = -60,
                     .maximum = 0});
  v.field(stereo, {.name = "stereo",
                   .help = "How far the two channels differ; 0 is mono",
                   .minimum = 0,
                   .maximum = 1});
  v.field(variation, {.name = "variation",
                      .help = "How far the noise turns towards another seed's: vary's amount",
                      .minimum = 0,
                      .maximum = 1,
                      .advanced = true});
  v.field(variation_seed, {.name = "variation_seed",
                           .help = "That other seed",
                           .minimum = 0,
                           .maximum = 4294967295.0,
                           .absent = "the seed after this one",
                           .advanced = true});
  v.field(varied_before, {.name = "varied_before",
                          .help = "Turns of the noise before that one, as vary writes them",
                          .absent = "none",
                          .advanced = true});
  sampling.visit(v);
}

void GenerateRequest::check() const {
  constexpr int kRate = 48000;  // of no piece: what is read is not kept
  length.check();
  parse_prompt_schedule(prompt, length, kRate);
  chords_of_field(chords);  // the prompt may say the tempo
  parse_turns(varied_before);
}

std::string variations_of(const GenerateRequest& request) {
  if (request.variation <= 0) return request.varied_before;
  const uint64_t seed = other_seed(request, static_cast<uint64_t>(request.sampling.seed));
  return fmt::format("{}{}{:.17g}:{}", request.varied_before,
                     request.varied_before.empty() ? "" : ", ", request.variation, seed);
}

std::vector<Clip> generate(MusicModel& model, GenerateRequest request, const RunContext& context) {
  settle(request.sampling, model);
  const Geometry& geometry = model.geometry();
  const Stretch stretch = stretch_of(request, geometry);
  const auto prompts =
      parse_prompt_schedule(request.prompt, request.length, geometry.codec.sample_rate);
  diffusion::SampleOptions options = sample_options(request.sampling, geometry, request.loop);
  const diffusion::WindowPlan plan(stretch.columns, options.windows);
  const int64_t beats = request.length.beats(stretch.samples, geometry.codec.sample_rate);
  const SteeredWindows steered = steer(model, prompts, request.sampling.negative_prompt, plan,
                                       PieceBeats{.bpm = request.length.bpm,
                                                  .beats_per_bar = request.length.beats_per_bar,
                                                  .whole_beats = request.loop ? beats : 0,
                                                  .chords = chords_of_field(request.chords)},
                                       context.job);

  std::vector<Clip> clips;
  for (int64_t first = 0; first < request.count; first += request.batch) {
    std::vector<uint64_t> seeds;
    for (int64_t i = first; i < std::min(first + request.batch, request.count); ++i) {
      seeds.push_back(seed_of(request.sampling.seed, i));
    }
    ChosenScheduler chosen = choose_scheduler(request.sampling, model);
    const StretchNoise noise = turned_noise(request, seeds, geometry, stretch.columns);
    options.noise = noise.source.get();
    const at::Tensor latents =
        run_sampler(model, chosen, chosen.scheduler->init_noise_sigma() * noise.initial,
                    steered.prompts, options, context);
    for (size_t i = 0; i < seeds.size(); ++i) {
      Clip clip;
      clip.latents = latents.narrow(0, static_cast<int64_t>(i), 1);
      Rendered rendered =
          render(model, clip.latents,
                 {.samples = stretch.samples,
                  .circular = request.loop,
                  .iterations = static_cast<int>(request.sampling.decode_iterations),
                  .seed = seeds[i]},
                 context.job);
      clip.sound = std::move(rendered.sound);
      clip.picture = std::move(rendered.picture);
      clip.notes = length_notes(stretch, geometry);
      add_notes(clip.notes, steered.notes);
      add_notes(clip.notes, sampling_notes(request.sampling));
      if (request.stereo > 0 && clip.sound.channels() == 1) {
        clip.sound = audio::widened(clip.sound, request.stereo, request.loop);
        // They are those of one channel: what goes on from the clip has to encode both.
        clip.latents = at::Tensor();
      }
      set_loudness(clip.sound, request.loudness, clip.notes, context.job, request.loop);
      GenerateRequest own = request;
      own.sampling.seed = static_cast<int64_t>(seeds[i]);
      own.count = 1;
      clip.request = request_record("generate", model, request_to_json(own));
      clip.maybe_bpm = request.length.bpm;
      clip.beats = beats;
      clip.loop = request.loop;
      context.deliver(std::move(clip), clips);
    }
  }
  return clips;
}

}  // namespace riffle::pipelines
