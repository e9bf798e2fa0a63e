// SPDX-License-Identifier: GPL-3.0-or-later
// Many spectrograms on one picture, so that one look shows the whole.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "image/picture.h"

namespace riffle::eval {

struct ContactPrint {
  std::string label;
  at::Tensor levels;  // uint8 [rows, frames]
};

struct ContactSheetOptions {
  int columns = 5;
  int width = 256;  // of a print; pictures are averaged or stretched to it
  int height = 128;
};

// Each print with its label below, in rows from the left. Throws Error{InvalidArgument} for none.
image::Picture contact_sheet(const std::vector<ContactPrint>& prints,
                             const ContactSheetOptions& options = {});

// Levels as a gray picture.
image::Picture picture_of_levels(const at::Tensor& levels);

}  // namespace riffle::eval
