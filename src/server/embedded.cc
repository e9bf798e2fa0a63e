// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/embedded.h"

namespace riffle::server {

// Made by cmake/embed.cmake.
std::span<const EmbeddedFile> embedded_openapi();
std::span<const EmbeddedFile> embedded_studio();

std::span<const EmbeddedFile> studio_files() { return embedded_studio(); }

std::string_view openapi_document() { return embedded_openapi().front().bytes; }

}  // namespace riffle::server
