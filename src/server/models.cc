// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/models.h"

#include <algorithm>

#include "core/error.h"
#include "core/failure.h"
#include "core/log.h"
#include "server/problem.h"
#include "weights/bundle.h"
#include "weights/model_library.h"

namespace riffle::server {
namespace {

constexpr const char* kNoModelHint =
    "fetch one: riffle models pull riffusion/riffusion-model-v1, then choose it";

OrderedJson model_json(const weights::ModelEntry& entry, const std::string& current) {
  std::string problem;
  try {
    weights::open_bundle(entry.path);
  } catch (const Error& error) {
    problem = error.message();
  }
  return {{"name", entry.name},
          {"origin", weights::name_of(entry.origin)},
          {"current", entry.name == current},
          {"usable", problem.empty()},
          {"problem", problem}};
}

}  // namespace

Models::Models(ModelOpener open, const std::string& first) : open_(std::move(open)) {
  try {
    use(first);
  } catch (const Error& error) {
    // A model that was named must be there; that there is none at all is for the studio to say.
    if (!first.empty() || error.code() != ErrorCode::NotFound) throw;
    why_none_ = error.message();
    log::warn("{}", why_none_);
  }
}

std::shared_ptr<SharedModel> Models::current_or_null() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

std::shared_ptr<SharedModel> Models::current() const {
  if (auto model = current_or_null()) return model;
  throw Error(ErrorCode::NotFound, why_none_.empty() ? "there is no model" : why_none_,
              kNoModelHint);
}

void Models::use(const std::string& name) {
  auto opened = std::make_shared<SharedModel>(open_(name));
  const std::lock_guard lock(mutex_);
  current_name_ = name.empty() ? opened->name() : name;
  current_ = std::move(opened);
}

OrderedJson Models::list() const {
  std::string current;
  {
    const std::lock_guard lock(mutex_);
    current = current_name_;
  }
  OrderedJson models = OrderedJson::array();
  bool listed = current.empty();
  for (const auto& entry : weights::list_models()) {
    models.push_back(model_json(entry, current));
    listed = listed || entry.name == current;
  }
  // One that was named by its path.
  if (!listed) models.push_back(entry(current));
  return {{"models", std::move(models)},
          {"current", current.empty() ? OrderedJson(nullptr) : OrderedJson(current)}};
}

OrderedJson Models::entry(const std::string& name) const {
  std::string current;
  {
    const std::lock_guard lock(mutex_);
    current = current_name_;
  }
  for (const auto& entry : weights::list_models()) {
    if (entry.name == name) return model_json(entry, current);
  }
  return {{"name", name},
          {"origin", "own"},
          {"current", name == current},
          {"usable", true},
          {"problem", ""}};
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

}  // namespace riffle::server
