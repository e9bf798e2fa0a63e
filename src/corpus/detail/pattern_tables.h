// SPDX-License-Identifier: GPL-3.0-or-later
// The tables behind patterns.h.
#pragma once

#include <span>
#include <string_view>

namespace riffle::corpus::detail {

struct Pattern {
  std::string_view style;
  int beats = 4;
  std::string_view text;
};

std::span<const Pattern> drum_patterns();
std::span<const Pattern> drum_fills();
std::span<const Pattern> bass_patterns();
std::span<const Pattern> chord_patterns();

}  // namespace riffle::corpus::detail
