// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/model.h"

namespace riffle::pipelines {

std::string_view name_of(ModelKind kind) { return kind == ModelKind::Band ? "band" : "riff"; }

ModelKind kind_of(const weights::Bundle& bundle) {
  return bundle.pipeline_class() == "BandPipeline" ? ModelKind::Band : ModelKind::Riff;
}

}  // namespace riffle::pipelines
