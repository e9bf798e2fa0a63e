// SPDX-License-Identifier: GPL-3.0-or-later
// What a prompt asks for: the facts a judge can hold a clip to.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/json.h"
#include "eval/key.h"
#include "shards/record.h"

namespace riffle::eval {

struct Asked {
  std::string prompt;
  std::vector<std::string> instruments;  // words of the vocabulary; those the prompt names
  std::optional<bool> maybe_drums;       // true: named; false: "no drums", "solo"
  std::optional<double> maybe_bpm;
  std::optional<Key> maybe_key;
  std::string genre;  // empty: not named
};

// A caption of a segment: of what is known about it, what the caption tells.
Asked asked_by_caption(const std::string& caption, const shards::Record& record,
                       const shards::Segment& segment);

// The word for an instrument's family, "guitar" of "muted guitar"; empty for one that is not in the
// vocabulary, such as a drum kit.
std::string family_of(const std::string& instrument);

OrderedJson to_json(const Asked& asked);
// Throws Error{BadFile}.
Asked asked_from_json(const Json& json, const std::string& where);

}  // namespace riffle::eval
