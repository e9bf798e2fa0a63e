// SPDX-License-Identifier: GPL-3.0-or-later
// A band model as the judges of accompaniment want it.
#pragma once

#include "core/json.h"
#include "eval/judge_band.h"
#include "pipelines/band_model.h"

namespace riffle::eval {

// Plays in mono. sampling: fields of requests ({"steps": 15}). The model must outlive it.
BandPlayer band_player(pipelines::BandModel& model, const Json& sampling = Json::object());

}  // namespace riffle::eval
