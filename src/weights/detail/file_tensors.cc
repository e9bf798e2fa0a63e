// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/detail/file_tensors.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "core/error.h"

namespace riffle::weights::detail {
namespace {

static_assert(std::endian::native == std::endian::little, "weight files are little-endian");

// Elements converted at a time: the buffer between file and destination.
constexpr int64_t kChunk = int64_t{1} << 20;

class FileSource : public TensorSource {
 public:
  FileSource(std::shared_ptr<const MappedFile> file, std::vector<FileTensor> tensors)
      : file_(std::move(file)), places_(std::move(tensors)) {
    std::sort(places_.begin(), places_.end(),
              [](const FileTensor& a, const FileTensor& b) { return a.name < b.name; });
    for (const FileTensor& t : places_) {
      if (!infos_.empty() && infos_.back().name == t.name) {
        throw Error(ErrorCode::BadFile,
                    fmt::format("{}: two tensors are called \"{}\"", where(), t.name));
      }
      infos_.push_back({t.name, t.dtype, t.shape});
    }
  }

  const std::string& where() const override { return file_->where(); }
  const std::vector<TensorInfo>& tensors() const override { return infos_; }

  at::Tensor view(std::string_view name) const override {
    const FileTensor& t = place(name);
    const at::Tensor mapped = map(t);
    return mapped.defined() ? mapped : load(name);
  }

  void read(std::string_view name, const at::Tensor& destination) const override {
    const FileTensor& t = place(name);
    check(t, destination);
    if (destination.numel() == 0) return;
    const at::Tensor target = destination.detach();  // weights are loaded outside of autograd
    if (t.strides.empty() && target.device().is_cpu() && target.is_contiguous()) {
      read_contiguous(t, target);
    } else if (const at::Tensor mapped = map(t); mapped.defined()) {
      target.copy_(mapped.reshape(target.sizes()));
    } else {
      target.copy_(read_strided(t).reshape(target.sizes()));
    }
  }

 private:
  const FileTensor& place(std::string_view name) const {
    return places_[static_cast<size_t>(&require(name) - infos_.data())];
  }

  void check(const FileTensor& t, const at::Tensor& destination) const {
    if (destination.numel() != *element_count(t.shape)) {
      throw Error(ErrorCode::Internal,
                  fmt::format("{}: tensor \"{}\" {} read into one of {} elements", where(), t.name,
                              shape_text(t.shape), destination.numel()));
    }
    if (is_floating(t.dtype) && !destination.is_floating_point()) {
      throw Error(ErrorCode::BadFile, fmt::format("{}: tensor \"{}\" holds {}, expected integers",
                                                  where(), t.name, name_of(t.dtype)));
    }
  }

  // The tensor in the mapping; undefined when it cannot be used there: elements that straddle their
  // alignment, or bytes that are no booleans.
  at::Tensor map(const FileTensor& t) const {
    if (t.dtype == DType::Bool || t.offset % static_cast<uint64_t>(size_of(t.dtype)) != 0)
      return {};
    const auto options = at::TensorOptions().dtype(scalar_type(t.dtype));
    if (*element_count(t.shape) == 0) return at::empty(t.shape, options);
    uint8_t* start = file_->bytes().data() + t.offset;
    const auto keep = [file = file_](void*) {};
    return t.strides.empty() ? at::from_blob(start, t.shape, keep, options)
                             : at::from_blob(start, t.shape, t.strides, keep, options);
  }

  void read_contiguous(const FileTensor& t, const at::Tensor& target) const {
    if (t.dtype != DType::Bool && target.scalar_type() == scalar_type(t.dtype)) {
      file_->read(t.offset, target.data_ptr(), static_cast<uint64_t>(target.nbytes()));
      return;
    }
    const at::Tensor flat = target.view({-1});
    const int64_t size = size_of(t.dtype);
    const bool is_bool = t.dtype == DType::Bool;
    const at::Tensor buffer =
        at::empty({std::min(kChunk, flat.numel())}, is_bool ? at::kByte : scalar_type(t.dtype));
    for (int64_t begin = 0; begin < flat.numel(); begin += kChunk) {
      const int64_t count = std::min(kChunk, flat.numel() - begin);
      const at::Tensor part = buffer.narrow(0, 0, count);
      file_->read(t.offset + static_cast<uint64_t>(begin * size), part.data_ptr(),
                  static_cast<uint64_t>(count * size));
      flat.narrow(0, begin, count).copy_(is_bool ? part.ne(0) : part);
    }
  }

  // A copy in the shape and type on disk, through the elements the strides span.
  at::Tensor read_strided(const FileTensor& t) const {
    int64_t span = 1;
    for (size_t i = 0; i < t.strides.size(); ++i) span += (t.shape[i] - 1) * t.strides[i];
    FileTensor whole{
        t.name, t.dtype, {t.strides.empty() ? *element_count(t.shape) : span}, {}, t.offset};
    const at::Tensor elements = at::empty(whole.shape, scalar_type(t.dtype));
    read_contiguous(whole, elements);
    return t.strides.empty() ? elements.view(t.shape) : elements.as_strided(t.shape, t.strides);
  }

  std::shared_ptr<const MappedFile> file_;
  std::vector<FileTensor> places_;
  std::vector<TensorInfo> infos_;  // beside places_
};

}  // namespace

TensorSourcePtr make_file_source(std::shared_ptr<const MappedFile> file,
                                 std::vector<FileTensor> tensors) {
  return std::make_shared<FileSource>(std::move(file), std::move(tensors));
}

}  // namespace riffle::weights::detail
