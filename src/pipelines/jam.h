// SPDX-License-Identifier: GPL-3.0-or-later
// Endless music in segments that are made one after the other and join without a seam: Riffusion's
// interpolation, to be played while it is made.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "audio/mel_spectrogram.h"
#include "audio/waveform.h"
#include "image/picture.h"
#include "pipelines/between.h"
#include "pipelines/clip.h"
#include "pipelines/music_model.h"

namespace riffle::pipelines {

// What segments are made over, and their beats.
struct JamGround {
  Ground ground = {};  // its period is how long segments are, in samples
  std::optional<double> bpm = {};
  int64_t beats = 0;  // of a segment; 0: not known
  std::vector<std::string> notes = {};
};

struct JamGroundOptions {
  std::filesystem::path file = {};      // a sound or picture; empty: nothing
  std::string loop = {};                // or a seed loop (seed_loop.h), played at the tempo
  std::optional<double> file_bpm = {};  // of the file, where known
  std::optional<double> bpm = {};       // that is wanted
  int64_t beats_per_bar = 4;
};

// Whole bars no longer than the model's window, where there is a tempo. A file of known tempo is
// stretched to the wanted one, in the picture; of another one a window's length is taken as it is,
// which `notes` says.
JamGround jam_ground(MusicModel& model, const JamGroundOptions& options, const Job& job);

// What a segment leaves behind for the next one to join.
struct JamTail {
  audio::MelSpectrogram mel;              // frames a hop apart, the last one a hop before the joint
  std::vector<std::vector<float>> sound;  // its last samples before the joint, to be faded out
  double gain_db = 0;
};

struct JamSegmentOptions {
  BetweenStep step = {};
  int64_t begin = 0;                // samples on the timeline
  int64_t end = 0;                  // the next one's begin
  const JamTail* before = nullptr;  // null: the first one
  bool last = false;                // nothing follows
  double loudness = -16;            // LUFS
};

struct JamSegment {
  // From jam_fade() samples before `begin` (the first one: from there) to as many before `end` (the
  // last one: to there): what is played, with the joint to the one before in it.
  audio::Waveform sound;
  int64_t start = 0;  // of the sound, on the timeline
  image::Picture picture;
  at::Tensor latents;
  JamTail tail;
  std::vector<std::string> notes;
};

// Joints lie this long before the beat, so that it is heard as it was made.
int64_t jam_fade(const Geometry& geometry);  // samples; 30 ms

JamSegment make_jam_segment(MusicModel& model, const JamGround& ground,
                            const JamSegmentOptions& options, const RunContext& context);

}  // namespace riffle::pipelines
