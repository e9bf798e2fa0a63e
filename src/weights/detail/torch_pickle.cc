// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/detail/torch_pickle.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <unordered_set>
#include <utility>

#include "core/error.h"
#include "weights/detail/pickle.h"

namespace riffle::weights::detail {
namespace {

using Kind = PickleValue::Kind;

constexpr int kDeepest = 64;
constexpr int64_t kMostVisits = 4'000'000;
constexpr size_t kLongestName = 4096;
constexpr size_t kMostDimensions = 16;

constexpr std::array<std::pair<std::string_view, DType>, 20> kTypes{{
    {"torch.DoubleStorage", DType::F64}, {"torch.FloatStorage", DType::F32},
    {"torch.HalfStorage", DType::F16},   {"torch.BFloat16Storage", DType::BF16},
    {"torch.LongStorage", DType::I64},   {"torch.IntStorage", DType::I32},
    {"torch.ShortStorage", DType::I16},  {"torch.CharStorage", DType::I8},
    {"torch.ByteStorage", DType::U8},    {"torch.BoolStorage", DType::Bool},
    {"torch.float64", DType::F64},       {"torch.float32", DType::F32},
    {"torch.float16", DType::F16},       {"torch.bfloat16", DType::BF16},
    {"torch.int64", DType::I64},         {"torch.int32", DType::I32},
    {"torch.int16", DType::I16},         {"torch.int8", DType::I8},
    {"torch.uint8", DType::U8},          {"torch.bool", DType::Bool},
}};

std::optional<DType> type_called(std::string_view name) {
  for (const auto& [known, type] : kTypes) {
    if (known == name) return type;
  }
  return std::nullopt;
}

class Flattener {
 public:
  Flattener(const Pickle& pickle, std::string_view where) : pickle_(pickle), where_(where) {}

  TorchPickle run() {
    visit(pickle_.root, "", 0);
    return std::move(result_);
  }

 private:
  [[noreturn]] void fail(const std::string& name, const std::string& problem) const {
    throw Error(ErrorCode::BadFile, fmt::format("{}: \"{}\" {}", where_, name, problem));
  }

  const PickleValue& at(PickleRef ref) const { return pickle_[ref]; }
  std::string_view called(const PickleValue& object) const {
    const PickleValue& callable = at(object.callable);
    return callable.kind == Kind::Global ? std::string_view(callable.text) : std::string_view();
  }
  // An element of a tuple or list; None when there is none.
  PickleRef item(const PickleValue& sequence, size_t index) const {
    const bool is_sequence = sequence.kind == Kind::Tuple || sequence.kind == Kind::List;
    return is_sequence && index < sequence.items.size() ? sequence.items[index] : 0;
  }

  void visit(PickleRef ref, const std::string& name, int depth) {
    if (depth > kDeepest)
      fail(name, fmt::format("is nested deeper than {} levels, or holds itself", kDeepest));
    if (++visits_ > kMostVisits)
      fail(name, fmt::format("is one of more than {} values", kMostVisits));
    if (name.size() > kLongestName) fail(name.substr(0, 60), "... is too long a name");
    const PickleValue& value = at(ref);
    switch (value.kind) {
      case Kind::Dict:
        return dictionary(value, name, depth);
      case Kind::Tuple:
      case Kind::List:
        for (size_t i = 0; i < value.items.size(); ++i)
          visit(value.items[i], join(name, std::to_string(i)), depth + 1);
        return;
      case Kind::Object:
        return object(value, name, depth);
      case Kind::Int:
      case Kind::Bool:
        result_.numbers[name] = static_cast<double>(value.integer);
        return;
      case Kind::Float:
        result_.numbers[name] = value.real;
        return;
      case Kind::None:
        return;
      default:
        ++result_.skipped;
        return;
    }
  }

  static std::string join(const std::string& name, std::string_view key) {
    return name.empty() ? std::string(key) : fmt::format("{}.{}", name, key);
  }

  // Dict, or a class derived from it; entries with keys other than text and integers are skipped.
  void dictionary(const PickleValue& value, const std::string& name, int depth) {
    for (size_t i = 0; i + 1 < value.items.size(); i += 2) {
      entry(at(value.items[i]), value.items[i + 1], name, depth);
    }
  }
  void entry(const PickleValue& key, PickleRef value, const std::string& name, int depth) {
    if (key.kind == Kind::String) {
      visit(value, join(name, key.text), depth + 1);
    } else if (key.kind == Kind::Int) {
      visit(value, join(name, std::to_string(key.integer)), depth + 1);
    } else {
      ++result_.skipped;
    }
  }

  void object(const PickleValue& value, const std::string& name, int depth) {
    const std::string_view function = called(value);
    const PickleValue& arguments = at(value.arguments);
    if (function == "collections.OrderedDict") {
      const PickleValue& list =
          at(item(arguments, 0));  // Python 2 handed the entries over as a list
      for (size_t i = 0; list.kind == Kind::List && i < list.items.size(); ++i) {
        const PickleValue& pair = at(list.items[i]);
        entry(at(item(pair, 0)), item(pair, 1), name, depth);
      }
      dictionary(value, name, depth);
    } else if (function == "collections.defaultdict") {
      dictionary(value, name, depth);
    } else if (function == "torch._utils._rebuild_tensor_v2" ||
               function == "torch._utils._rebuild_tensor") {
      tensor(arguments, name, {});
    } else if (function == "torch._utils._rebuild_tensor_v3") {
      tensor(arguments, name, at(item(arguments, 6)).text);
    } else if (function == "torch._utils._rebuild_parameter" ||
               function == "torch._utils._rebuild_parameter_with_state") {
      visit(item(arguments, 0), name, depth + 1);
    } else if (function == "numpy.core.multiarray.scalar" ||
               function == "numpy._core.multiarray.scalar") {
      scalar(arguments, name);
    } else {
      ++result_.skipped;
    }
  }

  std::vector<int64_t> integers(PickleRef ref, const std::string& name) const {
    const PickleValue& tuple = at(ref);
    if ((tuple.kind != Kind::Tuple && tuple.kind != Kind::List) ||
        tuple.items.size() > kMostDimensions) {
      fail(name, fmt::format("needs tuples of at most {} sizes and strides", kMostDimensions));
    }
    std::vector<int64_t> result;
    for (const PickleRef i : tuple.items) result.push_back(integer(i, name));
    return result;
  }
  int64_t integer(PickleRef ref, const std::string& name) const {
    const PickleValue& value = at(ref);
    if (value.kind != Kind::Int || value.integer < 0) {
      fail(name, "has a size, stride or offset that is no natural number below 2^63");
    }
    return value.integer;
  }

  // Arguments: storage, offset, sizes, strides, ...; the storage is named by the persistent id
  // ("storage", type, key, device, number of elements). In the third form the storage is of bytes
  // and the type of the elements comes last.
  void tensor(const PickleValue& arguments, const std::string& name, std::string_view type_name) {
    const PickleValue& storage = at(item(arguments, 0));
    const PickleValue& id = at(storage.kind == Kind::Persistent ? storage.callable : 0);
    const PickleValue& key = at(item(id, 2));
    if (at(item(id, 0)).text != "storage" || key.kind != Kind::String) {
      fail(name, "is a tensor without storage");
    }
    const bool untyped = !type_name.empty();
    const auto type = type_called(untyped ? type_name : std::string_view(at(item(id, 1)).text));
    if (!type) {
      ++result_.skipped;  // complex, quantised, 8-bit floating: nothing Riffle loads
      return;
    }
    PickledTensor t{name,
                    *type,
                    integers(item(arguments, 2), name),
                    integers(item(arguments, 3), name),
                    integer(item(arguments, 1), name),
                    key.text,
                    integer(item(id, 4), name)};
    if (untyped) t.storage_elements /= size_of(*type);
    check_window(t);
    if (!names_.insert(name).second) fail(name, "is the name of two tensors");
    result_.tensors.push_back(std::move(t));
  }

  void check_window(const PickledTensor& t) const {
    const auto count = element_count(t.shape);
    if (!count || t.shape.size() != t.strides.size()) {
      fail(t.name, fmt::format("has the impossible shape {} with strides {}", shape_text(t.shape),
                               shape_text(t.strides)));
    }
    if (*count == 0) return;
    int64_t last = t.offset;
    bool inside = true;
    for (size_t i = 0; i < t.shape.size(); ++i) {
      int64_t reach = 0;
      inside = inside && !__builtin_mul_overflow(t.shape[i] - 1, t.strides[i], &reach) &&
               !__builtin_add_overflow(last, reach, &last);
    }
    if (!inside || last >= t.storage_elements || *count > t.storage_elements) {
      fail(t.name,
           fmt::format("of shape {}, strides {}, offset {} does not fit its storage of {} elements",
                       shape_text(t.shape), shape_text(t.strides), t.offset, t.storage_elements));
    }
  }

  // numpy.core.multiarray.scalar(dtype("f8", ...), bytes)
  void scalar(const PickleValue& arguments, const std::string& name) {
    const PickleValue& dtype = at(item(arguments, 0));
    const std::string& form = at(item(at(dtype.arguments), 0)).text;
    const std::optional<std::string> raw = raw_bytes(at(item(arguments, 1)));
    const bool big_endian = at(item(at(dtype.state), 1)).text == ">";
    const auto as = [&]<class T>(T value) {
      if (!raw || big_endian || raw->size() != sizeof value) return false;
      std::memcpy(&value, raw->data(), sizeof value);
      result_.numbers[name] = static_cast<double>(value);
      return true;
    };
    const bool known = called(dtype) == "numpy.dtype" &&
                       ((form == "f8" && as(double{})) || (form == "f4" && as(float{})) ||
                        (form == "i8" && as(int64_t{})) || (form == "i4" && as(int32_t{})) ||
                        (form == "i2" && as(int16_t{})) || (form == "i1" && as(int8_t{})) ||
                        (form == "u8" && as(uint64_t{})) || (form == "u4" && as(uint32_t{})) ||
                        (form == "u2" && as(uint16_t{})) || (form == "u1" && as(uint8_t{})));
    if (!known) ++result_.skipped;
  }

  // Bytes themselves, or as protocol 2 writes them: _codecs.encode(text, "latin1").
  std::optional<std::string> raw_bytes(const PickleValue& value) const {
    if (value.kind == Kind::Bytes) return value.text;
    if (value.kind != Kind::Object || called(value) != "_codecs.encode") return std::nullopt;
    const std::string& text = at(item(at(value.arguments), 0)).text;
    std::string bytes;
    for (size_t i = 0; i < text.size();
         ++i) {  // U+0080 to U+00FF are two bytes, C2 or C3 and another
      auto c = static_cast<uint8_t>(text[i]);
      if (c >= 0x80) {
        if ((c != 0xc2 && c != 0xc3) || i + 1 >= text.size()) return std::nullopt;
        c = static_cast<uint8_t>((c & 3) << 6 | (static_cast<uint8_t>(text[++i]) & 0x3f));
      }
      bytes.push_back(static_cast<char>(c));
    }
    return bytes;
  }

  const Pickle& pickle_;
  std::string_view where_;
  TorchPickle result_;
  std::unordered_set<std::string> names_;
  int64_t visits_ = 0;
};

}  // namespace

TorchPickle read_torch_pickle(std::span<const uint8_t> bytes, std::string_view where) {
  static_assert(std::endian::native == std::endian::little,
                "numpy scalars are read as little-endian");
  const Pickle pickle = parse_pickle(bytes, where);
  return Flattener(pickle, where).run();
}

}  // namespace riffle::weights::detail
