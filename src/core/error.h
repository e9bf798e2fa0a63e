// SPDX-License-Identifier: GPL-3.0-or-later
// The one exception type of Riffle. Below the edges (CLI, HTTP) every failure is thrown as an
// Error; the edges translate it once, to an exit status or a problem document.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace riffle {

enum class ErrorCode {
  InvalidArgument,  // the caller asked for something that makes no sense
  NotFound,         // a file, model or name that is not there
  BadFile,  // a file that is there but cannot be used: truncated, hostile, of an unknown form
  OutOfMemory,
  Unsupported,  // well formed, but this build or this model cannot do it
  Device,       // an accelerator failed or is missing
  Cancelled,
  Io,        // the system refused to read or write
  Internal,  // a broken promise of our own: a defect
};

// message: what, where, expected, got. hint: what to do next (may be empty).
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message, std::string hint = {});

  ErrorCode code() const noexcept { return code_; }
  const std::string& hint() const noexcept { return hint_; }
  // The message without its hint.
  std::string message() const { return what(); }

 private:
  ErrorCode code_;
  std::string hint_;
};

// Lower-case name with underscores, e.g. "invalid_argument": stable, used in JSON.
std::string_view name_of(ErrorCode code);

// Exit status of the command line: 2 usage, 3 not found, 4 bad file, 5 memory, 6 device, 130
// cancelled, else 1.
int exit_status(ErrorCode code);

}  // namespace riffle
