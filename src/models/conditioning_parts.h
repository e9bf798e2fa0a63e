// SPDX-License-Identifier: GPL-3.0-or-later
// The same done to every part of a conditioning, so that a new kind of conditioning needs no more
// than its line here to be batched, blended and shared like the others.
#pragma once

#include <array>

#include "models/denoiser.h"

namespace riffle::models {

inline constexpr std::array kConditioningParts{&Conditioning::tokens, &Conditioning::summary,
                                               &Conditioning::context, &Conditioning::beats,
                                               &Conditioning::chroma};
static_assert(sizeof(Conditioning) == kConditioningParts.size() * sizeof(at::Tensor),
              "every part of Conditioning is in kConditioningParts");

// make(part): a tensor for each part, given as a pointer to member.
template <class Make>
Conditioning conditioning_of_parts(const Make& make) {
  Conditioning made;
  for (const auto part : kConditioningParts) made.*part = make(part);
  return made;
}

}  // namespace riffle::models
