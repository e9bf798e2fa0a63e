// SPDX-License-Identifier: GPL-3.0-or-later
// Prompts that change over time: "0s: lo-fi piano; 20s: add drums; 8 bars: solo".
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "diffusion/sampler.h"
#include "diffusion/windows.h"
#include "pipelines/length.h"
#include "pipelines/music_model.h"
#include "text/chords.h"

namespace riffle::pipelines {

struct TimedPrompt {
  int64_t start = 0;  // sample
  std::string text;
};

// A schedule is a list of prompts separated by semicolons, each after its time and a colon, in
// ascending order; the first one holds from the beginning. Any other text is one prompt for the
// whole, and so is one with a time at its head alone that is not 0 ("80s: synth pop"). Throws
// Error{InvalidArgument}.
std::vector<TimedPrompt> parse_prompt_schedule(std::string_view text, const Length& length,
                                               int sample_rate);

struct SteeredWindows {
  std::vector<diffusion::GuidedPrompt> prompts;  // one, or one a window
  std::vector<std::string> notes;
};

// The tempo a piece keeps from its first sample on, for models that follow beats.
struct PieceBeats {
  std::optional<double> bpm = {};  // where the prompts do not say one
  int64_t beats_per_bar = 4;
  int64_t whole_beats = 0;  // of a loop: as many as it has, so that the last bar meets the first
  std::vector<text::ChordSpan> chords = {};  // over and over again; empty: as the model likes
};

// Tells a prompt what sounds in its window, [1, kChromaRows, columns] (chroma_rows.h). The side
// that guidance moves away from is told nothing of it, so that it leads to these notes.
void set_chroma(diffusion::GuidedPrompt& prompt, const at::Tensor& chroma);

// Tells a prompt where the beats of its window lie, which begins at first_column, and its chords.
// No tempo, or a model that does not follow beats: nothing happens.
void set_beats(diffusion::GuidedPrompt& prompt, MusicModel& model, std::optional<double> bpm,
               const PieceBeats& beats, int64_t first_column, int64_t columns,
               int64_t total_columns);

// One window's conditioning is that of its middle: a prompt, or a mixture near a change, which is
// spread over the step from one window to the next. beats: empty where beats lie elsewhere than
// from the first sample on, as in somebody's recording.
SteeredWindows steer(MusicModel& model, std::span<const TimedPrompt> prompts,
                     const std::string& negative_prompt, const diffusion::WindowPlan& plan,
                     const std::optional<PieceBeats>& beats, const Job& job);

// a + share (b - a): Riffusion's way from one prompt to another.
models::Conditioning mixed(const models::Conditioning& a, const models::Conditioning& b,
                           double share);
// One item of a batch, as a batch of one.
models::Conditioning item_of(const models::Conditioning& all, int64_t index);

}  // namespace riffle::pipelines
