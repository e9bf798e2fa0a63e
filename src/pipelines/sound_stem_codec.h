// SPDX-License-Identifier: GPL-3.0-or-later
// Stems through a consistency autoencoder: the codec of band models that have one.
#pragma once

#include <memory>

#include "pipelines/stem_codec.h"

namespace riffle::pipelines {

// The bundle's "autoencoder", a ConsistencyAutoencoder. Its samples a column are fixed: a loop is
// read a little faster or slower to fit whole columns, and back, by half a column in the whole at
// most. Throws Error{BadFile, Unsupported, NotFound}.
std::unique_ptr<StemCodec> open_sound_stem_codec(const weights::Bundle& bundle,
                                                 const models::RiffModelOptions& options);

// What every codec of stems refuses, as StemCodec says.
void require_mono_stem(const StemCodec& codec, const audio::Waveform& sound);
void require_stem_latents(const StemCodec& codec, const at::Tensor& latents, int64_t samples,
                          bool circular);

}  // namespace riffle::pipelines
