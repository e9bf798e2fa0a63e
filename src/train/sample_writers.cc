// SPDX-License-Identifier: GPL-3.0-or-later
#include "train/sample_writers.h"

#include <fmt/format.h>

#include <string>

#include "core/files.h"

namespace riffle::train {

SampleWriters plain_sample_writers() {
  return {.picture =
              [](const std::filesystem::path& path, const at::Tensor& levels) {
                const at::Tensor bytes = levels.cpu().contiguous();
                std::string file = fmt::format("P5\n{} {}\n255\n", bytes.size(1), bytes.size(0));
                file.append(static_cast<const char*>(bytes.data_ptr()),
                            static_cast<size_t>(bytes.numel()));
                write_text_file(path.string() + ".pgm", file);
              },
          .sound = {}};
}

}  // namespace riffle::train
