// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/inspect_model.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "audio/spectrogram_json.h"
#include "core/error.h"
#include "models/autoencoder_kl.h"
#include "models/clap_model.h"
#include "models/clip_text_model.h"
#include "models/consistency_autoencoder.h"
#include "models/load_module.h"
#include "models/mel_autoencoder.h"
#include "models/unet_1d.h"
#include "models/unet_2d_condition_model.h"
#include "pipelines/model.h"
#include "pipelines/registry.h"
#include "weights/bundle.h"
#include "weights/ldm_names.h"
#include "weights/lora.h"
#include "weights/open_weights.h"

namespace riffle::cli {
namespace {

namespace fs = std::filesystem;
using weights::TensorInfo;

// The networks of riff and band models, by their names in a bundle.
constexpr std::array<const char*, 5> kNetworks{"text_encoder", "unet", "vae", "clap",
                                               "autoencoder"};

// Settings worth a line, of whichever part has them.
constexpr std::array<const char*, 21> kSettings{
    "sample_size",        "in_channels",         "out_channels",
    "latent_channels",    "block_out_channels",  "cross_attention_dim",
    "attention_head_dim", "scaling_factor",      "hidden_size",
    "num_hidden_layers",  "num_attention_heads", "num_train_timesteps",
    "beta_schedule",      "prediction_type",     "context_channels",
    "embedding_dim",      "projection_dim",      "columns",
    "sigma_data",         "sigma_min",           "sigma_max"};

template <class Value>
void line(Output& out, std::string_view name, const Value& value) {
  out.line("  {:<13} {}", name, value);
}

std::string count_text(int64_t count) {
  if (count >= 1'000'000) return fmt::format("{:.1f} M", static_cast<double>(count) * 1e-6);
  return fmt::format("{}", count);
}

struct Census {
  int64_t tensors = 0;
  int64_t parameters = 0;
  int64_t bytes = 0;
  std::map<std::string, int64_t> elements;  // by type

  std::string line() const {
    std::vector<std::string> types;
    for (const auto& [type, count] : elements) types.push_back(type);
    return fmt::format("{} parameters in {} tensors, {}, {}", count_text(parameters), tensors,
                       fmt::join(types, " and "), size_text(bytes));
  }
  OrderedJson json() const {
    return {
        {"tensors", tensors}, {"parameters", parameters}, {"bytes", bytes}, {"dtypes", elements}};
  }
};

Census count(const weights::TensorSource& source) {
  Census census;
  for (const TensorInfo& info : source.tensors()) {
    ++census.tensors;
    census.parameters += info.elements();
    census.bytes += info.bytes();
    census.elements[std::string(weights::name_of(info.dtype))] += info.elements();
  }
  return census;
}

void list_tensors(const weights::TensorSource& source, OrderedJson& json, Context& context) {
  json["list"] = OrderedJson::array();
  for (const TensorInfo& info : source.tensors()) {
    context.out.line("    {:<4} {:<20} {}", weights::name_of(info.dtype),
                     weights::shape_text(info.shape), info.name);
    json["list"].push_back(
        {{"name", info.name}, {"dtype", weights::name_of(info.dtype)}, {"shape", info.shape}});
  }
}

OrderedJson settings_of(const Json& config) {
  OrderedJson settings = OrderedJson::object();
  for (const char* key : kSettings) {
    if (config.contains(key) && !config[key].is_null()) settings[key] = config[key];
  }
  return settings;
}

std::string settings_line(const OrderedJson& settings) {
  std::vector<std::string> items;
  for (const auto& [key, value] : settings.items()) {
    items.push_back(
        fmt::format("{} {}", key, value.is_string() ? value.get<std::string>() : value.dump()));
  }
  return fmt::format("{}", fmt::join(items, ", "));
}

OrderedJson show_part(const weights::Bundle& bundle, const std::string& part,
                      const InspectOptions& options, Context& context) {
  OrderedJson json = {{"class", bundle.class_of(part)}};
  const bool is_network = std::find(kNetworks.begin(), kNetworks.end(), part) != kNetworks.end();
  line(context.out, part, bundle.class_of(part));
  if (part == "tokenizer") {
    json["folder"] = bundle.tokenizer_folder().string();
    return json;
  }
  if (!is_network && part != "scheduler") {
    json["used"] = false;
    line(context.out, "", "not used by Riffle");
    return json;
  }
  json["config"] = settings_of(bundle.config(part));
  if (is_network) {
    const auto source = bundle.tensors(part);
    const Census census = count(*source);
    json["file"] = source->where();
    json.update(census.json());
    line(context.out, "", census.line());
    if (options.tensors) list_tensors(*source, json, context);
  }
  line(context.out, "", settings_line(json["config"]));
  return json;
}

// A part that cannot be read does not keep the others from being shown.
OrderedJson show_parts(const weights::Bundle& bundle, const InspectOptions& options,
                       Context& context) {
  OrderedJson parts = OrderedJson::object();
  for (const std::string& part : bundle.parts()) {
    try {
      parts[part] = show_part(bundle, part, options, context);
    } catch (const Error& e) {
      if (e.code() == ErrorCode::Cancelled) throw;
      line(context.out, "", fmt::format("unusable: {}", e.message()));
      parts[part] = {{"class", bundle.class_of(part)}, {"error", e.message()}};
    }
  }
  return parts;
}

OrderedJson codec_of(const weights::Bundle& bundle, Output& out) {
  OrderedJson codec = audio::to_json({});
  const Json own = bundle.spectrogram();
  for (const auto& [key, value] : own.items()) codec[key] = value;
  line(out, "codec", own.empty() ? "Riffusion's (no spectrogram.json)" : "spectrogram.json");
  line(out, "",
       fmt::format("{} Hz, {} rows from {} to {} Hz, a column every {} ms",
                   codec["sample_rate"].dump(), codec["num_frequencies"].dump(),
                   codec["min_frequency"].dump(), codec["max_frequency"].dump(),
                   codec["step_size_ms"].dump()));
  return codec;
}

// What a model cannot do without.
std::vector<const char*> needed_parts(const weights::Bundle& bundle) {
  if (pipelines::kind_of(bundle) == pipelines::ModelKind::Riff) {
    return {"scheduler", "text_encoder", "tokenizer", "unet", "vae"};
  }
  return {"scheduler", "unet", bundle.has("autoencoder") ? "autoencoder" : "vae"};
}

// The commands a model is good for: all those of its family, when it is whole.
OrderedJson pipelines_of(const weights::Bundle& bundle, const OrderedJson& parts, Output& out) {
  std::vector<std::string> missing;
  for (const char* part : needed_parts(bundle)) {
    if (!bundle.has(part) || parts.at(part).contains("error")) missing.emplace_back(part);
  }
  std::vector<std::string> names;
  for (const pipelines::PipelineEntry& entry : pipelines::pipeline_table()) {
    if (entry.kind == pipelines::kind_of(bundle)) names.emplace_back(entry.name);
  }
  line(out, "good for",
       missing.empty() ? fmt::format("{}", fmt::join(names, ", "))
                       : fmt::format("nothing yet: without a usable {}", fmt::join(missing, ", ")));
  return missing.empty() ? OrderedJson(names) : OrderedJson::array();
}

template <class Model, class Config>
std::shared_ptr<torch::nn::Module> load_network(const weights::Bundle& bundle, const char* part,
                                                OrderedJson& reports, Context& context) {
  const auto model = std::make_shared<Model>(
      Config::from_json(bundle.config(part), (bundle.path() / part / "config.json").string()));
  const auto report =
      models::load_module(*model, *bundle.tensors(part), {}, in_megabytes(context.job));
  context.out.line("  {}", report.line());
  reports[part] = {{"matched", report.matched}, {"unexpected", report.unexpected}};
  return model;
}

using Networks = std::vector<std::shared_ptr<torch::nn::Module>>;

Networks load_riff(const weights::Bundle& bundle, OrderedJson& reports, Context& context) {
  return {load_network<models::ClipTextModel, models::ClipTextConfig>(bundle, "text_encoder",
                                                                      reports, context),
          load_network<models::UNet2DConditionModel, models::UNet2DConditionConfig>(
              bundle, "unet", reports, context),
          models::MelAutoencoderConfig::describes(bundle.config("vae"))
              ? load_network<models::MelAutoencoder, models::MelAutoencoderConfig>(bundle, "vae",
                                                                                   reports, context)
              : load_network<models::AutoencoderKL, models::AutoencoderKLConfig>(bundle, "vae",
                                                                                 reports, context)};
}

Networks load_band(const weights::Bundle& bundle, OrderedJson& reports, Context& context) {
  Networks networks = {
      load_network<models::UNet1D, models::UNet1DConfig>(bundle, "unet", reports, context),
      bundle.has("autoencoder")
          ? load_network<models::ConsistencyAutoencoder, models::ConsistencyConfig>(
                bundle, "autoencoder", reports, context)
          : load_network<models::MelAutoencoder, models::MelAutoencoderConfig>(bundle, "vae",
                                                                               reports, context)};
  if (bundle.has("clap")) {
    networks.push_back(
        load_network<models::ClapModel, models::ClapConfig>(bundle, "clap", reports, context));
  }
  return networks;
}

// All networks at once in float32, as a run would hold them that computes with libtorch's own
// operators.
OrderedJson load_networks(const weights::Bundle& bundle, Context& context) {
  OrderedJson reports = OrderedJson::object();
  const bool band = pipelines::kind_of(bundle) == pipelines::ModelKind::Band;
  const auto networks =
      band ? load_band(bundle, reports, context) : load_riff(bundle, reports, context);
  int64_t bytes = 0;
  for (const auto& network : networks) {
    for (const auto& parameter : network->parameters())
      bytes += static_cast<int64_t>(parameter.nbytes());
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const int64_t peak = int64_t{usage.ru_maxrss} * 1024;
  line(context.out, "loaded",
       fmt::format("{} of weights; the program's peak is {}", size_text(bytes), size_text(peak)));
  return {{"networks", reports}, {"bytes", bytes}, {"peak_bytes", peak}};
}

OrderedJson show_bundle(const weights::Bundle& bundle, const InspectOptions& options,
                        Context& context) {
  Output& out = context.out;
  const int64_t bytes = size_on_disk(bundle.path());
  out.line("{}", bundle.path().string());
  line(out, "kind",
       bundle.is_single_file() ? std::string("single-file checkpoint")
                               : fmt::format("folder, {}", bundle.pipeline_class()));
  line(out, "on disk", size_text(bytes));
  OrderedJson json = {{"path", bundle.path().string()},
                      {"kind", bundle.is_single_file() ? "checkpoint" : "folder"},
                      {"pipeline_class", bundle.pipeline_class()},
                      {"bytes_on_disk", bytes}};
  json["parts"] = show_parts(bundle, options, context);
  if (const fs::path adapter = bundle.few_step_adapter(); !adapter.empty()) {
    line(out, "few steps", fmt::format("{}, by the scheduler lcm", adapter.filename().string()));
    json["few_step_adapter"] = adapter.string();
  }
  json["codec"] = codec_of(bundle, out);
  json["pipelines"] = pipelines_of(bundle, json["parts"], out);
  if (options.load) json["load"] = load_networks(bundle, context);
  return json;
}

OrderedJson show_lora(const weights::Lora& lora, Context& context) {
  std::map<std::string, int64_t> parts;
  std::map<std::string, int64_t> ranks;
  for (const auto& layer : lora.layers) {
    ++parts[layer.part.empty() ? "any part" : layer.part];
    ++ranks[std::to_string(layer.down.size(0))];
  }
  Output& out = context.out;
  out.line("{}", lora.where);
  line(out, "kind", "LoRA");
  for (const auto& [part, layers] : parts) line(out, part, fmt::format("{} layers", layers));
  std::vector<std::string> sizes;
  for (const auto& [rank, layers] : ranks) sizes.push_back(rank);
  line(out, "rank", fmt::format("{}", fmt::join(sizes, ", ")));
  if (!lora.unknown.empty()) {
    line(out, "unknown", fmt::format("{} tensors, first {}", lora.unknown.size(), lora.unknown[0]));
  }
  return {{"path", lora.where},
          {"kind", "lora"},
          {"layers", parts},
          {"ranks", ranks},
          {"unknown", lora.unknown}};
}

OrderedJson show_weights(const weights::TensorSource& source, const InspectOptions& options,
                         Context& context) {
  const Census census = count(source);
  context.out.line("{}", source.where());
  line(context.out, "kind", "weights, not of a whole model");
  line(context.out, "", census.line());
  OrderedJson json = {{"path", source.where()}, {"kind", "weights"}};
  json.update(census.json());
  if (options.tensors) list_tensors(source, json, context);
  return json;
}

WeightsKind kind_of(const weights::TensorSource& source) {
  if (weights::is_ldm_checkpoint(source)) return WeightsKind::Checkpoint;
  const auto& tensors = source.tensors();
  const bool is_lora = std::any_of(tensors.begin(), tensors.end(), [](const TensorInfo& info) {
    return info.name.find("lora") != std::string::npos;
  });
  return is_lora ? WeightsKind::Lora : WeightsKind::Other;
}

bool is_lora_folder(const fs::path& path) {
  std::error_code ec;
  return fs::is_directory(path, ec) && !weights::looks_like_bundle(path) &&
         (fs::exists(path / "adapter_config.json", ec) ||
          fs::exists(path / "pytorch_lora_weights.safetensors", ec));
}

}  // namespace

OrderedJson inspect_model(const fs::path& path, const InspectOptions& options, Context& context) {
  std::error_code ec;
  if (is_lora_folder(path)) return show_lora(*weights::open_lora(path), context);
  if (fs::is_directory(path, ec)) return show_bundle(weights::open_bundle(path), options, context);
  const auto source = weights::open_weights(path);
  const WeightsKind kind = kind_of(*source);
  if (kind == WeightsKind::Checkpoint) {
    return show_bundle(weights::open_bundle(path), options, context);
  }
  if (kind == WeightsKind::Lora && !options.tensors) {
    return show_lora(*weights::open_lora(path), context);
  }
  return show_weights(*source, options, context);
}

WeightsKind kind_of_weights(const fs::path& path) { return kind_of(*weights::open_weights(path)); }

std::string_view name_of(WeightsKind kind) {
  switch (kind) {
    case WeightsKind::Checkpoint:
      return "checkpoint";
    case WeightsKind::Lora:
      return "LoRA";
    case WeightsKind::Other:
      return "weights";
  }
  return "";
}

std::string size_text(int64_t bytes) {
  constexpr std::array<const char*, 4> kUnits{"bytes", "kB", "MB", "GB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= 1000 && unit + 1 < kUnits.size(); ++unit) value /= 1000;
  return unit == 0 ? fmt::format("{} bytes", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

int64_t size_on_disk(const fs::path& path) {
  std::error_code ec;
  if (fs::is_regular_file(path, ec)) {
    const auto size = fs::file_size(path, ec);
    return ec ? 0 : static_cast<int64_t>(size);
  }
  int64_t sum = 0;
  for (fs::recursive_directory_iterator it(path, ec), end; !ec && it != end; it.increment(ec)) {
    std::error_code entry_error;
    if (!it->is_regular_file(entry_error)) continue;
    const auto size = it->file_size(entry_error);
    if (!entry_error) sum += static_cast<int64_t>(size);
  }
  return sum;
}

Job in_megabytes(const Job& job) {
  return {job.stop, [&job](const Progress& progress) {
            job.report(fmt::format("{} (MB)", progress.stage), progress.done / 1'000'000,
                       progress.total / 1'000'000);
          }};
}

}  // namespace riffle::cli
