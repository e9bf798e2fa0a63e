// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes read as a safetensors file: refused with a riffle::Error, or a list of tensors that lie
// inside it, fill it exactly and do not overlap.
#include <set>
#include <span>

#include "core/error.h"
#include "fuzz_support.h"
#include "weights/detail/safetensors_header.h"

using riffle::fuzz::require;

int LLVMFuzzerInitialize(int*, char***) {
  riffle::fuzz::silence();
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const auto header = riffle::weights::detail::parse_safetensors_header({data, size}, "input");
    std::set<std::string> names;
    uint64_t position = header.entries.empty() ? size : header.entries.front().begin;
    for (const auto& e : header.entries) {
      require(e.begin == position && e.end >= e.begin && e.end <= size);
      require(static_cast<int64_t>(e.end - e.begin) ==
              riffle::weights::byte_count(e.shape, e.dtype));
      require(names.insert(e.name).second);
      position = e.end;
    }
    require(position == size);
  } catch (const riffle::Error& e) {
    require(e.code() == riffle::ErrorCode::BadFile || e.code() == riffle::ErrorCode::Unsupported);
  }
  return 0;
}
