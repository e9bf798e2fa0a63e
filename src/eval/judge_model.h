// SPDX-License-Identifier: GPL-3.0-or-later
// Holds a model to the table: makes clips for prompts of held-out songs, covers and morphs, and
// asks every judge.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/job.h"
#include "core/json.h"
#include "eval/clip_store.h"
#include "eval/judge.h"
#include "eval/report.h"
#include "pipelines/music_model.h"
#include "shards/shard_reader.h"

namespace riffle::eval {

struct JudgeModelOptions {
  int64_t clips = 500;
  int64_t covers = 32;
  int64_t morphs = 8;
  int64_t chords = 32;
  int64_t seed = 1;
  // Fields of requests (set_fields in clip_store.h): {"preset": "best", "cover": {"strength":
  // 0.6}}.
  Json sampling = Json::object();
  // Held-out and training windows whose latents generated ones are compared with.
  int64_t neighbours = 1000;
};

// Fewer of everything: a look, not a judgement.
JudgeModelOptions quick_options();

// corpus: for the comparison with training latents; nullptr leaves it out. Progress stages "clips",
// "covers", "morphs", "chords", "latents".
Report judge_model(pipelines::MusicModel& model, ClipStore& store, const Judge& judge,
                   const shards::ShardReader* corpus, const JudgeModelOptions& options,
                   const Job& job = {});

}  // namespace riffle::eval
