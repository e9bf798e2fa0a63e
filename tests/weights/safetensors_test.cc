// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/safetensors.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "core/error.h"
#include "raw_files.h"
#include "support/test_files.h"
#include "weights/detail/safetensors_header.h"

namespace riffle::weights {
namespace {

constexpr at::ScalarType kAllTypes[] = {at::kDouble, at::kFloat, at::kHalf,  at::kBFloat16,
                                        at::kLong,   at::kInt,   at::kShort, at::kChar,
                                        at::kByte,   at::kBool};

std::vector<std::pair<std::string, at::Tensor>> one_of_each_type() {
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (const auto type : kAllTypes) {
    tensors.emplace_back(
        fmt::format("t.{}", c10::toString(type)),
        at::arange(6, at::kFloat).remainder(type == at::kBool ? 2 : 6).to(type).view({2, 3}));
  }
  return tensors;
}

TEST(Safetensors, EveryTypeComesBack) {
  test::TemporaryFolder folder;
  auto tensors = one_of_each_type();
  tensors.emplace_back("scalar", at::full({}, 2.5F));
  tensors.emplace_back("nothing", at::empty({0, 4}));
  tensors.emplace_back("transposed", at::arange(12, at::kFloat).view({3, 4}).t());
  write_safetensors(folder / "x.safetensors", tensors, {{"format", "pt"}, {"note", "grüße"}});

  const Safetensors file = open_safetensors(folder / "x.safetensors");
  EXPECT_EQ(file.metadata.at("note"), "grüße");
  ASSERT_EQ(file.tensors->tensors().size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    const TensorInfo& info = file.tensors->require(name);
    EXPECT_EQ(info.shape, tensor.sizes().vec()) << name;
    for (const at::Tensor& read : {file.tensors->view(name), file.tensors->load(name)}) {
      EXPECT_EQ(read.scalar_type(), tensor.scalar_type()) << name;
      EXPECT_TRUE(at::equal(read, tensor)) << name;
    }
  }
}

TEST(Safetensors, SameTensorsSameBytesAndAligned) {
  test::TemporaryFolder folder;
  auto tensors = one_of_each_type();
  write_safetensors(folder / "a", tensors, {{"k", "v"}});
  std::reverse(tensors.begin(), tensors.end());
  write_safetensors(folder / "b", tensors, {{"k", "v"}});
  const std::string bytes = read_raw(folder / "a");
  EXPECT_EQ(bytes, read_raw(folder / "b"));

  const auto* start = reinterpret_cast<const uint8_t*>(bytes.data());
  for (const auto& e : detail::parse_safetensors_header({start, bytes.size()}, "a").entries) {
    EXPECT_EQ(e.begin % static_cast<uint64_t>(size_of(e.dtype)), 0U) << e.name;
  }
}

TEST(Safetensors, ViewsLieInTheMappingOutliveTheSourceAndNeverReachTheFile) {
  test::TemporaryFolder folder;
  write_safetensors(folder / "x", {{"a", at::ones({4096})}});
  at::Tensor first;
  {
    const auto source = open_safetensors(folder / "x").tensors;
    first = source->view("a");
    EXPECT_EQ(first.data_ptr(), source->view("a").data_ptr());
    EXPECT_NE(first.data_ptr(), source->load("a").data_ptr());
  }
  first.fill_(7);
  EXPECT_TRUE(at::equal(first, at::full({4096}, 7.0F)));
  EXPECT_TRUE(at::equal(open_safetensors(folder / "x").tensors->load("a"), at::ones({4096})));
}

TEST(Safetensors, MisalignedDataIsCopied) {
  // A header of 3 bytes more puts the float32 data at an odd place.
  test::TemporaryFolder folder;
  std::string data(8, '\0');
  const float values[] = {1.5F, -2.0F};
  std::memcpy(data.data(), values, 8);
  std::string json = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  json.append(1 + (8 - json.size() % 8) % 8, ' ');
  write_raw(folder / "x", raw_safetensors(json, data));
  const auto source = open_safetensors(folder / "x").tensors;
  for (const at::Tensor& t : {source->view("a"), source->load("a")}) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(t.data_ptr()) % 4, 0U);
    EXPECT_EQ(t[0].item<float>(), 1.5F);
    EXPECT_EQ(t[1].item<float>(), -2.0F);
  }
}

TEST(Safetensors, LoadConverts) {
  test::TemporaryFolder folder;
  // More than the reader converts at a time, and no multiple of it.
  const at::Tensor half = at::arange(2'500'000, at::kFloat).remainder(2048).to(at::kHalf);
  write_safetensors(folder / "x", {{"half", half}, {"ints", at::arange(5, at::kInt)}});
  const auto source = open_safetensors(folder / "x").tensors;
  EXPECT_TRUE(at::equal(source->load("half", at::kFloat), half.to(at::kFloat)));
  EXPECT_TRUE(at::equal(source->load("half", at::kBFloat16), half.to(at::kBFloat16)));
  EXPECT_TRUE(at::equal(source->load("ints", at::kFloat), at::arange(5, at::kFloat)));
  EXPECT_TRUE(at::equal(source->load("ints", at::kLong), at::arange(5, at::kLong)));
  EXPECT_RIFFLE_ERROR(source->load("half", at::kLong), ErrorCode::BadFile,
                      "holds F16, expected integers");
  EXPECT_RIFFLE_ERROR(source->load("q"), ErrorCode::BadFile, "no tensor \"q\" among its 2");

  const at::Tensor turned = at::zeros({500, 5000}).t();  // a destination that is not contiguous
  source->read("half", turned);
  EXPECT_TRUE(at::equal(turned, half.to(at::kFloat).view({5000, 500})));
}

TEST(Safetensors, BytesOtherThanZeroAreTrue) {
  test::TemporaryFolder folder;
  write_raw(folder / "x",
            raw_safetensors(R"({"b":{"dtype":"BOOL","shape":[4],"data_offsets":[0,4]}})",
                            std::string("\x00\x01\x02\xff", 4)));
  const at::Tensor b = open_safetensors(folder / "x").tensors->view("b");
  EXPECT_EQ(b.to(at::kByte).sum().item<int64_t>(), 3);
}

TEST(Safetensors, WriterRefuses) {
  test::TemporaryFolder folder;
  const at::Tensor t = at::zeros({1});
  EXPECT_RIFFLE_ERROR(write_safetensors(folder / "x", {{"a", t}, {"a", t.to(at::kHalf)}}),
                      ErrorCode::InvalidArgument, "called \"a\"");
  EXPECT_RIFFLE_ERROR(write_safetensors(folder / "x", {{"__metadata__", t}}),
                      ErrorCode::InvalidArgument, "");
  EXPECT_RIFFLE_ERROR(write_safetensors(folder / "x", {{"\xff", t}}), ErrorCode::InvalidArgument,
                      "UTF-8");
  EXPECT_RIFFLE_ERROR(write_safetensors(folder / "x", {{"c", t.to(at::kComplexFloat)}}),
                      ErrorCode::Unsupported, "ComplexFloat");
  std::stop_source stop;
  stop.request_stop();
  EXPECT_RIFFLE_ERROR(write_safetensors(folder / "x", {{"a", t}}, {}, Job{stop.get_token(), {}}),
                      ErrorCode::Cancelled, "");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

struct Hostile {
  const char* name;
  std::string json;
  size_t data_bytes;
  ErrorCode code;
  const char* part;
};
void PrintTo(const Hostile& h, std::ostream* out) { *out << h.name; }

class HostileHeader : public ::testing::TestWithParam<Hostile> {};

TEST_P(HostileHeader, IsRefusedWithReason) {
  test::TemporaryFolder folder;
  const Hostile& h = GetParam();
  write_raw(folder / "x.safetensors", raw_safetensors(h.json, std::string(h.data_bytes, '\x11')));
  EXPECT_RIFFLE_ERROR(open_safetensors(folder / "x.safetensors"), h.code, h.part);
}

std::string entry(const char* dtype, const char* shape, const char* offsets) {
  return fmt::format(R"({{"a":{{"dtype":"{}","shape":{},"data_offsets":{}}}}})", dtype, shape,
                     offsets);
}

INSTANTIATE_TEST_SUITE_P(
    Safetensors, HostileHeader,
    ::testing::Values(
        Hostile{"end_outside", entry("F32", "[4]", "[0,16]"), 8, ErrorCode::BadFile,
                "ends at byte 16"},
        Hostile{"begin_outside", entry("F32", "[4]", "[1000,1016]"), 16, ErrorCode::BadFile,
                "ends at byte 1016"},
        Hostile{"offsets_wrap", entry("U8", "[4]", "[18446744073709551614,2]"), 16,
                ErrorCode::BadFile, "its offsets are"},
        Hostile{"begin_after_end", entry("U8", "[0]", "[4,3]"), 4, ErrorCode::BadFile,
                "its offsets are 4 to 3"},
        Hostile{"negative_offset", entry("U8", "[4]", "[-1,3]"), 4, ErrorCode::BadFile,
                "a negative number"},
        Hostile{"size_2_60", entry("F32", "[1152921504606846976]", "[0,16]"), 16,
                ErrorCode::BadFile, "needs 4611686018427387904 bytes"},
        Hostile{"product_wraps", entry("U8", "[4294967296,4294967296]", "[0,0]"), 0,
                ErrorCode::BadFile, "impossible shape"},
        Hostile{"product_wraps_to_fit", entry("F32", "[4611686018427387905,4]", "[0,16]"), 16,
                ErrorCode::BadFile, "impossible shape"},
        Hostile{"dimension_over_63_bits", entry("U8", "[18446744073709551615]", "[0,0]"), 0,
                ErrorCode::BadFile, "does not belong"},
        Hostile{"negative_dimension", entry("F32", "[-4]", "[0,16]"), 16, ErrorCode::BadFile,
                "a negative number"},
        Hostile{"fraction_dimension", entry("F32", "[4.0]", "[0,16]"), 16, ErrorCode::BadFile,
                "a fraction"},
        Hostile{"too_many_dimensions", entry("U8", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "[0,1]"),
                1, ErrorCode::BadFile, "more than 16 dimensions"},
        Hostile{"shape_does_not_fill", entry("F32", "[3]", "[0,16]"), 16, ErrorCode::BadFile,
                "needs 12 bytes"},
        Hostile{"unknown_type", entry("F8_E4M3", "[4]", "[0,4]"), 4, ErrorCode::Unsupported,
                "F8_E4M3"},
        Hostile{"type_is_number", R"({"a":{"dtype":1,"shape":[4],"data_offsets":[0,4]}})", 4,
                ErrorCode::BadFile, "does not belong"},
        Hostile{"no_shape", R"({"a":{"dtype":"U8","data_offsets":[0,4]}})", 4, ErrorCode::BadFile,
                "needs dtype, shape"},
        Hostile{"one_offset", entry("U8", "[4]", "[0]"), 4, ErrorCode::BadFile, "two data_offsets"},
        Hostile{"three_offsets", entry("U8", "[4]", "[0,4,8]"), 4, ErrorCode::BadFile,
                "does not belong"},
        Hostile{"two_shapes",
                R"({"a":{"dtype":"U8","shape":[4],"shape":[2],"data_offsets":[0,4]}})", 4,
                ErrorCode::BadFile, "does not belong"},
        Hostile{"two_types",
                R"({"a":{"dtype":"U8","dtype":"I8","shape":[4],"data_offsets":[0,4]}})", 4,
                ErrorCode::BadFile, "does not belong"},
        Hostile{"nested_shape", entry("U8", "[[4]]", "[0,4]"), 4, ErrorCode::BadFile,
                "does not belong"},
        Hostile{
            "overlap",
            R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
            6, ErrorCode::BadFile, "overlap"},
        Hostile{
            "same_place",
            R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})",
            4, ErrorCode::BadFile, "overlap"},
        Hostile{
            "hole",
            R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]}})",
            6, ErrorCode::BadFile, "a hole"},
        Hostile{"bytes_after", entry("U8", "[4]", "[0,4]"), 9, ErrorCode::BadFile,
                "5 bytes follow"},
        Hostile{
            "duplicate",
            R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
            2, ErrorCode::BadFile, "\"a\" is listed twice"},
        Hostile{"list", "[1,2,3]", 0, ErrorCode::BadFile, "its header is a list"},
        Hostile{"number", "42", 0, ErrorCode::BadFile, "its header is a number"},
        Hostile{"entry_is_text", R"({"a":"b"})", 0, ErrorCode::BadFile, "holds a string"},
        Hostile{"metadata_number", R"({"__metadata__":{"a":1}})", 0, ErrorCode::BadFile,
                "holds a number"},
        Hostile{"metadata_nested", R"({"__metadata__":{"a":{"b":"c"}}})", 0, ErrorCode::BadFile,
                "holds an object"},
        Hostile{"truncated_json", R"({"a":{"dtype":"U8")", 0, ErrorCode::BadFile, "not valid JSON"},
        Hostile{"two_documents", "{}{}", 0, ErrorCode::BadFile, "not valid JSON"},
        Hostile{"empty_header", "", 0, ErrorCode::BadFile, "not valid JSON"},
        Hostile{"not_utf8", "{\"\xff\xfe\":{}}", 0, ErrorCode::BadFile, "not valid JSON"},
        Hostile{"deep", "{\"a\":" + std::string(100000, '['), 0, ErrorCode::BadFile,
                "does not belong"}),
    [](const auto& row) { return row.param.name; });

TEST(Safetensors, LengthOfHeaderIsCheckedFirst) {
  test::TemporaryFolder folder;
  for (const uint64_t length : {uint64_t{3}, uint64_t{100'000'001}, UINT64_MAX, UINT64_MAX - 7}) {
    std::string file;
    append_integer(file, length, 8);
    write_raw(folder / "x", file + "{}");
    EXPECT_RIFFLE_ERROR(open_safetensors(folder / "x"), ErrorCode::BadFile,
                        "its header should have");
  }
  write_raw(folder / "x", "1234567");
  EXPECT_RIFFLE_ERROR(open_safetensors(folder / "x"), ErrorCode::BadFile, "7 bytes are too few");
  write_raw(folder / "x", "");
  EXPECT_RIFFLE_ERROR(open_safetensors(folder / "x"), ErrorCode::BadFile, "0 bytes are too few");
  EXPECT_RIFFLE_ERROR(open_safetensors(folder / "y"), ErrorCode::NotFound, "no such file");
  EXPECT_RIFFLE_ERROR(open_safetensors(folder.path()), ErrorCode::BadFile, "folder");
}

// Every single-byte change of a small file, and every truncation: an Error or tensors inside it.
TEST(Safetensors, MutationsNeverReachOutside) {
  const std::string good = raw_safetensors(
      R"({"__metadata__":{"k":"v"},"a":{"dtype":"F16","shape":[2,2],"data_offsets":[0,8]},"b":{"dtype":"I64","shape":[1],"data_offsets":[8,16]}})",
      std::string(16, '\x3c'));
  int64_t accepted = 0;
  const auto attempt = [&](const std::string& bytes) {
    try {
      const auto header = detail::parse_safetensors_header(
          {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, "mutant");
      ++accepted;
      for (const auto& e : header.entries) {
        ASSERT_LE(e.begin, e.end);
        ASSERT_LE(e.end, bytes.size());
        ASSERT_EQ(static_cast<int64_t>(e.end - e.begin), byte_count(e.shape, e.dtype));
      }
    } catch (const Error&) {
    }
  };
  for (size_t i = 0; i < good.size(); ++i) {
    for (int value = 0; value < 256; ++value) {
      std::string mutant = good;
      mutant[i] = static_cast<char>(value);
      attempt(mutant);
    }
    attempt(good.substr(0, i));
  }
  EXPECT_GT(accepted, 16 * 256 - 1);  // at least every change of the data
}

TEST(Safetensors, ReadsFilesOfThePythonLibrary) {
  RIFFLE_REFERENCE_OR_SKIP(path, "riff-tiny/text_encoder/model.safetensors");
  const auto source = open_safetensors(path).tensors;
  const TensorInfo& info = source->require("text_model.embeddings.token_embedding.weight");
  EXPECT_EQ(info.dtype, DType::F16);
  EXPECT_EQ(info.shape, (std::vector<int64_t>{49408, 32}));
  const at::Tensor ids = source->load("text_model.embeddings.position_ids");
  EXPECT_TRUE(at::equal(ids, at::arange(77, at::kLong).unsqueeze(0)));
}

}  // namespace
}  // namespace riffle::weights
