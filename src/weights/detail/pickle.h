// SPDX-License-Identifier: GPL-3.0-or-later
// Python pickles as data. The stack machine is followed to see what would be built, but nothing is
// imported and nothing is called: a class or function stays a name, and calling it becomes a value
// that says who would be called with what.
// Opcodes: Lib/pickletools.py of CPython; protocols 2 to 5, without out-of-band buffers.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace riffle::weights::detail {

// Index into Pickle::values. 0 is None, which also stands for "not there".
using PickleRef = uint32_t;

struct PickleValue {
  enum class Kind : uint8_t {
    None,
    Bool,        // integer
    Int,         // integer
    BigInt,      // more than 64 bits; the digits are not kept
    Float,       // real
    String,      // text, UTF-8 as found
    Bytes,       // text
    Tuple,       // items
    List,        // items
    Set,         // items
    Dict,        // items: key, value, key, value, ...
    Global,      // text: "module.name"
    Object,      // the result of calling `callable` with the tuple `arguments`; items as in Dict
    Persistent,  // callable: the persistent id
  };
  Kind kind = Kind::None;
  int64_t integer = 0;
  double real = 0;
  std::string text;
  std::vector<PickleRef> items;
  PickleRef callable = 0;
  PickleRef arguments = 0;
  PickleRef state = 0;  // what BUILD handed to an Object
};

struct Pickle {
  std::vector<PickleValue> values;
  PickleRef root = 0;

  const PickleValue& operator[](PickleRef ref) const { return values[ref]; }
  const PickleValue& root_value() const { return values[root]; }
};

// A container may hold itself, directly or through others: whoever walks the values must bound the
// depth. Throws Error{BadFile} for anything malformed or beyond the limits (64 MiB, 4 million
// values, a stack of 1 million), Error{Unsupported} for opcodes outside protocols 2 to 5; `where`
// begins the message.
Pickle parse_pickle(std::span<const uint8_t> bytes, std::string_view where);

}  // namespace riffle::weights::detail
