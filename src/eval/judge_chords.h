// SPDX-License-Identifier: GPL-3.0-or-later
// Whether chords that are asked for are heard.
#pragma once

#include <cstdint>

#include "core/job.h"
#include "core/json.h"
#include "eval/clip_store.h"
#include "eval/judge.h"
#include "eval/report.h"
#include "pipelines/music_model.h"

namespace riffle::eval {

struct JudgeChordsOptions {
  int64_t count = 32;
  int64_t seed = 1;
  Json sampling = Json::object();  // fields of requests, as set_fields takes them
};

// Clips of two bars of two chords each. One counts as right when its chroma agrees better with the
// chords that were asked for than with each of their eleven transpositions: one in twelve by
// chance. Of models that follow chords; else the row says so. Progress stage "chords".
Row judge_chords(pipelines::MusicModel& model, ClipStore& store, const Judge& judge,
                 const JudgeChordsOptions& options, const Job& job = {});

}  // namespace riffle::eval
