// SPDX-License-Identifier: GPL-3.0-or-later
// Clips, uploads and jobs as the API shows them (docs/openapi.json).
#pragma once

#include <string>

#include "core/json.h"
#include "library/records.h"

namespace riffle::server {

inline constexpr const char* kApi = "/api/v1";

OrderedJson clip_json(const library::ClipRecord& clip);
OrderedJson upload_json(const library::UploadRecord& upload);

template <class T>
OrderedJson or_null(const std::optional<T>& value) {
  return value ? OrderedJson(*value) : OrderedJson(nullptr);
}
OrderedJson time_or_null(const std::optional<int64_t>& ms);

}  // namespace riffle::server
