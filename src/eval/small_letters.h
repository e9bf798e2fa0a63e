// SPDX-License-Identifier: GPL-3.0-or-later
// Letters of five by seven points, to write on pictures.
#pragma once

#include <string_view>

#include "image/picture.h"

namespace riffle::eval {

inline constexpr int kLetterWidth = 6;   // with the gap
inline constexpr int kLetterHeight = 9;  // with the gap

// Writes in black from the upper left corner (x, y); small letters as capitals, what has no form as
// a gap. What does not fit into the picture is left out.
void write_text(image::Picture& picture, int x, int y, std::string_view text);

}  // namespace riffle::eval
