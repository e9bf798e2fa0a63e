// SPDX-License-Identifier: GPL-3.0-or-later
// Files that are part of the program: the studio, where it was built, and the API's description.
#pragma once

#include <span>
#include <string_view>

namespace riffle::server {

struct EmbeddedFile {
  std::string_view path;  // "index.html", "assets/index-1a2b.js"
  std::string_view bytes;
};

// Empty where the program was built without web/dist.
std::span<const EmbeddedFile> studio_files();

// docs/openapi.json
std::string_view openapi_document();

}  // namespace riffle::server
