// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/detail/pickle.h"

#include <fmt/format.h>

#include <bit>
#include <unordered_map>
#include <utility>

#include "core/error.h"
#include "weights/detail/byte_reader.h"

namespace riffle::weights::detail {
namespace {

using Kind = PickleValue::Kind;

constexpr size_t kMostBytes = size_t{64} << 20;
constexpr size_t kMostValues = 4'000'000;
constexpr size_t kDeepestStack = 1'000'000;

// Opcodes by the letter or number that pickletools gives them.
enum Op : uint8_t {
  kMark = '(',
  kStop = '.',
  kPop = '0',
  kPopMark = '1',
  kDup = '2',
  kBinFloat = 'G',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kNone = 'N',
  kBinPersId = 'Q',
  kReduce = 'R',
  kBinString = 'T',
  kShortBinString = 'U',
  kBinUnicode = 'X',
  kAppend = 'a',
  kBuild = 'b',
  kGlobal = 'c',
  kDict = 'd',
  kEmptyDict = '}',
  kAppends = 'e',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kList = 'l',
  kEmptyList = ']',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kSetItem = 's',
  kTuple = 't',
  kEmptyTuple = ')',
  kSetItems = 'u',
  kBinBytes = 'B',
  kShortBinBytes = 'C',
  kProto = 0x80,
  kNewObj = 0x81,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8a,
  kLong4 = 0x8b,
  kShortBinUnicode = 0x8c,
  kBinUnicode8 = 0x8d,
  kBinBytes8 = 0x8e,
  kEmptySet = 0x8f,
  kAddItems = 0x90,
  kFrozenSet = 0x91,
  kNewObjEx = 0x92,
  kStackGlobal = 0x93,
  kMemoize = 0x94,
  kFrame = 0x95,
  kByteArray8 = 0x96,
};

class Machine {
 public:
  Machine(std::span<const uint8_t> bytes, std::string_view where)
      : in_(bytes, where), where_(where) {
    result_.values.emplace_back();  // None
  }

  Pickle run() {
    while (true) {
      const uint8_t op = in_.u8();
      if (op == kStop) break;
      if (!constant(op) && !container(op) && !memory(op) && !call(op)) refuse(op);
    }
    result_.root = pop();
    return std::move(result_);
  }

 private:
  // Numbers, strings and the other values that stand for themselves.
  bool constant(uint8_t op) {
    switch (op) {
      case kNone:
        push(0);
        return true;
      case kNewTrue:
        integer(Kind::Bool, 1);
        return true;
      case kNewFalse:
        integer(Kind::Bool, 0);
        return true;
      case kBinInt:
        integer(Kind::Int, static_cast<int32_t>(in_.u32()));
        return true;
      case kBinInt1:
        integer(Kind::Int, in_.u8());
        return true;
      case kBinInt2:
        integer(Kind::Int, in_.u16());
        return true;
      case kLong1:
        long_integer(in_.u8());
        return true;
      case kLong4:
        long_integer(in_.u32());
        return true;
      case kBinFloat: {
        uint64_t bits = 0;  // big-endian, alone among the opcodes
        for (int i = 0; i < 8; ++i) bits = bits << 8 | in_.u8();
        make(Kind::Float).real = std::bit_cast<double>(bits);
        return true;
      }
      case kShortBinUnicode:
      case kShortBinString:
        text(Kind::String, in_.u8());
        return true;
      case kBinUnicode:
      case kBinString:
        text(Kind::String, in_.u32());
        return true;
      case kBinUnicode8:
        text(Kind::String, in_.u64());
        return true;
      case kShortBinBytes:
        text(Kind::Bytes, in_.u8());
        return true;
      case kBinBytes:
        text(Kind::Bytes, in_.u32());
        return true;
      case kBinBytes8:
      case kByteArray8:
        text(Kind::Bytes, in_.u64());
        return true;
      case kGlobal: {
        const std::string_view module = in_.line();
        const std::string_view name = in_.line();
        make(Kind::Global).text = fmt::format("{}.{}", module, name);
        return true;
      }
      default:
        return false;
    }
  }

  bool container(uint8_t op) {
    switch (op) {
      case kEmptyTuple:
        make(Kind::Tuple);
        return true;
      case kEmptyList:
        make(Kind::List);
        return true;
      case kEmptyDict:
        make(Kind::Dict);
        return true;
      case kEmptySet:
        make(Kind::Set);
        return true;
      case kTuple1:
        collect(Kind::Tuple, pop_many(1));
        return true;
      case kTuple2:
        collect(Kind::Tuple, pop_many(2));
        return true;
      case kTuple3:
        collect(Kind::Tuple, pop_many(3));
        return true;
      case kTuple:
        collect(Kind::Tuple, pop_to_mark());
        return true;
      case kList:
        collect(Kind::List, pop_to_mark());
        return true;
      case kFrozenSet:
        collect(Kind::Set, pop_to_mark());
        return true;
      case kDict:
        collect(Kind::Dict, pairs(pop_to_mark()));
        return true;
      case kAppend:
        extend(Kind::List, pop_many(1));
        return true;
      case kAppends:
        extend(Kind::List, pop_to_mark());
        return true;
      case kAddItems:
        extend(Kind::Set, pop_to_mark());
        return true;
      case kSetItem:
        extend(Kind::Dict, pop_many(2));
        return true;
      case kSetItems:
        extend(Kind::Dict, pairs(pop_to_mark()));
        return true;
      default:
        return false;
    }
  }

  // Stack and memo.
  bool memory(uint8_t op) {
    switch (op) {
      case kProto:
        if (const int protocol = in_.u8(); protocol > 5) {
          in_.fail(fmt::format("pickle protocol {}, expected 2 to 5", protocol));
        }
        return true;
      case kFrame:
        in_.u64();
        return true;
      case kMark:
        if (marks_.size() >= kDeepestStack) in_.fail("its marks nest too deep");
        marks_.push_back(stack_.size());
        return true;
      case kPop:
        pop();
        return true;
      case kPopMark:
        pop_to_mark();
        return true;
      case kDup:
        push(top());
        return true;
      case kBinPut:
        memo_[in_.u8()] = top();
        return true;
      case kLongBinPut:
        memo_[in_.u32()] = top();
        return true;
      case kMemoize:
        memo_[static_cast<uint32_t>(memo_.size())] = top();
        return true;
      case kBinGet:
        recall(in_.u8());
        return true;
      case kLongBinGet:
        recall(in_.u32());
        return true;
      default:
        return false;
    }
  }

  // Everything that would run code: written down, not run.
  bool call(uint8_t op) {
    switch (op) {
      case kReduce:
      case kNewObj: {
        const auto parts = pop_many(2);
        object(parts[0], parts[1]);
        return true;
      }
      case kNewObjEx: {
        const auto parts = pop_many(3);  // class, arguments, keyword arguments
        object(parts[0], parts[1]);
        return true;
      }
      case kBuild: {
        const PickleRef state = pop();
        if (PickleValue& value = at(top()); value.kind == Kind::Object) value.state = state;
        return true;
      }
      case kStackGlobal: {
        const auto parts = pop_many(2);
        if (at(parts[0]).kind != Kind::String || at(parts[1]).kind != Kind::String) {
          in_.fail("a class is named by something else than text");
        }
        std::string name = fmt::format("{}.{}", at(parts[0]).text, at(parts[1]).text);
        make(Kind::Global).text = std::move(name);
        return true;
      }
      case kBinPersId: {
        const PickleRef id = pop();
        make(Kind::Persistent).callable = id;
        return true;
      }
      default:
        return false;
    }
  }

  [[noreturn]] void refuse(uint8_t op) const {
    throw Error(
        ErrorCode::Unsupported,
        fmt::format("{}: pickle opcode 0x{:02x} at byte {} is not among those of protocols 2 to 5",
                    where_, op, in_.position() - 1),
        "save the weights again with torch.save or as safetensors");
  }

  PickleValue& at(PickleRef ref) { return result_.values[ref]; }

  void push(PickleRef ref) {
    if (stack_.size() >= kDeepestStack) in_.fail("its stack grows too deep");
    stack_.push_back(ref);
  }
  PickleValue& make(Kind kind) {
    if (result_.values.size() >= kMostValues) {
      in_.fail(fmt::format("more than {} values", kMostValues));
    }
    push(static_cast<PickleRef>(result_.values.size()));
    result_.values.emplace_back().kind = kind;
    return result_.values.back();
  }
  void integer(Kind kind, int64_t value) { make(kind).integer = value; }
  void text(Kind kind, uint64_t size) {
    const std::string_view found = in_.text(size);
    make(kind).text = found;
  }
  void long_integer(uint64_t size) {
    const std::string_view digits = in_.text(size);
    if (size > 8) {
      make(Kind::BigInt);
      return;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < size; ++i) value |= uint64_t{static_cast<uint8_t>(digits[i])} << (8 * i);
    const unsigned unused =
        static_cast<unsigned>(64 - 8 * size);  // two's complement of `size` bytes
    integer(Kind::Int, size == 0 ? 0 : static_cast<int64_t>(value << unused) >> unused);
  }
  void object(PickleRef callable, PickleRef arguments) {
    PickleValue& made = make(Kind::Object);
    made.callable = callable;
    made.arguments = arguments;
  }
  void collect(Kind kind, std::vector<PickleRef> items) { make(kind).items = std::move(items); }

  // Adds to the container on top. Classes derived from list, set or dict are Objects: only their
  // dictionary entries are kept.
  void extend(Kind kind, const std::vector<PickleRef>& items) {
    PickleValue& target = at(top());
    if (target.kind != kind && target.kind != Kind::Object)
      in_.fail("items are added to no container");
    if (target.kind == Kind::Object && kind != Kind::Dict) return;
    target.items.insert(target.items.end(), items.begin(), items.end());
  }
  std::vector<PickleRef> pairs(std::vector<PickleRef> items) const {
    if (items.size() % 2 != 0) in_.fail("a key has no value");
    return items;
  }

  // The stack below the last mark is out of reach.
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  PickleRef top() const {
    if (stack_.size() <= floor()) in_.fail("its stack is empty");
    return stack_.back();
  }
  PickleRef pop() {
    const PickleRef ref = top();
    stack_.pop_back();
    return ref;
  }
  std::vector<PickleRef> pop_from(size_t begin) {
    std::vector<PickleRef> items(stack_.begin() + static_cast<ptrdiff_t>(begin), stack_.end());
    stack_.resize(begin);
    return items;
  }
  std::vector<PickleRef> pop_many(size_t count) {
    if (stack_.size() < floor() + count) in_.fail("its stack is empty");
    return pop_from(stack_.size() - count);
  }
  std::vector<PickleRef> pop_to_mark() {
    if (marks_.empty()) in_.fail("a mark is missing");
    const size_t begin = floor();
    marks_.pop_back();
    return pop_from(begin);
  }
  void recall(uint32_t slot) {
    const auto found = memo_.find(slot);
    if (found == memo_.end()) in_.fail(fmt::format("nothing is remembered as {}", slot));
    push(found->second);
  }

  ByteReader in_;
  std::string_view where_;
  Pickle result_;
  std::vector<PickleRef> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint32_t, PickleRef> memo_;
};

}  // namespace

Pickle parse_pickle(std::span<const uint8_t> bytes, std::string_view where) {
  if (bytes.size() > kMostBytes) {
    throw Error(ErrorCode::BadFile, fmt::format("{}: a pickle of {} bytes, expected at most {}",
                                                where, bytes.size(), kMostBytes));
  }
  return Machine(bytes, where).run();
}

}  // namespace riffle::weights::detail
