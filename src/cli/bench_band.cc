// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/bench_band.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cli/bench_sound.h"
#include "cli/model_options.h"
#include "cli/stage_clock.h"
#include "core/error.h"
#include "models/edm_denoiser.h"
#include "nn/layer.h"
#include "pipelines/band_model.h"
#include "pipelines/play.h"

namespace riffle::cli {
namespace {

constexpr double kSeconds = 10;

ModelOptions model_options(const BenchBand& options) {
  return {.model = options.model,
          .loras = {},
          .exact = options.exact,
          .low_memory = options.low_memory};
}

struct Shares {
  double encode_s = 0;
  double diffuse_s = 0;
  double choose_s = 0;
  double decode_s = 0;
  double total_s() const { return encode_s + diffuse_s + choose_s + decode_s; }
};

// One stem to `music`, in mono or stereo.
Shares play_once(pipelines::BandModel& model, const audio::Waveform& music, double stereo,
                 const Job& job) {
  Shares shares;
  auto start = BenchClock::now();
  pipelines::BandSampling sampling{.seed = 1};
  pipelines::settle(sampling, model);
  const pipelines::BandShape shape{.stereo = stereo};
  const int64_t samples = music.frames();
  pipelines::BandPiece piece{.samples = samples, .seed = 1, .best_of = model.defaults().best_of};
  piece.context = pipelines::context_of_sound(model, music, shape, Job{job.stop, {}});
  // A wish, as those who play along mostly have one: here to sound like the music.
  if (model.reads_style()) {
    piece.style = pipelines::style_of_sound(model, music, Job{job.stop, {}});
  }
  shares.encode_s = seconds_since(start);
  StageClock clock;
  clock.start();
  start = BenchClock::now();
  const pipelines::RunContext run{
      .job = {job.stop, [&](const Progress& progress) { clock.report(progress.stage); }}};
  pipelines::play(model, piece, shape, sampling, run);
  const double played_s = seconds_since(start);
  for (const auto& [stage, seconds] : clock.stages()) {
    if (stage == "diffuse") shares.diffuse_s += seconds;
    if (stage == "choose") shares.choose_s += seconds;
  }
  shares.decode_s = played_s - shares.diffuse_s - shares.choose_s;
  return shares;
}

OrderedJson show(const Shares& shares, const char* what, Output& out) {
  out.line("accompany, {:.0f} s of stem in {}: {:.3f} s, {:.2f} x real time", kSeconds, what,
           shares.total_s(), kSeconds / shares.total_s());
  OrderedJson json = {{"part", "accompany"},
                      {"channels", what},
                      {"sound_s", kSeconds},
                      {"seconds", shares.total_s()},
                      {"real_time", kSeconds / shares.total_s()}};
  for (const auto& [stage, seconds] : {std::pair<const char*, double>{"encode", shares.encode_s},
                                       {"diffuse", shares.diffuse_s},
                                       {"choose", shares.choose_s},
                                       {"decode", shares.decode_s}}) {
    out.line("  {:12} {:7.3f} s {:5.1f} %", stage, seconds, 100 * seconds / shares.total_s());
    json["stages"][stage] = seconds;
  }
  return json;
}

OrderedJson bench_model(const BenchBand& options, Context& context) {
  const auto opened =
      model_options(options).open(pipelines::ModelKind::Band, context.globals, context.job);
  auto* model = dynamic_cast<pipelines::BandModel*>(opened.get());
  if (model == nullptr) {
    throw Error(
        ErrorCode::InvalidArgument,
        fmt::format("bench accompany needs a band model, and {} is a riff model", opened->name()),
        "name a band model with --model, for example riffle-band");
  }
  const audio::Waveform music = bench_notes(kSeconds, model->codec().sample_rate());
  OrderedJson results = OrderedJson::array();
  for (const double stereo : {0.0, model->defaults().stereo}) {
    Shares best;
    for (int64_t i = 0; i <= options.repeats; ++i) {
      context.job.report("accompany", i, options.repeats + 1);
      const Shares shares = play_once(*model, music, stereo, context.job);
      if (i == 0 || (i > 1 && shares.total_s() >= best.total_s())) continue;
      best = shares;
    }
    results.push_back(show(best, stereo == 0 ? "mono" : "stereo", context.out));
  }
  return results;
}

// The network alone: there is no autoencoder of that size here.
OrderedJson bench_random(const BenchBand& options, Context& context) {
  const models::UNet1DConfig config = models::UNet1DConfig::full();
  const models::RiffModelOptions compute = model_options(options).compute_options(context.globals);
  auto network = std::make_shared<models::UNet1D>(config);
  if (compute.device.is_cpu() && !compute.exact) {
    nn::reset_and_pack(*network, 1, {.half_storage = compute.low_memory});
  } else {
    nn::reset_parameters(*network, 1);
    network->to(compute.device);
  }
  // Both sides of the guidance.
  constexpr int64_t kBatch = 2;
  const auto draw = [&](at::IntArrayRef shape) { return at::randn(shape).to(compute.device); };
  const at::Tensor x = draw({kBatch, config.in_channels, config.columns});
  const at::Tensor flags = at::ones({kBatch}).to(compute.device);
  const models::UNet1DConditions conditions{
      .context = draw({kBatch, config.context_channels, config.columns}),
      .present = flags,
      .style = draw({kBatch, config.embedding_dim}),
      .has_style = flags};
  const at::Tensor sigma = at::full({kBatch}, 1.0).to(compute.device);
  double best_s = 0;
  for (int64_t i = 0; i <= options.repeats; ++i) {
    context.job.report("accompany", i, options.repeats + 1);
    const auto start = BenchClock::now();
    models::edm_denoise(*network, x, sigma, conditions, false, Job{context.job.stop, {}})
        .to(at::kCPU);
    const double passed_s = seconds_since(start);
    if (i == 0 || (i > 1 && passed_s >= best_s)) continue;
    best_s = passed_s;
  }
  const double gflop = 2e-9 * static_cast<double>(kBatch) * config.multiplications(config.columns);
  Output& out = context.out;
  out.line(
      "accompany, {:.1f} M parameters with random weights: {:.3f} s for two predictions of {} "
      "columns, {:.1f} GFLOP/s",
      1e-6 * static_cast<double>(config.parameters()), best_s, config.columns, gflop / best_s);
  out.line(
      "  diffusion of 30 steps: {:.2f} s with dpmpp_2m, {:.2f} s with heun; stereo {:.2f} s "
      "and {:.2f} s",
      30 * best_s, 59 * best_s, 42 * best_s, 82 * best_s);
  return {{{"part", "accompany"},
           {"parameters", config.parameters()},
           {"columns", config.columns},
           {"seconds", best_s},
           {"gflop", gflop},
           {"gflops", gflop / best_s},
           {"dpmpp_2m_30_s", 30 * best_s},
           {"heun_30_s", 59 * best_s}}};
}

}  // namespace

OrderedJson bench_accompany(const BenchBand& options, Context& context) {
  const at::NoGradGuard no_grad;
  return options.random ? bench_random(options, context) : bench_model(options, context);
}

}  // namespace riffle::cli
