// SPDX-License-Identifier: GPL-3.0-or-later
// The models of this machine, and those in use: at most one of each kind.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "pipelines/band_model.h"
#include "server/model_gate.h"
#include "server/options.h"
#include "server/shared_model.h"

namespace riffle::server {

// Every function may be called from any thread.
class Models {
 public:
  // Opens the first ones, where there are any; a server without a model still has its library. An
  // empty name is the kind's default. Throws what opening a model that was named throws,
  // Error{InvalidArgument} for one of the other kind.
  Models(ModelOpener open, const std::string& riff, const std::string& band);

  // The one in use for a kind. Work that began with another one ends with that. Throws
  // Error{NotFound} where there is none.
  std::shared_ptr<pipelines::Model> of(pipelines::ModelKind kind) const;
  std::shared_ptr<pipelines::Model> of_or_null(pipelines::ModelKind kind) const;
  std::shared_ptr<SharedModel> current() const;  // the riff model
  std::shared_ptr<SharedModel> current_or_null() const;
  std::shared_ptr<pipelines::BandModel> band() const;
  std::shared_ptr<pipelines::BandModel> band_or_null() const;
  // For a kind that has none: why, and what to do.
  Error none_of(pipelines::ModelKind kind) const;

  // The model's own kind says which of the two it replaces. Throws what opening it throws; those in
  // use then stay.
  void use(const std::string& name);

  // As the API lists them (components/schemas/Model).
  OrderedJson list() const;
  OrderedJson entry(const std::string& name) const;
  // components/schemas/ModelInfo and BandModelInfo, null without a model.
  OrderedJson info() const;
  OrderedJson band_info() const;

 private:
  struct Slot {
    std::shared_ptr<pipelines::Model> model = {};
    std::string name = {};  // as users say it
    std::string why_none = {};
    std::string hint = {};
  };
  Slot slot(pipelines::ModelKind kind) const;
  void open_first(pipelines::ModelKind kind, const std::string& name);
  void put(std::unique_ptr<pipelines::Model> opened, const std::string& name);

  ModelOpener open_;
  // One for all: models share the machine.
  const std::shared_ptr<ModelGate> gate_ = std::make_shared<ModelGate>();
  mutable std::mutex mutex_;
  std::array<Slot, 2> slots_;  // by kind
};

}  // namespace riffle::server
