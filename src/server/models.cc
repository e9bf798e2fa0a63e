// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/models.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>

#include "core/error.h"
#include "core/log.h"
#include "weights/bundle.h"
#include "weights/model_library.h"

namespace riffle::server {
namespace {

using pipelines::ModelKind;

constexpr ModelKind kKinds[] = {ModelKind::Riff, ModelKind::Band};

size_t place_of(ModelKind kind) { return static_cast<size_t>(kind); }

const char* no_model_hint(ModelKind kind) {
  return kind == ModelKind::Band
             ? "start the server with --band-model, or choose one (PUT /api/v1/models/current)"
             : "fetch one: riffle models pull riffusion/riffusion-model-v1, then choose it";
}

OrderedJson kind_json(const std::optional<ModelKind>& kind) {
  return kind ? OrderedJson(name_of(*kind)) : OrderedJson(nullptr);
}

OrderedJson model_json(const weights::ModelEntry& entry, const std::vector<std::string>& in_use) {
  std::string problem;
  std::optional<ModelKind> kind;
  try {
    kind = pipelines::kind_of(weights::open_bundle(entry.path));
  } catch (const Error& error) {
    problem = error.message();
  }
  return {{"name", entry.name},
          {"kind", kind_json(kind)},
          {"origin", weights::name_of(entry.origin)},
          {"current", std::ranges::find(in_use, entry.name) != in_use.end()},
          {"usable", problem.empty()},
          {"problem", problem}};
}

// A model is named as it is listed, whichever way it was found: of a path that is the list's own
// too.
std::string listed_name(const std::string& name) {
  for (const weights::ModelEntry& entry : weights::list_models()) {
    std::error_code none_there;
    if (std::filesystem::equivalent(name, entry.path, none_there)) return entry.name;
  }
  return name;
}

}  // namespace

Models::Models(ModelOpener open, const std::string& riff, const std::string& band)
    : open_(std::move(open)) {
  open_first(ModelKind::Riff, riff);
  open_first(ModelKind::Band, band);
}

void Models::open_first(ModelKind kind, const std::string& name) {
  try {
    auto opened = open_(kind, name);
    if (opened->kind() != kind) {
      throw Error(ErrorCode::InvalidArgument,
                  fmt::format("{} is a {} model, expected a {} model", name,
                              name_of(opened->kind()), name_of(kind)),
                  "--model names the riff model, --band-model the band model");
    }
    put(std::move(opened), name);
  } catch (const Error& error) {
    // A model that was named must be there; that there is none at all is for the studio to say.
    // What plays along is a part that may be missing.
    const bool may_be_missing = error.code() == ErrorCode::NotFound || kind == ModelKind::Band;
    if (!name.empty() || !may_be_missing) throw;
    Slot& slot = slots_[place_of(kind)];
    slot.why_none = error.message();
    slot.hint = kind == ModelKind::Band ? error.hint() : "";
    if (kind == ModelKind::Band) {
      log::info("{}", slot.why_none);
    } else {
      log::warn("{}", slot.why_none);
    }
  }
}

Models::Slot Models::slot(ModelKind kind) const {
  const std::lock_guard lock(mutex_);
  return slots_[place_of(kind)];
}

std::shared_ptr<pipelines::Model> Models::of_or_null(ModelKind kind) const {
  return slot(kind).model;
}

std::shared_ptr<pipelines::Model> Models::of(ModelKind kind) const {
  if (auto model = of_or_null(kind)) return model;
  throw none_of(kind);
}

Error Models::none_of(ModelKind kind) const {
  const Slot none = slot(kind);
  return {
      ErrorCode::NotFound,
      none.why_none.empty() ? fmt::format("there is no {} model", name_of(kind)) : none.why_none,
      none.hint.empty() ? no_model_hint(kind) : none.hint};
}

// What is in a slot is of the slot's kind: put() sees to it.
std::shared_ptr<SharedModel> Models::current_or_null() const {
  return std::static_pointer_cast<SharedModel>(of_or_null(ModelKind::Riff));
}

std::shared_ptr<SharedModel> Models::current() const {
  return std::static_pointer_cast<SharedModel>(of(ModelKind::Riff));
}

std::shared_ptr<pipelines::BandModel> Models::band_or_null() const {
  return std::static_pointer_cast<pipelines::BandModel>(of_or_null(ModelKind::Band));
}

std::shared_ptr<pipelines::BandModel> Models::band() const {
  return std::static_pointer_cast<pipelines::BandModel>(of(ModelKind::Band));
}

void Models::use(const std::string& name) { put(open_(ModelKind::Riff, name), name); }

void Models::put(std::unique_ptr<pipelines::Model> opened, const std::string& name) {
  Slot slot;
  slot.name = name.empty() ? opened->name() : listed_name(name);
  const ModelKind kind = opened->kind();
  if (kind == ModelKind::Riff) {
    auto* riff = dynamic_cast<pipelines::MusicModel*>(opened.release());
    slot.model = std::make_shared<SharedModel>(std::unique_ptr<pipelines::MusicModel>(riff), gate_);
  } else {
    std::shared_ptr<pipelines::BandModel> band(
        dynamic_cast<pipelines::BandModel*>(opened.release()));
    band->set_turns([gate = gate_] { return std::make_shared<ModelGate::Turn>(*gate); });
    slot.model = std::move(band);
  }
  const std::lock_guard lock(mutex_);
  slots_[place_of(kind)] = std::move(slot);
}

OrderedJson Models::list() const {
  OrderedJson models = OrderedJson::array();
  const std::vector<std::string> in_use = {slot(ModelKind::Riff).name, slot(ModelKind::Band).name};
  const auto entries = weights::list_models();
  for (const auto& entry : entries) models.push_back(model_json(entry, in_use));
  // Those that were named by their paths.
  for (const std::string& name : in_use) {
    const bool listed =
        std::ranges::find(entries, name, &weights::ModelEntry::name) != entries.end();
    if (!name.empty() && !listed) models.push_back(entry(name));
  }
  const auto name_or_null = [](const std::string& name) {
    return name.empty() ? OrderedJson(nullptr) : OrderedJson(name);
  };
  return {{"models", std::move(models)},
          {"current", name_or_null(in_use[0])},
          {"current_band", name_or_null(in_use[1])}};
}

OrderedJson Models::entry(const std::string& name) const {
  const std::vector<std::string> in_use = {slot(ModelKind::Riff).name, slot(ModelKind::Band).name};
  for (const auto& entry : weights::list_models()) {
    if (entry.name == name) return model_json(entry, in_use);
  }
  std::optional<ModelKind> kind;
  for (const ModelKind known : kKinds) {
    if (slot(known).name == name) kind = known;
  }
  return {{"name", name},      {"kind", kind_json(kind)}, {"origin", "own"},
          {"current", !!kind}, {"usable", true},          {"problem", ""}};
}

OrderedJson Models::info() const {
  const auto model = current_or_null();
  if (model == nullptr) return nullptr;
  const pipelines::Geometry& geometry = model->geometry();
  return {{"name", model->name()},
          {"sample_rate", geometry.codec.sample_rate},
          {"channels", geometry.codec.channels()},
          {"window_s", geometry.window_s()},
          {"window_frames", geometry.window * geometry.factor},
          {"mel_rows", geometry.codec.num_frequencies},
          {"samples_per_frame", geometry.codec.hop_length()},
          {"min_hz", geometry.codec.min_frequency},
          {"max_hz", geometry.codec.max_frequency}};
}

OrderedJson Models::band_info() const {
  const auto model = band_or_null();
  if (model == nullptr) return nullptr;
  pipelines::StemCodec& codec = model->codec();
  const auto window = static_cast<double>(model->window() * codec.samples_per_column());
  return {{"name", model->name()},
          {"sample_rate", codec.sample_rate()},
          {"window_s", window / codec.sample_rate()},
          {"hears_context", model->hears_context()},
          {"reads_style", model->reads_style()}};
}

}  // namespace riffle::server
