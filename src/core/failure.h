// SPDX-License-Identifier: GPL-3.0-or-later
// The one place where exceptions become words for people and a code: the edges print them.
#pragma once

#include <exception>
#include <string>

#include "core/error.h"
#include "core/json.h"

namespace riffle {

struct Failure {
  ErrorCode code = ErrorCode::Internal;
  std::string message;  // one line
  std::string hint;     // one line, may be empty
};

// Understands riffle::Error, std::bad_alloc, filesystem errors and any std::exception: of
// libtorch's the first line, without its backtrace.
Failure failure_from(const std::exception_ptr& exception);

// {"code": "bad_file", "message": "...", "hint": "..."}
OrderedJson to_json(const Failure& failure);

}  // namespace riffle
