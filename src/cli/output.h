// SPDX-License-Identifier: GPL-3.0-or-later
// stdout: the results of a command as lines for people or, with --json, as one document.
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <mutex>
#include <string_view>
#include <utility>

#include "core/json.h"

namespace riffle::cli {

class Output {
 public:
  Output(std::FILE* stream, bool json) : stream_(stream), json_(json) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  bool json() const { return json_; }

  // A line for people; dropped with --json. May be called from any thread.
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    text(fmt::format(format, std::forward<Args>(args)...) + "\n");
  }

  // Text that ends its own lines; dropped with --json.
  void text(std::string_view text);

  // The document --json prints; filled by the command, from one thread.
  OrderedJson& document() { return document_; }

  // For commands that go on running: whoever reads stdout sees the lines so far.
  void flush();

  // Prints the document (with --json) and flushes. Throws Error{Io} when anything could not be
  // written.
  void finish();

 private:
  void write(std::string_view text);

  std::FILE* stream_;
  bool json_;
  OrderedJson document_ = OrderedJson::object();
  std::mutex mutex_;
};

}  // namespace riffle::cli
