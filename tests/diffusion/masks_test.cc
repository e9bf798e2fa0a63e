// SPDX-License-Identifier: GPL-3.0-or-later
#include "diffusion/masks.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/error.h"
#include "support/test_files.h"

namespace riffle::diffusion {
namespace {

// The source columns Pillow 9.4 takes for Image.resize((cells, 1), NEAREST) of pictures whose sides
// are and are not multiples of 32.
TEST(PictureMaskTest, TakesThePixelsPillowTakes) {
  const std::vector<std::vector<int>> pillow = {
      {4, 12, 20, 29, 37, 45, 54, 62, 70, 79, 87, 95},  // 100 pixels
      {5, 15, 25, 35},                                  // 41
      {7, 23, 39, 55},                                  // 63
      {4, 12, 20, 29, 37, 46, 54, 62},                  // 67
      {5, 16, 28, 39, 50, 61, 73, 84},                  // 90
      {4, 12, 20, 28, 36, 44, 52, 60, 68, 76, 84, 92},  // 96
  };
  const int sizes[] = {100, 41, 63, 67, 90, 96};
  for (size_t i = 0; i < pillow.size(); ++i) {
    const int size = sizes[i];
    SCOPED_TRACE(size);
    std::vector<uint8_t> across;  // 32 rows, each its own column number
    std::vector<uint8_t> down;    // 32 columns
    for (int y = 0; y < 32; ++y)
      for (int x = 0; x < size; ++x) across.push_back(static_cast<uint8_t>(x));
    for (int y = 0; y < size; ++y) down.insert(down.end(), 32, static_cast<uint8_t>(y));
    const auto cells = static_cast<int64_t>(pillow[i].size());
    const at::Tensor wide = mask_of_picture(across, size, 32);
    const at::Tensor tall = mask_of_picture(down, 32, size);
    EXPECT_EQ(wide.sizes(), (std::vector<int64_t>{1, 1, 4, cells}));
    EXPECT_EQ(tall.sizes(), (std::vector<int64_t>{1, 1, cells, 4}));
    for (int64_t c = 0; c < cells; ++c) {
      const auto expected = static_cast<float>(pillow[i][static_cast<size_t>(c)]) / 255.0F;
      EXPECT_EQ(wide[0][0][3][c].item<float>(), expected) << c;
      EXPECT_EQ(tall[0][0][c][0].item<float>(), expected) << c;
    }
  }
}

TEST(PictureMaskTest, RefusesPicturesThatAreNone) {
  const std::vector<uint8_t> gray(40 * 40);
  EXPECT_NO_THROW(mask_of_picture(gray, 40, 40));
  EXPECT_RIFFLE_ERROR(mask_of_picture(gray, 41, 40), ErrorCode::InvalidArgument, "41 x 40");
  EXPECT_RIFFLE_ERROR(mask_of_picture(gray, 0, 40), ErrorCode::InvalidArgument, "0 x 40");
  EXPECT_RIFFLE_ERROR(mask_of_picture(gray, 20, 80), ErrorCode::InvalidArgument, "20 x 80");
  EXPECT_RIFFLE_ERROR(mask_of_picture(gray, int64_t{1} << 62, 40), ErrorCode::InvalidArgument,
                      "gray picture");
  EXPECT_RIFFLE_ERROR(mask_of_picture(gray, 40, 40, 5), ErrorCode::InvalidArgument, "factor");
}

TEST(RectangleMaskTest, HardEdgesFollowTheCellsAndPartsOfThem) {
  const MaskRectangle r{.left = 2, .right = 5.25, .top = 1, .bottom = 3};
  const at::Tensor mask = mask_of_rectangles(4, 8, {&r, 1});
  EXPECT_EQ(mask.sizes(), (std::vector<int64_t>{1, 1, 4, 8}));
  const at::Tensor row = at::tensor({0.F, 0.F, 1.F, 1.F, 1.F, 0.25F, 0.F, 0.F});
  for (int64_t y = 0; y < 4; ++y)
    EXPECT_TRUE(at::equal(mask[0][0][y], y == 1 || y == 2 ? row : at::zeros_like(row))) << y;
  const MaskRectangle within{.left = 1.25, .right = 1.75, .top = 0, .bottom = 1};
  EXPECT_FLOAT_EQ(mask_of_rectangles(1, 3, {&within, 1})[0][0][0][1].item<float>(), 0.5F);
}

TEST(RectangleMaskTest, SoftEdgesFallOutsideAndNeverInside) {
  const MaskRectangle r{.left = 10, .right = 20, .top = 0, .bottom = 1, .time_edge = 4};
  const at::Tensor mask = mask_of_rectangles(1, 32, {&r, 1})[0][0][0];
  const auto at = [&](int64_t x) { return mask[x].item<double>(); };
  for (int64_t x = 10; x < 20; ++x) EXPECT_EQ(at(x), 1) << x;
  for (int64_t x = 20; x < 24; ++x) {
    EXPECT_NEAR(at(x), 0.5 * (1 + std::cos(M_PI * (static_cast<double>(x) + 0.5 - 20) / 4)), 1e-6);
    EXPECT_LT(at(x), at(x - 1));
    EXPECT_NEAR(at(x), at(29 - x), 1e-6) << "the left edge mirrors the right";
  }
  EXPECT_EQ(at(24), 0);
  EXPECT_EQ(at(5), 0);
}

TEST(RectangleMaskTest, ARectangleOverTheBordersFillsThePicture) {
  const MaskRectangle r{.left = -3, .right = 100, .top = -1, .bottom = 9, .time_edge = 2};
  EXPECT_TRUE(at::equal(mask_of_rectangles(4, 6, {&r, 1}), at::ones({1, 1, 4, 6})));
}

TEST(RectangleMaskTest, SeveralRectanglesUnite) {
  const std::vector<MaskRectangle> both = {{.left = 0, .right = 3, .top = 0, .bottom = 2},
                                           {.left = 2, .right = 6, .top = 1, .bottom = 4}};
  const at::Tensor united = mask_of_rectangles(4, 8, both);
  EXPECT_TRUE(at::equal(united, at::maximum(mask_of_rectangles(4, 8, {&both[0], 1}),
                                            mask_of_rectangles(4, 8, {&both[1], 1}))));
}

TEST(RectangleMaskTest, RefusesWhatCoversNothing) {
  const auto mask = [](const MaskRectangle& r) { return mask_of_rectangles(4, 8, {&r, 1}); };
  EXPECT_RIFFLE_ERROR(mask({.left = 3, .right = 3, .top = 0, .bottom = 1}),
                      ErrorCode::InvalidArgument, "cover nothing");
  EXPECT_RIFFLE_ERROR(mask({.left = 8, .right = 9, .top = 0, .bottom = 1}),
                      ErrorCode::InvalidArgument, "cover nothing");
  EXPECT_RIFFLE_ERROR(mask({.left = 0, .right = std::nan(""), .top = 0, .bottom = 1}),
                      ErrorCode::InvalidArgument, "cover nothing");
  EXPECT_RIFFLE_ERROR(mask({.left = 0, .right = 1, .top = 0, .bottom = 1, .time_edge = -1}),
                      ErrorCode::InvalidArgument, "edges");
  EXPECT_RIFFLE_ERROR(mask_of_rectangles(4, 8, {}), ErrorCode::InvalidArgument, "0 rectangles");
}

TEST(BlendTest, WhiteRepaintsAndBlackKeeps) {
  const at::Tensor mask = at::tensor({1.F, 0.F, 0.25F}).view({1, 1, 1, 3});
  const at::Tensor repainted = at::full({2, 4, 1, 3}, 8.F);
  const at::Tensor kept = at::full({2, 4, 1, 3}, -4.F);
  EXPECT_TRUE(at::equal(blended(mask, repainted, kept)[1][2][0], at::tensor({8.F, -4.F, -1.F})));
}

}  // namespace
}  // namespace riffle::diffusion
