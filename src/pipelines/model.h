// SPDX-License-Identifier: GPL-3.0-or-later
// What every model is to a pipeline before it is looked at more closely: a name, and a kind.
#pragma once

#include <string>
#include <string_view>

#include "weights/bundle.h"

namespace riffle::pipelines {

enum class ModelKind {
  Riff,  // music from prompts: a MusicModel (music_model.h)
  Band,  // stems that fit other music: a BandModel (band_model.h)
};
std::string_view name_of(ModelKind kind);  // "riff", "band"

class Model {
 public:
  virtual ~Model() = default;
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  virtual ModelKind kind() const = 0;
  virtual const std::string& name() const = 0;

 protected:
  Model() = default;
};

// What a bundle is, by its model_index.json.
ModelKind kind_of(const weights::Bundle& bundle);

}  // namespace riffle::pipelines
