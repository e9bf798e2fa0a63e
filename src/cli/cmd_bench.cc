// SPDX-License-Identifier: GPL-3.0-or-later
// riffle bench: how fast a model runs here, beside what this machine can do at best.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/bench_band.h"
#include "cli/bench_sound.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "core/error.h"
#include "models/riff_parts.h"
#include "models/step_cache.h"
#include "nn/kernel_times.h"
#include "nn/kernels/table.h"
#include "nn/machine_peak.h"
#include "nn/runtime.h"
#include "weights/bundle.h"
#include "weights/model_library.h"

namespace riffle::cli {
namespace {

struct Options {
  std::vector<std::string> parts;
  std::string model;
  std::string random_weights;
  bool exact = false;
  bool low_memory = false;
  int64_t batch = 0;  // 0: what suits the part
  int64_t size = 64;
  int64_t repeats = 3;
  std::string preset = "balanced";
};

using KernelTimes = std::array<nn::KernelTime, nn::kKernelKinds>;

struct Measurement {
  double best_s = 0;
  KernelTimes kernels{};  // of the best run
  double gflop() const {
    double sum = 0;
    for (const nn::KernelTime& time : kernels) sum += time.gflop;
    return sum;
  }
};

// The best of some runs, after one that is not counted.
Measurement measure(int64_t repeats, const std::function<void()>& work, Context& context,
                    std::string_view stage) {
  Measurement best;
  for (int64_t i = 0; i <= repeats; ++i) {
    context.job.report(stage, i, repeats + 1);
    nn::reset_kernel_times();
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    if (i == 0 || (i > 1 && elapsed.count() >= best.best_s)) continue;
    best = {.best_s = elapsed.count(), .kernels = nn::kernel_times()};
  }
  return best;
}

double peak_memory_gb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024e-9;
}

// One part of a model as a piece of work.
struct Subject {
  const char* what;  // "one step"
  std::string size;
  std::function<void()> work;
};

struct Part {
  const char* name;
  Subject (*prepare)(models::RiffParts& parts, const Options& options, const Job& job);
};

Subject prepare_text(models::RiffParts& parts, const Options& options, const Job& job) {
  const auto& config = parts.text_config();
  const int64_t batch = options.batch > 0 ? options.batch : 2;
  const int64_t tokens = config.max_position_embeddings;
  const at::Device device = parts.options().device;
  const at::Tensor ids =
      at::randint(config.vocab_size, {batch, tokens}, at::TensorOptions(at::kLong)).to(device);
  return {.what = "prompts to embeddings",
          .size = fmt::format("{} prompts of {} tokens", batch, tokens),
          .work = [&parts, ids, job] { parts.text_encoder(job).forward(ids, job).to(at::kCPU); }};
}

at::Tensor noise(models::RiffParts& parts, at::IntArrayRef shape) {
  const at::Device device = parts.options().device;
  return at::randn(shape).to(device, device.is_cuda() ? at::kHalf : at::kFloat);
}

// Square latents, unless the autoencoder gives them rows of its own.
int64_t latent_rows(const models::RiffParts& parts, const Options& options) {
  return parts.has_mel_autoencoder() ? parts.mel_config().latent_rows : options.size;
}

std::function<void()> unet_step(models::RiffParts& parts, const Options& options, const Job& job,
                                models::StepCache* cache) {
  const auto& config = parts.unet_config();
  const int64_t batch = options.batch > 0 ? options.batch : 2;
  const at::Tensor x =
      noise(parts, {batch, config.in_channels, latent_rows(parts, options), options.size});
  const at::Tensor context = noise(parts, {batch, 77, config.cross_attention_dim});
  const at::Tensor time = at::tensor({500.0F}).to(x.device());
  const int64_t summary_features = config.projection_class_embeddings_input_dim;
  const at::Tensor summary =
      summary_features > 0 ? noise(parts, {batch, summary_features}) : at::Tensor();
  return
      [=, &parts] { parts.unet(job).forward(x, time, context, job, cache, summary).to(at::kCPU); };
}

Subject prepare_unet(models::RiffParts& parts, const Options& options, const Job& job) {
  const int64_t rows = latent_rows(parts, options);
  return {.what = "one step",
          .size = fmt::format("{} x {} x {} latents", options.batch > 0 ? options.batch : 2, rows,
                              options.size),
          .work = unet_step(parts, options, job, nullptr)};
}

Subject prepare_vae(models::RiffParts& parts, const Options& options, const Job& job) {
  const int64_t batch = options.batch > 0 ? options.batch : 1;
  const bool mel = parts.has_mel_autoencoder();
  const int64_t rows = latent_rows(parts, options);
  const at::Tensor z = noise(parts, {batch, parts.latent_channels(), rows, options.size});
  return {.what = "latents to picture",
          .size = fmt::format("{} x {} x {} latents", batch, rows, options.size),
          .work = [&parts, z, job, mel] {
            const at::Tensor picture =
                mel ? parts.mel_autoencoder(job).decode(z, job) : parts.vae(job).decode(z, job);
            picture.to(at::kCPU);
          }};
}

// In the order in which a generation runs them. What is more than a network of a riff model, the
// codec and a whole generation, is in bench_sound.h.
constexpr std::array<Part, 3> kParts{
    {{"text", prepare_text}, {"unet", prepare_unet}, {"vae", prepare_vae}}};

OrderedJson kernels_json(const Measurement& m) {
  OrderedJson kernels = OrderedJson::object();
  for (size_t i = 0; i < m.kernels.size(); ++i) {
    const nn::KernelTime& time = m.kernels[i];
    kernels[std::string(name_of(static_cast<nn::KernelKind>(i)))] = {
        {"seconds", time.seconds}, {"share", time.seconds / m.best_s}, {"gflop", time.gflop}};
  }
  return kernels;
}

void show_kernels(const Measurement& m, Output& out) {
  double known_s = 0;
  for (size_t i = 0; i < m.kernels.size(); ++i) {
    const nn::KernelTime& time = m.kernels[i];
    if (time.seconds == 0) continue;
    known_s += time.seconds;
    const std::string rate = time.gflop > 0 ? fmt::format("{:8.1f} GFLOP {:7.1f} GFLOP/s",
                                                          time.gflop, time.gflop / time.seconds)
                                            : "";
    out.line("  {:18} {:7.3f} s {:5.1f} % {}", name_of(static_cast<nn::KernelKind>(i)),
             time.seconds, 100 * time.seconds / m.best_s, rate);
  }
  const double rest_s = m.best_s - known_s;
  out.line("  {:18} {:7.3f} s {:5.1f} %", "rest", rest_s, 100 * rest_s / m.best_s);
}

// On an accelerator the layers only ask for work: their times mean nothing there.
OrderedJson show_part(const Part& part, models::RiffParts& parts, const Options& options,
                      Context& context) {
  const Subject subject = part.prepare(parts, options, context.job);
  const bool on_cpu = parts.options().device.is_cpu();
  nn::MachinePeak peak = on_cpu ? nn::measure_machine_peak() : nn::MachinePeak{};
  const Measurement m = measure(options.repeats, subject.work, context, part.name);
  if (on_cpu) {
    const nn::MachinePeak after = nn::measure_machine_peak();
    if (after.best() > peak.best()) peak = after;
  }
  const double rate = m.gflop() / m.best_s;
  Output& out = context.out;
  out.line("{}, {}, {}: {:.3f} s", part.name, subject.what, subject.size, m.best_s);
  OrderedJson json = {{"part", part.name},  {"size", subject.size}, {"seconds", m.best_s},
                      {"gflop", m.gflop()}, {"gflops", rate},       {"repeats", options.repeats}};
  if (!on_cpu) return json;
  out.line("  {:.1f} GFLOP counted as direct sums: {:.1f} GFLOP/s, {:.0f} % of the matrix product",
           m.gflop(), rate, 100 * rate / peak.best());
  out.line("  matrix product 2048: BLAS {:.1f} GFLOP/s, own {:.1f} GFLOP/s", peak.blas_gflops,
           peak.own_gflops);
  show_kernels(m, out);
  json["peak_gflops"] = peak.best();
  json["peak_blas_gflops"] = peak.blas_gflops;
  json["peak_own_gflops"] = peak.own_gflops;
  json["ratio"] = rate / peak.best();
  json["kernels"] = kernels_json(m);
  return json;
}

// What a step costs that reuses the coarse levels (DeepCache), for each depth.
OrderedJson show_shallow_steps(double full_s, models::RiffParts& parts, const Options& options,
                               Context& context) {
  OrderedJson steps = OrderedJson::array();
  for (int64_t layers = 0; layers <= parts.unet_config().layers_per_block.front(); ++layers) {
    models::StepCache cache{.layers = layers};
    const auto work = unet_step(parts, options, context.job, &cache);
    work();
    cache.shallow = true;
    const Measurement m = measure(options.repeats, work, context, "step cache");
    context.out.line(
        "  step with cached coarse levels, {} layers: {:.3f} s, {:.0f} % of a full one", layers,
        m.best_s, 100 * m.best_s / full_s);
    steps.push_back({{"layers", layers},
                     {"seconds", m.best_s},
                     {"share", m.best_s / full_s},
                     {"gflop", m.gflop()}});
  }
  return steps;
}

bool is_band(const Options& options) { return options.random_weights == "diff-a-riff"; }

std::unique_ptr<models::RiffParts> open_parts(const Options& options, const Context& context) {
  const models::RiffModelOptions model_options{.device = nn::choose_device(context.globals.device),
                                               .exact = options.exact,
                                               .low_memory = options.low_memory};
  if (options.model.empty() == options.random_weights.empty() || is_band(options)) {
    throw Error(ErrorCode::InvalidArgument, "bench: give either --model or --random-weights",
                "for example: riffle bench unet --random-weights sd15");
  }
  if (options.model.empty()) {
    return std::make_unique<models::RiffParts>(models::RandomWeights{}, model_options);
  }
  return std::make_unique<models::RiffParts>(
      weights::open_bundle(weights::find_model(options.model)), model_options);
}

OrderedJson show_band(const Options& options, Context& context) {
  return bench_accompany({.model = options.model,
                          .random = is_band(options),
                          .exact = options.exact,
                          .low_memory = options.low_memory,
                          .repeats = options.repeats},
                         context);
}

bool wants(const Options& options, std::string_view name) {
  return std::find(options.parts.begin(), options.parts.end(), name) != options.parts.end();
}

// The networks, each by itself.
void show_networks(const Options& options, Context& context, OrderedJson& results) {
  const auto parts = open_parts(options, context);
  for (const Part& part : kParts) {
    if (!wants(options, part.name)) continue;
    results.push_back(show_part(part, *parts, options, context));
    if (std::string_view(part.name) == "unet") {
      results.back()["cached_steps"] =
          show_shallow_steps(results.back()["seconds"].get<double>(), *parts, options, context);
    }
  }
}

void run(const Options& options, Context& context) {
  const at::NoGradGuard no_grad;
  const auto isa = nn::kernels::name_of(nn::kernels::kernel_table().isa);
  context.out.line("{}, kernels: {}", nn::describe_runtime(),
                   options.exact ? "libtorch's" : fmt::format("Riffle's, {}", isa));
  OrderedJson results = OrderedJson::array();
  const bool networks = std::any_of(kParts.begin(), kParts.end(),
                                    [&](const Part& part) { return wants(options, part.name); });
  if (networks) show_networks(options, context, results);
  if (wants(options, "codec")) results.push_back(bench_codec(options.repeats, context));
  if (wants(options, "e2e")) {
    results.push_back(bench_generation({.model = options.model,
                                        .preset = options.preset,
                                        .exact = options.exact,
                                        .low_memory = options.low_memory,
                                        .repeats = options.repeats},
                                       context));
  }
  if (wants(options, "accompany")) {
    for (OrderedJson& result : show_band(options, context)) results.push_back(std::move(result));
  }
  context.out.line("memory: {:.2f} GB at most", peak_memory_gb());
  context.out.document() = {{"runtime", nn::describe_runtime()},
                            {"kernels", options.exact ? "libtorch" : std::string(isa)},
                            {"low_memory", options.low_memory},
                            {"parts", std::move(results)},
                            {"peak_memory_gb", peak_memory_gb()}};
}

}  // namespace

Action add_bench(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  std::vector<std::string> names;
  for (const Part& part : kParts) names.emplace_back(part.name);
  names.insert(names.end(), {"codec", "e2e", "accompany"});
  app.add_option("parts", options->parts,
                 "Parts to run, in one process: text, unet, vae, the codec, a whole generation, a "
                 "stem to ten seconds of music")
      ->type_name("text|unet|vae|codec|e2e|accompany")
      ->check(CLI::IsMember(names))
      ->required();
  app.add_option("--model", options->model, "Model to measure")->type_name(kFolderType);
  add_choice(
      app, "--random-weights", options->random_weights, {"sd15", "diff-a-riff"},
      "No model, but random weights in the sizes of Stable Diffusion 1.5, or of Diff-A-Riff");
  app.add_flag("--exact", options->exact, "libtorch's operators instead of Riffle's kernels");
  app.add_flag("--low-memory", options->low_memory,
               "Weights in half precision, one part in memory at a time");
  add_choice(app, "--preset", options->preset, {"fast", "balanced", "best"},
             "Quality of the whole generation");
  app.add_option("--batch", options->batch, "Items at once (default 2; vae 1)")
      ->type_name("N")
      ->check(between(1, 64));
  app.add_option("--size", options->size, "Side of the latents")
      ->type_name("N")
      ->check(between(1, 512))
      ->capture_default_str();
  app.add_option("--repeats", options->repeats, "Runs, of which the fastest counts")
      ->type_name("N")
      ->check(between(1, 100))
      ->capture_default_str();
  return [options](Context& context) { run(*options, context); };
}

}  // namespace riffle::cli
