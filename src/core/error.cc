// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/error.h"

#include <utility>

namespace riffle {

Error::Error(ErrorCode code, const std::string& message, std::string hint)
    : std::runtime_error(message), code_(code), hint_(std::move(hint)) {}

std::string_view name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::InvalidArgument:
      return "invalid_argument";
    case ErrorCode::NotFound:
      return "not_found";
    case ErrorCode::BadFile:
      return "bad_file";
    case ErrorCode::OutOfMemory:
      return "out_of_memory";
    case ErrorCode::Unsupported:
      return "unsupported";
    case ErrorCode::Device:
      return "device";
    case ErrorCode::Cancelled:
      return "cancelled";
    case ErrorCode::Io:
      return "io";
    case ErrorCode::Internal:
      return "internal";
  }
  return "internal";
}

int exit_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::InvalidArgument:
      return 2;
    case ErrorCode::NotFound:
      return 3;
    case ErrorCode::BadFile:
      return 4;
    case ErrorCode::OutOfMemory:
      return 5;
    case ErrorCode::Device:
      return 6;
    case ErrorCode::Cancelled:
      return 130;
    case ErrorCode::Unsupported:
    case ErrorCode::Io:
    case ErrorCode::Internal:
      return 1;
  }
  return 1;
}

}  // namespace riffle
