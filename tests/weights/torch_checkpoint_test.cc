// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/torch_checkpoint.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "raw_files.h"
#include "support/test_files.h"
#include "weights/detail/torch_pickle.h"
#include "weights/detail/zip_directory.h"
#include "weights/open_weights.h"

namespace riffle::weights {
namespace {

class Protocol : public ::testing::TestWithParam<const char*> {};

TEST_P(Protocol, TensorsAndNumbersComeBackAndNothingRuns) {
  ::testing::internal::CaptureStdout();
  const TorchCheckpoint file = open_torch_checkpoint(test::golden_file(GetParam()));
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
  const at::Tensor twelve = at::arange(12, at::kFloat).view({3, 4});
  const std::vector<std::pair<std::string, at::Tensor>> expected = {
      {"state_dict.a.weight", twelve},
      {"state_dict.a.bias", at::arange(3, at::kHalf)},
      {"state_dict.transposed", twelve.t()},
      {"state_dict.parameter", at::full({2}, 1.0F)},
      {"state_dict.scalar", at::full({}, 3.0F)},
      {"state_dict.slice", at::tensor({2, 4, 6}, at::kLong)},
      {"state_dict.bfloat16", at::full({3}, 1.5F, at::kBFloat16)},
      {"state_dict.bool", at::tensor({1, 0}, at::kLong).to(at::kBool)},
      {"state_dict.empty", at::full({0, 3}, 0.0F)},
      {"list.0", at::full({2}, 0.0F)},
      {"list.1", at::full({2}, 1.0F)},
      {"opt.state.0.exp_avg", at::full({2}, 4.0F)}};
  EXPECT_EQ(file.tensors->tensors().size(), expected.size());
  for (const auto& [name, tensor] : expected) {
    for (const at::Tensor& read : {file.tensors->view(name), file.tensors->load(name)}) {
      EXPECT_EQ(read.scalar_type(), tensor.scalar_type()) << name;
      EXPECT_TRUE(at::equal(read, tensor)) << name;
    }
  }
  EXPECT_TRUE(
      at::equal(file.tensors->load("state_dict.transposed", at::kHalf), twelve.t().to(at::kHalf)));
  EXPECT_EQ(file.numbers, (std::map<std::string, double>{{"epoch", 7},
                                                         {"lr", 0.5},
                                                         {"flag", 1},
                                                         {"negative", -3},
                                                         {"fid", 1.5},
                                                         {"step", -7},
                                                         {"small", 200}}));
  EXPECT_EQ(file.skipped, 2);  // the object and the number of 81 bits
}

INSTANTIATE_TEST_SUITE_P(TorchCheckpoint, Protocol,
                         ::testing::Values("weights/protocol_2.pt", "weights/protocol_4.pt"),
                         [](const auto& row) { return std::string(row.param).substr(8, 10); });

TEST(TorchCheckpoint, OpenWeightsTakesTheStateDict) {
  const auto source = open_weights(test::golden_file("weights/protocol_2.pt"));
  EXPECT_EQ(source->tensors().size(), 9U);
  EXPECT_NE(source->find("a.weight"), nullptr);
}

TEST(TorchCheckpoint, FormsThatAreNotReadAreNamed) {
  EXPECT_RIFFLE_ERROR(open_weights(test::golden_file("weights/legacy.pt")), ErrorCode::Unsupported,
                      "before torch 1.6");
  EXPECT_RIFFLE_ERROR(open_weights(test::golden_file("weights/torchscript.pt")),
                      ErrorCode::Unsupported, "TorchScript");
  EXPECT_RIFFLE_ERROR(open_weights(test::golden_file("weights/whole_module.pt")),
                      ErrorCode::Unsupported, "holds no tensors");
}

TEST(TorchCheckpoint, Music2LatentWithNumpyScalars) {
  RIFFLE_REFERENCE_OR_SKIP(path, "cae-tiny/music2latent.pt");
  const TorchCheckpoint file = open_torch_checkpoint(path);
  EXPECT_EQ(file.numbers, (std::map<std::string, double>{{"fid", 1.5}, {"it", 7}, {"epoch", 3}}));
  EXPECT_EQ(file.skipped, 0);
  const auto source = open_weights(path);
  EXPECT_EQ(source->tensors().size(), file.tensors->tensors().size());
  EXPECT_EQ(source->require("encoder.gain.scale").shape, (std::vector<int64_t>{1, 1, 1024, 1}));
}

std::span<const uint8_t> as_bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// Every single-bit change and every truncation: an Error, or entries inside the file.
TEST(TorchCheckpoint, MutatedArchivesNeverReachOutside) {
  const std::string good = read_raw(test::golden_file("weights/protocol_4.pt"));
  const auto attempt = [](const std::string& bytes) {
    try {
      for (const auto& [name, entry] : detail::read_zip_directory(as_bytes(bytes), "mutant")) {
        ASSERT_LE(entry.offset, bytes.size());
        ASSERT_LE(entry.size, bytes.size() - entry.offset);
      }
    } catch (const Error&) {
    }
  };
  for (size_t i = 0; i < good.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string mutant = good;
      mutant[i] = static_cast<char>(mutant[i] ^ (1 << bit));
      attempt(mutant);
    }
    attempt(good.substr(0, i));
  }
}

// Changes of every byte and every truncation: an Error, or tensors inside their storages.
TEST(TorchCheckpoint, MutatedPicklesStaySane) {
  const std::string file = read_raw(test::golden_file("weights/protocol_4.pt"));
  const auto entry = detail::read_zip_directory(as_bytes(file), "x").at("protocol_4/data.pkl");
  const std::string good = file.substr(entry.offset, entry.size);
  const auto attempt = [](const std::string& bytes) {
    try {
      for (const auto& t : detail::read_torch_pickle(as_bytes(bytes), "mutant").tensors) {
        const auto count = element_count(t.shape);
        ASSERT_TRUE(count && *count <= t.storage_elements) << t.name;
        int64_t last = t.offset;
        for (size_t d = 0; d < t.shape.size(); ++d) last += (t.shape[d] - 1) * t.strides[d];
        ASSERT_TRUE(*count == 0 || last < t.storage_elements) << t.name;
      }
    } catch (const Error&) {
    }
  };
  for (size_t i = 0; i < good.size(); ++i) {
    for (int value = 0; value < 256; value += 5) {
      std::string mutant = good;
      mutant[i] = static_cast<char>(value);
      attempt(mutant);
    }
    attempt(good.substr(0, i));
  }
}

// Pickle by hand: a tensor whose storage "0" is said to have `storage` elements.
std::string pickled_tensor(int64_t storage, int64_t offset, const std::vector<int64_t>& shape,
                           const std::vector<int64_t>& strides,
                           const std::string& type = "FloatStorage") {
  const auto number = [](int64_t value) {
    std::string out = "\x8a\x08";  // LONG1 of 8 bytes
    append_integer(out, static_cast<uint64_t>(value), 8);
    return out;
  };
  const auto numbers = [&](const std::vector<int64_t>& values) {
    std::string out = "(";
    for (const int64_t v : values) out += number(v);
    return out + "t";
  };
  return "ctorch._utils\n_rebuild_tensor_v2\n((U\x07storagectorch\n" + type +
         "\nU\x01"
         "0U\x03"
         "cpu" +
         number(storage) + "tQ" + number(offset) + numbers(shape) + numbers(strides) + "\x89}tR";
}

std::string archive(const std::string& pickle, const std::string& storage = std::string(64, '\0')) {
  return raw_zip({{"archive/data.pkl", "\x80\x02" + pickle + "."}, {"archive/data/0", storage}});
}
std::string dictionary(const std::string& value) { return "}U\x01w" + value + "s"; }

TEST(TorchCheckpoint, HandMadeTensorReads) {
  test::TemporaryFolder folder;
  write_raw(folder / "x", archive(dictionary(pickled_tensor(16, 4, {2, 3}, {3, 1}))));
  EXPECT_EQ(open_torch_checkpoint(folder / "x").tensors->require("w").shape,
            (std::vector<int64_t>{2, 3}));
}

struct Hostile {
  const char* name;
  std::string bytes;
  ErrorCode code;
  const char* part;
};
void PrintTo(const Hostile& h, std::ostream* out) { *out << h.name; }

class HostileCheckpoint : public ::testing::TestWithParam<Hostile> {};

TEST_P(HostileCheckpoint, IsRefusedWithReason) {
  test::TemporaryFolder folder;
  write_raw(folder / "x.ckpt", GetParam().bytes);
  EXPECT_RIFFLE_ERROR(open_torch_checkpoint(folder / "x.ckpt"), GetParam().code, GetParam().part);
}

// Lists of ten references to the list before, twelve deep: 10^12 values to whoever walks them.
std::string laughs() {
  std::string out = "]q\x01";
  for (int level = 1; level < 12; ++level) {
    out += "](";
    for (int i = 0; i < 10; ++i) out += std::string("h") + static_cast<char>(level);
    out += std::string("eq") + static_cast<char>(level + 1);
  }
  return out;
}

std::string nested(int levels) {
  std::string out;
  for (int i = 0; i < levels; ++i) out += "]";
  for (int i = 1; i < levels; ++i) out += "a";
  return out;
}

INSTANTIATE_TEST_SUITE_P(
    TorchCheckpoint, HostileCheckpoint,
    ::testing::Values(
        Hostile{"storage_outside", archive(dictionary(pickled_tensor(17, 0, {2}, {1}))),
                ErrorCode::BadFile, "needs a storage of 17 F32"},
        Hostile{"window_outside", archive(dictionary(pickled_tensor(16, 14, {3}, {1}))),
                ErrorCode::BadFile, "does not fit its storage"},
        Hostile{"stride_outside", archive(dictionary(pickled_tensor(16, 0, {2, 2}, {16, 1}))),
                ErrorCode::BadFile, "does not fit its storage"},
        Hostile{"stride_wraps", archive(dictionary(pickled_tensor(16, 0, {3}, {INT64_MAX}))),
                ErrorCode::BadFile, "does not fit its storage"},
        Hostile{"size_2_60", archive(dictionary(pickled_tensor(16, 0, {int64_t{1} << 60}, {1}))),
                ErrorCode::BadFile, "does not fit its storage"},
        Hostile{"storage_2_60",
                archive(dictionary(pickled_tensor(int64_t{1} << 60, 0, {int64_t{1} << 60}, {1}))),
                ErrorCode::BadFile, "needs a storage"},
        Hostile{"product_wraps",
                archive(dictionary(pickled_tensor(16, 0, {int64_t{1} << 33, int64_t{1} << 33},
                                                  {1, 1}))),
                ErrorCode::BadFile, "impossible shape"},
        Hostile{"expanded_bomb",
                archive(dictionary(pickled_tensor(16, 0, {int64_t{1} << 40}, {0}))),
                ErrorCode::BadFile, "does not fit its storage"},
        Hostile{"negative_stride", archive(dictionary(pickled_tensor(16, 15, {4}, {-1}))),
                ErrorCode::BadFile, "no natural number"},
        Hostile{"negative_offset", archive(dictionary(pickled_tensor(16, -1, {4}, {1}))),
                ErrorCode::BadFile, "no natural number"},
        Hostile{"strides_too_few", archive(dictionary(pickled_tensor(16, 0, {2, 2}, {1}))),
                ErrorCode::BadFile, "impossible shape"},
        Hostile{"type_unknown",
                archive(dictionary(pickled_tensor(16, 0, {2}, {1}, "ComplexFloatStorage"))),
                ErrorCode::Unsupported, "holds no tensors"},
        Hostile{"two_of_a_name",
                archive("}(U\x01w" + pickled_tensor(16, 0, {2}, {1}) + "U\x01w" +
                        pickled_tensor(16, 0, {2}, {1}) + "u"),
                ErrorCode::BadFile, "the name of two tensors"},
        Hostile{"no_storage",
                archive(dictionary("ctorch._utils\n_rebuild_tensor_v2\n(NK\x01K\x01K\x01tR")),
                ErrorCode::BadFile, "without storage"},
        Hostile{"no_arguments", archive(dictionary("ctorch._utils\n_rebuild_tensor_v2\nNR")),
                ErrorCode::BadFile, "without storage"},
        Hostile{"only_code", archive("cos\nsystem\n(U\x02lstR"), ErrorCode::Unsupported,
                "holds no tensors"},
        Hostile{"list_holds_itself",
                archive("]q\x01h\x01"
                        "a"),
                ErrorCode::BadFile, "or holds itself"},
        Hostile{"dictionary_holds_itself", archive("}q\x01U\x01kh\x01s"), ErrorCode::BadFile,
                "or holds itself"},
        Hostile{"nested_deep", archive(nested(100'000)), ErrorCode::BadFile,
                "nested deeper than 64"},
        Hostile{"million_laughs", archive(laughs()), ErrorCode::BadFile, "one of more than"},
        Hostile{"stack_bomb", archive("N" + std::string(1'100'000, '2')), ErrorCode::BadFile,
                "grows too deep"},
        Hostile{"mark_bomb", archive(std::string(1'100'000, '(')), ErrorCode::BadFile,
                "nest too deep"},
        Hostile{"value_bomb",
                archive(std::string(990'000, '}') + "](" + std::string(990'000, '}') + "e](" +
                        std::string(990'000, '}') + "e](" + std::string(990'000, '}') + "e](" +
                        std::string(990'000, '}') + "e"),
                ErrorCode::BadFile, ""},
        Hostile{"huge_integer", archive(std::string("\x8b\xff\xff\xff\xff", 5)), ErrorCode::BadFile,
                "4294967295 bytes wanted"},
        Hostile{"huge_text", archive(std::string("\x8d\xff\xff\xff\xff\xff\xff\xff\xff", 9)),
                ErrorCode::BadFile, "bytes wanted"},
        Hostile{"memo_missing", archive("h\x07"), ErrorCode::BadFile, "nothing is remembered as 7"},
        Hostile{"stack_empty", archive("0"), ErrorCode::BadFile, "its stack is empty"},
        Hostile{"mark_missing", archive("t"), ErrorCode::BadFile, "a mark is missing"},
        Hostile{"reach_below_mark", archive("K\x01(0"), ErrorCode::BadFile, "its stack is empty"},
        Hostile{"key_without_value", archive("}(K\x01u"), ErrorCode::BadFile, "a key has no value"},
        Hostile{"items_into_number",
                archive("K\x01K\x02"
                        "a"),
                ErrorCode::BadFile, "no container"},
        Hostile{"opcode_of_protocol_0", archive("I1\n"), ErrorCode::Unsupported, "opcode 0x49"},
        Hostile{"line_without_end", archive("ctorch"), ErrorCode::BadFile, "a line has no end"},
        Hostile{"global_of_numbers", archive("K\x01K\x02\x93"), ErrorCode::BadFile,
                "named by something else"},
        Hostile{"protocol_9", raw_zip({{"a/data.pkl", "\x80\x09N."}}), ErrorCode::BadFile,
                "pickle protocol 9"},
        Hostile{"no_stop", raw_zip({{"a/data.pkl", "\x80\x02N"}}), ErrorCode::BadFile,
                "1 bytes wanted, 0 left"},
        Hostile{"big_endian", raw_zip({{"a/data.pkl", "\x80\x02}."}, {"a/byteorder", "big"}}),
                ErrorCode::Unsupported, "not little-endian"},
        Hostile{"compressed", raw_zip({{"a/data.pkl", "\x80\x02}."}}, 8), ErrorCode::Unsupported,
                "compressed"},
        Hostile{"no_pickle", raw_zip({{"a/readme", "hello"}}), ErrorCode::BadFile,
                "without data.pkl"},
        Hostile{"storage_missing",
                raw_zip({{"a/data.pkl",
                          "\x80\x02" + dictionary(pickled_tensor(16, 0, {2}, {1})) + "."}}),
                ErrorCode::BadFile, "no entry \"a/data/0\""},
        Hostile{"entry_twice", raw_zip({{"a/data.pkl", "N."}, {"a/data.pkl", "N."}}),
                ErrorCode::BadFile, "the name of another"},
        Hostile{"only_magic", "PK\x03\x04", ErrorCode::BadFile, "without its table of contents"},
        Hostile{"nothing", "", ErrorCode::BadFile, "without its table of contents"}),
    [](const auto& row) { return row.param.name; });

TEST(OpenWeights, SaysWhatStandsInsteadOfTheFile) {
  test::TemporaryFolder folder;
  const auto refuse = [&](const std::string& bytes, ErrorCode code, const char* part) {
    write_raw(folder / "x", bytes);
    EXPECT_RIFFLE_ERROR(open_weights(folder / "x"), code, part);
  };
  refuse("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", ErrorCode::BadFile,
         "Git LFS pointer");
  refuse("\n<!DOCTYPE html><html>", ErrorCode::BadFile, "a web page");
  refuse("Entry not found", ErrorCode::BadFile, "error message");
  refuse(std::string("GGUF\x03\0\0\0", 8), ErrorCode::Unsupported, "GGUF");
  refuse("something else", ErrorCode::BadFile, "neither safetensors nor");
  refuse("", ErrorCode::BadFile, "neither safetensors nor");
  EXPECT_RIFFLE_ERROR(open_weights(folder / "missing"), ErrorCode::NotFound, "no such file");
}

TEST(OpenWeights, ShardsAreOneSource) {
  test::TemporaryFolder folder;
  const auto shard = [](const char* name) {
    return raw_safetensors(
        std::string(R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},")") + name +
            R"(":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
        "\x05\x06");
  };
  write_raw(folder / "1.safetensors", shard("a"));
  write_raw(folder / "2.safetensors", shard("b"));
  const auto index = folder / "m.safetensors.index.json";
  write_raw(index,
            R"({"weight_map":{"a":"1.safetensors","b":"2.safetensors","x":"2.safetensors"}})");
  const auto source = open_weights(index);
  ASSERT_EQ(source->tensors().size(), 3U);
  EXPECT_EQ(source->load("b").item<int64_t>(), 6);
  write_raw(index, R"({"weight_map":{"q":"1.safetensors"}})");
  EXPECT_RIFFLE_ERROR(open_weights(index), ErrorCode::BadFile, "no tensor \"q\"");
  write_raw(index, R"({"weight_map":{"a":"../1.safetensors"}})");
  EXPECT_RIFFLE_ERROR(open_weights(index), ErrorCode::BadFile, "not in a file beside the index");
  write_raw(index, R"({"weight_map":{"a":"m.safetensors.index.json"}})");
  EXPECT_RIFFLE_ERROR(open_weights(index), ErrorCode::BadFile, "");
  write_raw(index, R"({"weight_map":[]})");
  EXPECT_RIFFLE_ERROR(open_weights(index), ErrorCode::BadFile, "expected an object \"weight_map\"");
}

}  // namespace
}  // namespace riffle::weights
