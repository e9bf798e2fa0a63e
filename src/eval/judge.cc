// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/judge.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "pipelines/music_model.h"
#include "weights/load.h"
#include "weights/model_library.h"
#include "weights/safetensors.h"

namespace riffle::eval {
namespace {

namespace fs = std::filesystem;

constexpr int kFormat = 1;
constexpr const char* kHeldOut = "held_out";
constexpr const char* kTraining = "training";

fs::path description_path(const fs::path& folder) { return folder / "judge.json"; }
fs::path prompts_path(const fs::path& folder) { return folder / "prompts.jsonl"; }
fs::path weights_path(const fs::path& folder) { return folder / "tagger" / "weights.safetensors"; }
fs::path reference_path(const fs::path& folder) {
  return folder / "tagger" / "reference.safetensors";
}

// Parameters and the running statistics of the norms.
weights::NamedTensors state_of(const Tagger& tagger) {
  weights::NamedTensors state;
  for (const auto& item : tagger.named_parameters()) state.emplace_back(item.key(), item.value());
  for (const auto& item : tagger.named_buffers()) {
    if (!item.key().ends_with("num_batches_tracked")) state.emplace_back(item.key(), item.value());
  }
  return state;
}

std::vector<Asked> read_prompts(const fs::path& path) {
  std::istringstream lines(read_text_file(path, uint64_t{64} << 20));
  std::vector<Asked> prompts;
  int64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    const std::string where = fmt::format("{}:{}", path.string(), ++number);
    prompts.push_back(asked_from_json(parse_json(line, where), where));
  }
  return prompts;
}

at::Tensor read_embeddings(const weights::TensorSource& source, const char* name,
                           int64_t dimensions) {
  at::Tensor embeddings = source.load(name, at::kFloat);
  if (embeddings.dim() != 2 || embeddings.size(1) != dimensions || embeddings.size(0) < 2) {
    throw Error(ErrorCode::BadFile,
                fmt::format("{}: {} is not [N, {}]", source.where(), name, dimensions));
  }
  return embeddings;
}

OrderedJson keys_to_json(const KeyModel& keys) {
  OrderedJson json = OrderedJson::array();
  for (const ModeModel& mode : keys.modes) {
    json.push_back({{"mode", mode.mode}, {"bias", mode.bias}, {"weights", mode.weights}});
  }
  return json;
}

KeyModel keys_from_json(const Json& json, const std::string& where) {
  KeyModel keys;
  for (const Json& row : json) {
    const auto weights = json_get<std::vector<double>>(row, "weights", where);
    ModeModel mode{.mode = json_get<std::string>(row, "mode", where),
                   .bias = static_cast<float>(json_get<double>(row, "bias", where))};
    if (weights.size() != mode.weights.size()) {
      throw Error(ErrorCode::BadFile,
                  fmt::format("{}: keys, {}: expected {} weights, got {}", where, mode.mode,
                              mode.weights.size(), weights.size()));
    }
    std::ranges::transform(weights, mode.weights.begin(),
                           [](double weight) { return static_cast<float>(weight); });
    keys.modes.push_back(std::move(mode));
  }
  return keys;
}

int64_t place_in(const std::vector<std::string>& words, std::string_view word) {
  const auto found = std::ranges::find(words, word);
  return found == words.end() ? -1 : found - words.begin();
}

}  // namespace

Tags Judge::listen(const at::Tensor& levels, const Job& job) const {
  const TaggerConfig& config = tagger->config();
  if (levels.dim() != 3 || levels.size(1) != config.rows || levels.size(2) != config.frames) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("the judge looks at pictures of {} x {}", config.rows, config.frames));
  }
  const at::NoGradGuard no_grad;
  tagger->eval();
  constexpr int64_t kBatch = 16;
  std::vector<at::Tensor> instruments;
  std::vector<at::Tensor> families;
  std::vector<at::Tensor> drums;
  std::vector<at::Tensor> genres;
  std::vector<at::Tensor> embeddings;
  for (int64_t first = 0; first < levels.size(0); first += kBatch) {
    job.check();
    const int64_t count = std::min(kBatch, levels.size(0) - first);
    const TagLogits logits = tagger->forward(loudness_of_levels(levels.narrow(0, first, count)));
    instruments.push_back(logits.instruments.sigmoid());
    families.push_back(logits.families.sigmoid());
    drums.push_back(logits.drums.sigmoid());
    genres.push_back(logits.genres.softmax(1));
    embeddings.push_back(logits.embedding);
  }
  return {.instruments = at::cat(instruments),
          .families = at::cat(families),
          .drums = at::cat(drums),
          .genres = at::cat(genres),
          .embeddings = at::cat(embeddings)};
}

int64_t Judge::place_of_instrument(std::string_view word) const {
  return place_in(tagger->config().instruments, word);
}

int64_t Judge::favourite(const at::Tensor& instruments, std::span<const int64_t> places) const {
  const auto logit = [](double p) { return std::log(std::max(p, 1e-9) / std::max(1 - p, 1e-9)); };
  return *std::ranges::max_element(places, {}, [&](int64_t place) {
    return logit(instruments[place].item<double>()) -
           logit(instrument_thresholds[static_cast<size_t>(place)]);
  });
}

int64_t Judge::place_of_family(std::string_view word) const {
  return place_in(tagger->config().families, word);
}

std::vector<int64_t> cover_places(const Judge& judge) {
  std::vector<int64_t> places;
  for (const std::string_view word : kCoverInstruments) {
    const int64_t place = judge.place_of_instrument(word);
    if (place >= 0) places.push_back(place);
  }
  return places;
}

void save_judge(const Judge& judge, const fs::path& folder) {
  fs::create_directories(weights_path(folder).parent_path());
  const at::NoGradGuard no_grad;
  weights::NamedTensors tensors;
  for (const auto& [name, tensor] : state_of(*judge.tagger)) {
    tensors.emplace_back(name, tensor.to(at::kHalf));
  }
  weights::write_safetensors(weights_path(folder), tensors);
  weights::write_safetensors(reference_path(folder), {{kHeldOut, judge.held_out.to(at::kHalf)},
                                                      {kTraining, judge.training.to(at::kHalf)}});
  std::string prompts;
  for (const Asked& asked : judge.prompts) prompts += to_json(asked).dump() + "\n";
  write_text_file(prompts_path(folder), prompts);
  const OrderedJson description = {
      {"format", kFormat},
      {"spectrogram", judge.spectrogram},
      {"tagger", judge.tagger->config().to_json()},
      {"instrument_thresholds", judge.instrument_thresholds},
      {"family_thresholds", judge.family_thresholds},
      {"drum_threshold", judge.drum_threshold},
      {"keys", keys_to_json(judge.keys)},
      {"ceilings", judge.ceilings},
      {"real_steepness", {{"time", judge.real.time}, {"frequency", judge.real.frequency}}},
      {"made_of", judge.made_of}};
  write_text_file(description_path(folder), description.dump(1) + "\n");
}

Judge open_judge(const fs::path& folder) {
  const fs::path path = description_path(folder);
  const std::string where = path.string();
  const Json json = read_json_file(path);
  if (json_get<int>(json, "format", where) != kFormat) {
    throw Error(ErrorCode::Unsupported, where + ": made by another version of Riffle");
  }
  Judge judge;
  if (!json.contains("tagger")) {
    throw Error(ErrorCode::BadFile, where + ": no \"tagger\" in it");
  }
  judge.tagger =
      std::make_shared<Tagger>(TaggerConfig::from_json(json.value("tagger", Json()), where));
  const TaggerConfig& config = judge.tagger->config();
  judge.spectrogram = json.value("spectrogram", Json::object());
  judge.params = pipelines::spectrogram_params_from_json(judge.spectrogram, where);
  judge.instrument_thresholds = json_get<std::vector<double>>(json, "instrument_thresholds", where);
  judge.family_thresholds = json_get<std::vector<double>>(json, "family_thresholds", where);
  if (judge.instrument_thresholds.size() != config.instruments.size() ||
      judge.family_thresholds.size() != config.families.size()) {
    throw Error(ErrorCode::BadFile, where + ": not one threshold for each instrument and family");
  }
  judge.drum_threshold = json_get<double>(json, "drum_threshold", where);
  if (json.contains("keys")) judge.keys = keys_from_json(json["keys"], where);
  const Json ceilings = json.value("ceilings", Json::object());
  for (const auto& [name, value] : ceilings.items()) {
    judge.ceilings[name] = json_get<double>(ceilings, name.c_str(), where);
  }
  const Json real = json.value("real_steepness", Json::object());
  judge.real = {.time = json_get<double>(real, "time", where),
                .frequency = json_get<double>(real, "frequency", where)};
  judge.made_of = json.value("made_of", Json::object());
  judge.prompts = read_prompts(prompts_path(folder));
  const auto reference = weights::open_safetensors(reference_path(folder));
  judge.held_out = read_embeddings(*reference.tensors, kHeldOut, config.embedding);
  judge.training = read_embeddings(*reference.tensors, kTraining, config.embedding);
  const at::NoGradGuard no_grad;
  weights::load_into(state_of(*judge.tagger),
                     *weights::open_safetensors(weights_path(folder)).tensors,
                     {.share = false, .keep_type = false, .optional = {}});
  return judge;
}

fs::path find_judge() {
  std::vector<std::string> places;
  for (const fs::path& folder : weights::model_folders()) {
    if (fs::exists(description_path(folder / "judges"))) return folder / "judges";
    places.push_back(folder.string());
  }
  throw Error(
      ErrorCode::NotFound,
      fmt::format("no trained judge: there is no \"judges\" in {}", fmt::join(places, ", ")),
      "name its folder with --judge, or train one: riffle eval train-judge CORPUS OUT");
}

}  // namespace riffle::eval
