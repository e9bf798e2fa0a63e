// SPDX-License-Identifier: GPL-3.0-or-later
// What the judges hear in one recording.
#pragma once

#include <string>
#include <vector>

#include "audio/loudness.h"
#include "audio/waveform.h"
#include "core/job.h"
#include "core/json.h"
#include "eval/blur.h"
#include "eval/judge.h"
#include "eval/key.h"
#include "eval/tempo.h"

namespace riffle::eval {

struct SoundVerdict {
  double duration_s = 0;
  Tempo tempo;
  std::vector<KeyGuess> keys;  // likeliest first, of all modes the key model has
  double tuning_semitones = 0;
  audio::Loudness loudness;
};

SoundVerdict judge_sound(const audio::Waveform& sound,
                         const KeyModel& keys = KeyModel::of_ratings(), const Job& job = {});

OrderedJson to_json(const SoundVerdict& verdict);

// What the trained judge hears in it, over all its windows.
struct TagVerdict {
  std::vector<std::string> instruments;  // heard in a window at least, surest first
  bool drums = false;
  std::string genre;  // the likeliest; empty where the judge knows none
  Steepness blur;     // over real pictures': 1 is right
};

TagVerdict judge_tags(const Judge& judge, const audio::Waveform& sound, const Job& job = {});

OrderedJson to_json(const TagVerdict& verdict);

}  // namespace riffle::eval
