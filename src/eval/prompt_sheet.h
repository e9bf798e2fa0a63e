// SPDX-License-Identifier: GPL-3.0-or-later
// The prompt sheet: a list of clips with fixed seeds that a model is listened to by.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace riffle::eval {

struct SheetClip {
  std::string section;
  int64_t seed = 0;
  std::string prompt;
  std::string to = {};  // of a morph
  int64_t source = 0;   // of a cover: the seed of the clip it is made from; 0: none
  Json request;         // {"pipeline", "prompt", "seed", fields...}; without a cover's file

  // "piano -> organ": what stands beside the clip.
  std::string title() const;
};

// The text's form is described in prompt_sheet.txt. `where` begins messages. Throws Error{BadFile}
// naming the line.
std::vector<SheetClip> parse_prompt_sheet(std::string_view text, std::string_view where);

// prompt_sheet.txt, which is compiled in.
std::string_view built_in_prompt_sheet();

}  // namespace riffle::eval
