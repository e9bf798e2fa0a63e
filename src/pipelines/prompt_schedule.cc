// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/prompt_schedule.h"

#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "core/error.h"
#include "models/beat_rows.h"
#include "models/conditioning_parts.h"
#include "pipelines/chroma_rows.h"

namespace riffle::pipelines {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) {
    text.remove_prefix(1);
  }
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) {
    text.remove_suffix(1);
  }
  return text;
}

// "20s" of "20s: drums": digits, then at most letters, spaces and dots before the colon. Empty when
// the text does not begin with a time.
std::string_view leading_time(std::string_view text) {
  if (text.empty() || !std::isdigit(static_cast<unsigned char>(text.front()))) return {};
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return {};
  const std::string_view time = text.substr(0, colon);
  const bool plain = std::ranges::all_of(time, [](unsigned char c) {
    return std::isdigit(c) || c == '.' || c == ' ' || c == 's' || c == 'm' || c == 'b' ||
           c == 'a' || c == 'r';
  });
  return plain ? trimmed(time) : std::string_view{};
}

bool is_zero(std::string_view time) {
  return time.find_first_of("123456789") == std::string_view::npos;
}

std::vector<std::string_view> parts_of(std::string_view text) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find(';'), text.size());
    const std::string_view part = trimmed(text.substr(0, end));
    if (!part.empty()) parts.push_back(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

// "80s: synth pop; loud" is no schedule: it does not begin at 0, and nothing else has a time.
bool is_schedule(std::span<const std::string_view> parts) {
  const auto times = std::ranges::count_if(
      parts, [](std::string_view part) { return !leading_time(part).empty(); });
  const std::string_view first = parts.empty() ? std::string_view{} : leading_time(parts.front());
  return !first.empty() && (is_zero(first) || times > 1);
}

at::Tensor mixed(const at::Tensor& a, const at::Tensor& b, double share) {
  return a.defined() ? a + share * (b - a) : at::Tensor{};
}

at::Tensor row(const at::Tensor& all, int64_t index) {
  return all.defined() ? all.narrow(0, index, 1) : at::Tensor{};
}

// The prompt that holds at a place, and how far it has given way to the next one.
struct Place {
  size_t index = 0;
  double share = 0;
};

Place place_at(std::span<const TimedPrompt> prompts, double sample, double spread) {
  Place place;
  for (size_t i = 1; i < prompts.size(); ++i) {
    const double share = (sample - static_cast<double>(prompts[i].start)) / spread + 0.5;
    if (share >= 1) {
      place = {i, 0};
    } else if (share > 0) {
      return {i - 1, share};
    }
  }
  return place;
}

}  // namespace

models::Conditioning mixed(const models::Conditioning& a, const models::Conditioning& b,
                           double share) {
  return models::conditioning_of_parts([&](auto part) { return mixed(a.*part, b.*part, share); });
}

models::Conditioning item_of(const models::Conditioning& all, int64_t index) {
  return models::conditioning_of_parts([&](auto part) { return row(all.*part, index); });
}

std::vector<TimedPrompt> parse_prompt_schedule(std::string_view text, const Length& length,
                                               int sample_rate) {
  text = trimmed(text);
  const std::vector<std::string_view> parts = parts_of(text);
  if (!is_schedule(parts)) return {{0, std::string(text)}};
  std::vector<TimedPrompt> prompts;
  for (const std::string_view part : parts) {
    const std::string_view time = leading_time(part);
    if (time.empty()) {
      throw Error(ErrorCode::InvalidArgument,
                  fmt::format("prompt: \"{}\" does not begin with a time", part),
                  "write all parts like \"0s: piano; 20s: drums\"");
    }
    const int64_t start = length.place_of(time, sample_rate, "prompt");
    if (!prompts.empty() && start <= prompts.back().start) {
      throw Error(ErrorCode::InvalidArgument,
                  fmt::format("prompt: {} does not come after the part before it", time),
                  "put the parts in the order of time");
    }
    prompts.push_back({start, std::string(trimmed(part.substr(part.find(':') + 1)))});
  }
  prompts.front().start = 0;
  return prompts;
}

void set_chroma(diffusion::GuidedPrompt& prompt, const at::Tensor& chroma) {
  prompt.positive.chroma = chroma;
  prompt.negative.chroma = at::zeros_like(chroma);
}

void set_beats(diffusion::GuidedPrompt& prompt, MusicModel& model, std::optional<double> bpm,
               const PieceBeats& beats, int64_t first_column, int64_t columns,
               int64_t total_columns) {
  if (!bpm || !model.denoiser().follows_beats()) return;
  const Geometry& geometry = model.geometry();
  models::BeatGrid grid{
      .columns_per_beat = geometry.place_of(nearest(60.0 * geometry.codec.sample_rate / *bpm)),
      .beats_per_bar = beats.beats_per_bar};
  if (beats.whole_beats > 0) {
    grid.columns_per_beat =
        static_cast<double>(total_columns) / static_cast<double>(beats.whole_beats);
  }
  prompt.positive.beats = models::beat_rows(grid, first_column, columns);
  // They are not known there: guidance is to lead towards the beat.
  prompt.negative.beats = at::zeros_like(prompt.positive.beats);
  if (beats.chords.empty() || !model.denoiser().follows_chroma()) return;
  const double columns_per_bar = grid.columns_per_beat * static_cast<double>(grid.beats_per_bar);
  set_chroma(prompt, chroma_rows(beats.chords, columns_per_bar, first_column, columns,
                                 beats.whole_beats > 0 ? total_columns : 0));
}

namespace {

std::vector<std::string> texts_of(std::span<const TimedPrompt> prompts,
                                  const std::string& negative_prompt) {
  std::vector<std::string> texts;
  for (const TimedPrompt& prompt : prompts) texts.push_back(prompt.text);
  texts.push_back(negative_prompt);
  return texts;
}

void note_unheard(std::span<const TimedPrompt> prompts, const diffusion::WindowPlan& plan,
                  double end, std::vector<std::string>& notes) {
  if (plan.count() == 1) {
    if (prompts.size() > 1) {
      notes.emplace_back("the piece is as short as one window: only the first prompt is used");
    }
    return;
  }
  for (const TimedPrompt& prompt : prompts) {
    if (static_cast<double>(prompt.start) >= end) {
      notes.push_back(fmt::format("\"{}\" begins after the end and is not heard", prompt.text));
    }
  }
}

}  // namespace

SteeredWindows steer(MusicModel& model, std::span<const TimedPrompt> prompts,
                     const std::string& negative_prompt, const diffusion::WindowPlan& plan,
                     const std::optional<PieceBeats>& beats, const Job& job) {
  const auto texts = texts_of(prompts, negative_prompt);
  models::ConditionedPrompts read =
      model.conditioner().condition(texts, {.bpm = beats ? beats->bpm : std::nullopt}, job);
  SteeredWindows steered{{}, std::move(read.notes)};
  const models::Conditioning negative =
      item_of(read.conditioning, static_cast<int64_t>(prompts.size()));
  const auto tempo = [&](size_t prompt) {
    return prompt < read.tempi.size() ? read.tempi[prompt] : std::optional<double>{};
  };
  if (beats && !beats->chords.empty()) {
    if (!tempo(0)) {
      throw Error(ErrorCode::InvalidArgument, "chords need a tempo",
                  "give one: --bpm 100, or in the prompt");
    }
    if (!model.denoiser().follows_chroma()) {
      steered.notes.emplace_back(kChordsUnheard);
    }
  }
  const auto column = static_cast<double>(model.geometry().samples_per_column());
  const double end = column * static_cast<double>(plan.total());
  note_unheard(prompts, plan, end, steered.notes);
  const auto add = [&](models::Conditioning positive, size_t prompt, int64_t start) {
    diffusion::GuidedPrompt guided{std::move(positive), negative};
    if (beats) {
      set_beats(guided, model, tempo(prompt), *beats, start, plan.window(), plan.total());
    }
    steered.prompts.push_back(std::move(guided));
  };
  // One prompt serves all windows, unless each is told where its beats lie.
  const bool on_beat = beats && tempo(0) && model.denoiser().follows_beats();
  if (plan.count() == 1 || (prompts.size() == 1 && !on_beat)) {
    add(item_of(read.conditioning, 0), 0, 0);
    return steered;
  }
  const double spread = column * static_cast<double>(plan.starts()[1] - plan.starts()[0]);
  for (const int64_t start : plan.starts()) {
    // In a loop the middle of the last windows may lie at the beginning.
    const double middle = std::fmod(
        column * (static_cast<double>(start) + static_cast<double>(plan.window()) / 2), end);
    const Place place = place_at(prompts, middle, spread);
    const auto at = static_cast<int64_t>(place.index);
    models::Conditioning positive = item_of(read.conditioning, at);
    if (place.share > 0) {
      positive = mixed(positive, item_of(read.conditioning, at + 1), place.share);
    }
    add(std::move(positive), place.index, start);
  }
  return steered;
}

}  // namespace riffle::pipelines
