// SPDX-License-Identifier: GPL-3.0-or-later
#include "text/detail/unicode.h"

#include <fmt/format.h>
#include <unicode/ucasemap.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <memory>

#include "core/error.h"

namespace riffle::text::detail {
namespace {

void require_success(UErrorCode status, const char* what) {
  if (U_FAILURE(status)) {
    throw Error(ErrorCode::Internal, fmt::format("ICU: {}: {}", what, u_errorName(status)));
  }
}

}  // namespace

std::u32string decode_utf8(std::string_view text) {
  if (text.size() > static_cast<size_t>(INT32_MAX)) {
    throw Error(ErrorCode::InvalidArgument, "the text is longer than 2 GiB");
  }
  std::u32string out;
  out.reserve(text.size());
  const auto size = static_cast<int32_t>(text.size());
  for (int32_t i = 0; i < size;) {
    const int32_t start = i;
    UChar32 c = 0;
    U8_NEXT(text.data(), i, size, c);
    if (c < 0) {
      throw Error(ErrorCode::InvalidArgument,
                  fmt::format("the text is not UTF-8 at byte {}", start),
                  "save or type it as UTF-8");
    }
    out.push_back(static_cast<char32_t>(c));
  }
  return out;
}

void append_utf8(std::string& out, char32_t code_point) {
  char bytes[4];
  int32_t size = 0;
  U8_APPEND_UNSAFE(bytes, size, static_cast<UChar32>(code_point));
  out.append(bytes, static_cast<size_t>(size));
}

bool is_letter(char32_t c) { return (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_L_MASK) != 0; }
bool is_number(char32_t c) { return (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_N_MASK) != 0; }
bool is_whitespace(char32_t c) { return u_isUWhiteSpace(static_cast<UChar32>(c)) != 0; }

std::string lower(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  // The root locale: Turkish and Lithuanian rules would depend on the machine.
  const std::unique_ptr<UCaseMap, decltype(&ucasemap_close)> map(ucasemap_open("", 0, &status),
                                                                 &ucasemap_close);
  require_success(status, "opening the case map");
  std::string out(text.size() + 16, '\0');
  for (int attempt = 0; attempt < 2; ++attempt) {
    status = U_ZERO_ERROR;
    const int32_t size =
        ucasemap_utf8ToLower(map.get(), out.data(), static_cast<int32_t>(out.size()), text.data(),
                             static_cast<int32_t>(text.size()), &status);
    out.resize(static_cast<size_t>(size));
    if (status != U_BUFFER_OVERFLOW_ERROR) break;
  }
  require_success(status, "lower-casing");
  return out;
}

}  // namespace riffle::text::detail
