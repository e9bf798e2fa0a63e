// SPDX-License-Identifier: GPL-3.0-or-later
// The models of this machine, and the one in use.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/json.h"
#include "server/options.h"
#include "server/shared_model.h"

namespace riffle::server {

// Every function may be called from any thread.
class Models {
 public:
  // Opens the first model, where there is one; a server without a model still has its library.
  Models(ModelOpener open, const std::string& first);

  // The one in use. Work that began with another one ends with that. Throws Error{NotFound} where
  // there is none.
  std::shared_ptr<SharedModel> current() const;
  std::shared_ptr<SharedModel> current_or_null() const;
  // Throws what opening it throws; the one in use then stays.
  void use(const std::string& name);

  // As the API lists them (components/schemas/Model).
  OrderedJson list() const;
  OrderedJson entry(const std::string& name) const;
  // components/schemas/ModelInfo, null without a model.
  OrderedJson info() const;

 private:
  ModelOpener open_;
  mutable std::mutex mutex_;
  std::shared_ptr<SharedModel> current_;
  std::string current_name_;  // as users say it
  std::string why_none_;
};

}  // namespace riffle::server
