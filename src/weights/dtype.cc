// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/dtype.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

namespace riffle::weights {
namespace {

struct Row {
  DType type;
  std::string_view name;
  int64_t size;
  bool floating;
};
// In the order of the enumeration.
constexpr std::array<Row, 10> kRows{{
    {DType::F64, "F64", 8, true},
    {DType::F32, "F32", 4, true},
    {DType::F16, "F16", 2, true},
    {DType::BF16, "BF16", 2, true},
    {DType::I64, "I64", 8, false},
    {DType::I32, "I32", 4, false},
    {DType::I16, "I16", 2, false},
    {DType::I8, "I8", 1, false},
    {DType::U8, "U8", 1, false},
    {DType::Bool, "BOOL", 1, false},
}};

const Row& row(DType type) { return kRows[static_cast<size_t>(type)]; }

constexpr int64_t kMostElements = int64_t{1} << 62;

}  // namespace

int64_t size_of(DType type) { return row(type).size; }
bool is_floating(DType type) { return row(type).floating; }
std::string_view name_of(DType type) { return row(type).name; }

std::optional<DType> dtype_from_name(std::string_view name) {
  for (const Row& r : kRows) {
    if (r.name == name) return r.type;
  }
  return std::nullopt;
}

std::optional<int64_t> element_count(std::span<const int64_t> shape) {
  // A zero anywhere makes the product zero, but the other dimensions must still be sane.
  int64_t count = 1;
  bool empty = false;
  for (const int64_t size : shape) {
    if (size < 0) return std::nullopt;
    if (size == 0) {
      empty = true;
    } else {
      if (count > kMostElements / size) return std::nullopt;
      count *= size;
    }
  }
  return empty ? 0 : count;
}

std::optional<int64_t> byte_count(std::span<const int64_t> shape, DType type) {
  const auto count = element_count(shape);
  if (!count || *count > kMostElements / size_of(type)) return std::nullopt;
  return *count * size_of(type);
}

std::string shape_text(std::span<const int64_t> shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

}  // namespace riffle::weights
