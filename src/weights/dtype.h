// SPDX-License-Identifier: GPL-3.0-or-later
// Element types of tensors on disk, and sizes of shapes. Free of libtorch, so that the readers of
// untrusted headers can be fuzzed on their own.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace riffle::weights {

enum class DType : uint8_t { F64, F32, F16, BF16, I64, I32, I16, I8, U8, Bool };

// Bytes of one element.
int64_t size_of(DType type);
bool is_floating(DType type);

// safetensors' names: "F64" "F32" "F16" "BF16" "I64" "I32" "I16" "I8" "U8" "BOOL".
std::string_view name_of(DType type);
std::optional<DType> dtype_from_name(std::string_view name);

// Number of elements, or of bytes; empty when a dimension is negative or the result passes 2^62.
std::optional<int64_t> element_count(std::span<const int64_t> shape);
std::optional<int64_t> byte_count(std::span<const int64_t> shape, DType type);

// "[4, 320, 1, 1]", for messages.
std::string shape_text(std::span<const int64_t> shape);

}  // namespace riffle::weights
