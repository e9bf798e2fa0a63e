// SPDX-License-Identifier: GPL-3.0-or-later
// Prompts that change over time: "0s: lo-fi piano; 20s: add drums; 8 bars: solo".
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "diffusion/sampler.h"
#include "diffusion/windows.h"
#include "pipelines/length.h"
#include "pipelines/music_model.h"

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

// One window's conditioning is that of its middle: a prompt, or a mixture near a change, which is
// spread over the step from one window to the next.
SteeredWindows steer(MusicModel& model, std::span<const TimedPrompt> prompts,
                     const std::string& negative_prompt, const diffusion::WindowPlan& plan,
                     const Job& job);

// a + share (b - a): Riffusion's way from one prompt to another.
models::Conditioning mixed(const models::Conditioning& a, const models::Conditioning& b,
                           double share);
// One item of a batch, as a batch of one.
models::Conditioning item_of(const models::Conditioning& all, int64_t index);

}  // namespace riffle::pipelines
