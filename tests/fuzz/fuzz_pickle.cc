// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes read as the pickle of a PyTorch checkpoint, and as the zip archive around it: refused
// with a riffle::Error, or tensors inside their storages and entries inside the file.
#include <span>

#include "core/error.h"
#include "fuzz_support.h"
#include "weights/detail/torch_pickle.h"
#include "weights/detail/zip_directory.h"

using riffle::fuzz::require;
namespace detail = riffle::weights::detail;

int LLVMFuzzerInitialize(int*, char***) {
  riffle::fuzz::silence();
  return 0;
}

namespace {

void require_refusal(const riffle::Error& e) {
  require(e.code() == riffle::ErrorCode::BadFile || e.code() == riffle::ErrorCode::Unsupported);
}

void read_pickle(std::span<const uint8_t> bytes) {
  try {
    for (const auto& t : detail::read_torch_pickle(bytes, "input").tensors) {
      const auto count = riffle::weights::element_count(t.shape);
      require(count && *count <= t.storage_elements && t.shape.size() == t.strides.size());
      __int128 last = t.offset;
      for (size_t i = 0; i < t.shape.size(); ++i) {
        last += static_cast<__int128>(t.shape[i] - 1) * t.strides[i];
      }
      require(*count == 0 || (t.offset >= 0 && last < t.storage_elements));
    }
  } catch (const riffle::Error& e) {
    require_refusal(e);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span bytes(data, size);
  read_pickle(bytes);
  try {
    for (const auto& [name, entry] : detail::read_zip_directory(bytes, "input")) {
      require(entry.offset <= size && entry.size <= size - entry.offset);
      if (name.ends_with("data.pkl")) read_pickle(bytes.subspan(entry.offset, entry.size));
    }
  } catch (const riffle::Error& e) {
    require_refusal(e);
  }
  return 0;
}
