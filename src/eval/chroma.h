// SPDX-License-Identifier: GPL-3.0-or-later
// How well one clip's melody and harmony follow another's.
#pragma once

#include "audio/chroma.h"

namespace riffle::eval {

using audio::Chroma;
using audio::chroma_of;
using audio::mean_of_columns;
using audio::PitchClasses;

// The correlation of the two over all columns and pitch classes, each column without its mean and
// at unit length, smoothed over some 0.3 s. -1..1; 0 where one is silent.
double chroma_correlation(const Chroma& a, const Chroma& b);

}  // namespace riffle::eval
