// SPDX-License-Identifier: GPL-3.0-or-later
// MMA's grooves by genre.
#pragma once

#include <span>
#include <string_view>

namespace riffle::corpus::detail {

struct GenreGrooves {
  std::string_view genre;
  int beats = 4;
  std::string_view grooves;  // separated by commas
};

std::span<const GenreGrooves> mma_groove_table();

}  // namespace riffle::corpus::detail
