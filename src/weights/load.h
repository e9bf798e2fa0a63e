// SPDX-License-Identifier: GPL-3.0-or-later
// Weights from a source into the parameters of a model, with an account of what matched.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/job.h"
#include "weights/tensor_source.h"

namespace riffle::weights {

// Parameters and buffers of a model under their dotted names. The tensors are handles: filling them
// fills the model.
using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

struct LoadReport {
  struct WrongShape {
    std::string name;
    std::vector<int64_t> expected;
    std::vector<int64_t> found;
  };
  std::string source;                   // file or folder
  int64_t matched = 0;                  // parameters filled
  std::vector<std::string> missing;     // wanted by the model, not in the source
  std::vector<std::string> unexpected;  // in the source, not wanted
  std::vector<WrongShape> wrong_shape;

  // "unet/x.safetensors: 686 matched, 0 missing, 1 unexpected (first ...), 0 of wrong shape"
  std::string line() const;
};

struct LoadOptions {
  // Let a parameter that has the type on disk, is contiguous and lies on the CPU become a view of
  // the mapped file: nothing is copied, pages come in when used and are shared between processes.
  // Its storage is replaced, so pointers taken before loading are stale.
  bool share = true;
  // Let a floating parameter take the type it has on disk, so that it can be shared whatever that
  // is: for models that convert their weights later, a layer at a time.
  bool keep_type = false;
  // Parameters the source may lack; they keep their values. A name here stands for itself and for
  // everything below it ("text_projection" allows "text_projection.weight").
  std::vector<std::string> optional;
};

// Fills every parameter, converting to its type. A name that the source lacks is looked up under
// the other names in use for it (name_aliases.h), and [out, in] and [out, in, 1, 1] count as one
// shape. Logs the report's line. Throws Error{BadFile} naming the first keys when one is missing or
// has another shape; nothing is filled then. Progress stage "load", in bytes.
LoadReport load_into(const NamedTensors& parameters, const TensorSource& source,
                     const LoadOptions& options = {}, const Job& job = {});

}  // namespace riffle::weights
