// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/mel_scale.h"

#include <gtest/gtest.h>

namespace riffle {
namespace {

TEST(MelScale, IsHtk) {
  EXPECT_NEAR(hz_to_mel(700), 2595 * std::log10(2.0), 1e-9);
  for (const double hz : {0.0, 3.7, 440.0, 10000.0})
    EXPECT_NEAR(mel_to_hz(hz_to_mel(hz)), hz, 1e-6);
}

}  // namespace
}  // namespace riffle
