// SPDX-License-Identifier: GPL-3.0-or-later
// riffle print-exif: the tags of a picture.
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/options.h"
#include "core/log.h"
#include "image/picture_file.h"
#include "image/spectrogram_exif.h"

namespace riffle::cli {

Action add_print_exif(CLI::App& app) {
  const auto path = std::make_shared<std::string>();
  app.add_option("image,--image", *path, "Picture to read")->type_name(kFileType)->required();
  return [path](Context& context) {
    const auto picture = image::read_picture(*path);
    OrderedJson tags = OrderedJson::array();
    for (const auto& line : image::list_exif(picture.exif, *path)) {
      context.out.line("{}", line.text());
      tags.push_back({{"tag", line.tag}, {"name", line.name}, {"value", line.value}});
    }
    if (tags.empty()) log::warn("{}: no EXIF tags", *path);
    context.out.document() = {{"image", *path}, {"tags", std::move(tags)}};
  };
}

}  // namespace riffle::cli
