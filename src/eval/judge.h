// SPDX-License-Identifier: GPL-3.0-or-later
// A trained judge: the tagger with its thresholds, what real music scores under every judge (the
// ceilings), what real pictures are like, and prompts of held-out songs. A folder:
//   judge.json, prompts.jsonl, tagger/weights.safetensors, tagger/reference.safetensors (float16)
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audio/spectrogram_params.h"
#include "core/json.h"
#include "eval/asked.h"
#include "eval/blur.h"
#include "eval/key.h"
#include "eval/tagger.h"

namespace riffle::eval {

// Probabilities, 0..1.
struct Tags {
  at::Tensor instruments;  // [N, instruments]
  at::Tensor families;     // [N, families]
  at::Tensor drums;        // [N]
  at::Tensor genres;       // [N, genres]
  at::Tensor embeddings;   // [N, embedding]
};

// What covers are played on: instruments that are hard to mistake for each other.
inline constexpr std::array<std::string_view, 8> kCoverInstruments = {
    "piano", "organ", "flute", "strings", "violin", "trumpet", "synth lead", "electric guitar"};

struct Judge {
  std::shared_ptr<Tagger> tagger;
  Json spectrogram;                           // as in corpus.json
  audio::SpectrogramParams params;            // the same
  std::vector<double> instrument_thresholds;  // above which an instrument counts as heard
  std::vector<double> family_thresholds;
  double drum_threshold = 0.5;
  KeyModel keys = KeyModel::of_ratings();
  std::map<std::string, double> ceilings;  // by the judge's name
  Steepness real;                          // of held-out pictures
  at::Tensor held_out;                     // embeddings [N, D] of held-out windows
  at::Tensor training;                     // of as many training windows
  std::vector<Asked> prompts;              // captions of held-out songs
  Json made_of = Json::object();           // songs, windows, steps

  // levels: uint8 [N, rows, frames]. Throws Error{InvalidArgument} for other sizes.
  Tags listen(const at::Tensor& levels, const Job& job = {}) const;
  // The place of an instrument; -1 when the judge does not know it.
  int64_t place_of_instrument(std::string_view word) const;
  // Of the instruments at these places, at least one, the one that is heard most, each by its own
  // measure: how far it is above its threshold, as a logit. instruments: of one window, as in Tags.
  int64_t favourite(const at::Tensor& instruments, std::span<const int64_t> places) const;
  int64_t place_of_family(std::string_view word) const;
};

// Places of kCoverInstruments that it knows.
std::vector<int64_t> cover_places(const Judge& judge);

void save_judge(const Judge& judge, const std::filesystem::path& folder);
// Throws Error{NotFound, BadFile}.
Judge open_judge(const std::filesystem::path& folder);

// "judges" in the folders models are looked for in. Throws Error{NotFound} that says where was
// looked.
std::filesystem::path find_judge();

}  // namespace riffle::eval
