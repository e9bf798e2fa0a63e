// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/contact_sheet.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "core/error.h"
#include "eval/small_letters.h"

namespace riffle::eval {
namespace {

constexpr int kMargin = 6;
constexpr int kLabelLines = 2;

// The label in as many lines as there are, broken anywhere.
void write_label(image::Picture& picture, int x, int y, int width, std::string_view label) {
  const auto line = static_cast<size_t>(width / kLetterWidth);
  for (int i = 0; i < kLabelLines && !label.empty(); ++i) {
    write_text(picture, x, y + i * kLetterHeight, label.substr(0, line));
    label.remove_prefix(std::min(line, label.size()));
  }
}

}  // namespace

image::Picture picture_of_levels(const at::Tensor& levels) {
  image::Picture picture(static_cast<int>(levels.size(1)), static_cast<int>(levels.size(0)));
  const at::Tensor rgb = levels.to(at::kByte).unsqueeze(2).expand({-1, -1, 3}).contiguous();
  std::copy_n(rgb.data_ptr<uint8_t>(), rgb.numel(), picture.rgb.begin());
  return picture;
}

image::Picture contact_sheet(const std::vector<ContactPrint>& prints,
                             const ContactSheetOptions& options) {
  if (prints.empty()) {
    throw Error(ErrorCode::InvalidArgument, "a contact sheet needs a picture at least");
  }
  const int cell_width = options.width + kMargin;
  const int cell_height = options.height + kLabelLines * kLetterHeight + 2 * kMargin;
  const auto count = static_cast<int>(prints.size());
  const int rows = (count + options.columns - 1) / options.columns;
  image::Picture sheet(options.columns * cell_width + kMargin, rows * cell_height + kMargin);
  std::ranges::fill(sheet.rgb, uint8_t{255});
  for (int i = 0; i < count; ++i) {
    const ContactPrint& print = prints[static_cast<size_t>(i)];
    const int left = kMargin + i % options.columns * cell_width;
    const int top = kMargin + i / options.columns * cell_height;
    const at::Tensor small = at::adaptive_avg_pool2d(
        print.levels.to(at::kFloat).unsqueeze(0).unsqueeze(0), {options.height, options.width});
    const image::Picture picture = picture_of_levels(small[0][0].round());
    for (int y = 0; y < options.height; ++y) {
      std::ranges::copy(picture.row(y),
                        sheet.row(top + y).begin() + static_cast<int64_t>(left) * 3);
    }
    write_label(sheet, left, top + options.height + 3, options.width, print.label);
  }
  return sheet;
}

}  // namespace riffle::eval
