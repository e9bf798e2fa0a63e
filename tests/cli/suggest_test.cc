// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/suggest.h"

#include <gtest/gtest.h>

namespace riffle::cli {
namespace {

const std::vector<std::string> kWords = {"info", "audio-to-image", "image-to-audio", "print-exif"};

TEST(Nearest, FindsWhatWasMeant) {
  EXPECT_EQ(nearest("audoi-to-image", kWords), "audio-to-image");
  EXPECT_EQ(nearest("image-to-adio", kWords), "image-to-audio");
  EXPECT_EQ(nearest("printexif", kWords), "print-exif");
  EXPECT_EQ(nearest("ifno", kWords), "info");
}

TEST(Nearest, IsSilentWhenNothingIsNear) {
  EXPECT_EQ(nearest("generate", kWords), std::nullopt);
  EXPECT_EQ(nearest("", kWords), std::nullopt);
  EXPECT_EQ(nearest("xy", kWords), std::nullopt);
  EXPECT_EQ(nearest(std::string(100000, 'a'), kWords), std::nullopt);
  EXPECT_EQ(nearest("info", {}), std::nullopt);
}

}  // namespace
}  // namespace riffle::cli
