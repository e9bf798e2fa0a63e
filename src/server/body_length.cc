// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/body_length.h"

#include "server/range.h"

namespace riffle::server {

BodyLength body_length_of(size_t lengths, std::string_view length, bool chunked) {
  using Kind = BodyLength::Kind;
  if (lengths + (chunked ? 1 : 0) > 1) return {Kind::Malformed};
  if (chunked) return {Kind::Chunked};
  if (lengths == 0) return {};
  const auto bytes = digits_of(length);
  if (!bytes) return {Kind::Malformed};
  return *bytes == 0 ? BodyLength{} : BodyLength{Kind::Known, *bytes};
}

}  // namespace riffle::server
