// SPDX-License-Identifier: GPL-3.0-or-later
// What a pipeline gives back.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audio/waveform.h"
#include "core/job.h"
#include "core/json.h"
#include "image/picture.h"

namespace riffle::pipelines {

// What a sound is to the music around it.
enum class ClipRole { Whole, Stem, Mix };
constexpr std::string_view name_of(ClipRole role) {
  return role == ClipRole::Stem ? "stem" : role == ClipRole::Mix ? "mix" : "";
}

// A sound that belongs to a clip and is kept beside it: a stem of a mix, the mix of a stem.
struct ClipPart {
  std::string name;  // of its file: "mix", "1-drums"
  audio::Waveform sound;
  ClipRole role = ClipRole::Stem;
  std::string title = {};  // for people: "mix", "drums"
};

struct Clip {
  audio::Waveform sound;
  image::Picture picture;  // the spectrogram it was decoded from; stands for the changed part only
                           // where a part was changed
  at::Tensor latents;      // [1, C, H, W]
  OrderedJson request;     // complete: {"pipeline": ..., "model": ..., every field, the seed used}
  std::vector<std::string> notes;  // what was done on the user's behalf
  std::optional<double> maybe_bpm;
  int64_t beats = 0;  // of the whole clip, where known
  bool loop = false;  // the end goes on into the beginning
  std::vector<ClipPart> parts;
  ClipRole role = ClipRole::Whole;
};

// A picture of the clean latents a running step sees.
struct Preview {
  int64_t step = 0;
  int64_t steps = 0;
  image::Picture picture;
};

// What a run is handed besides its request.
struct RunContext {
  Job job = {};
  // Empty: none are made (each costs a decode).
  std::function<void(const Preview&)> on_preview = {};
  int64_t preview_interval = 5;  // steps
  // So many clips are there already, of a run that was cut short: they are not made again. Read
  // where clips differ by more than seeds that are one apart.
  int64_t first_clip = 0;
  // Called with each clip as soon as it is whole, before the next one is begun, so that a long run
  // that is stopped keeps what it has. The run then returns nothing. Empty: clips are returned.
  std::function<void(Clip&&)> on_clip = {};

  void deliver(Clip&& clip, std::vector<Clip>& results) const {
    if (on_clip)
      on_clip(std::move(clip));
    else
      results.push_back(std::move(clip));
  }
};

}  // namespace riffle::pipelines
