// SPDX-License-Identifier: GPL-3.0-or-later
// The tables behind genres.h.
#pragma once

#include <span>

#include "corpus/genres.h"

namespace riffle::corpus::detail {

std::span<const Genre> band_genres();        // rock, funk, soul, latin: bands with a drummer
std::span<const Genre> electronic_genres();  // machines
std::span<const Genre> acoustic_genres();    // jazz, folk, classical

}  // namespace riffle::corpus::detail
