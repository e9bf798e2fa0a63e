// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/detail/file_tensors.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "core/error.h"
#include "weights/detail/indexed_source.h"

namespace riffle::weights::detail {
namespace {

static_assert(std::endian::native == std::endian::little, "weight files are little-endian");

// Elements converted at a time: the buffer between file and destination.
constexpr int64_t kChunk = int64_t{1} << 20;

class FileSource : public IndexedSource<FilePlace> {
 public:
  FileSource(std::shared_ptr<const MappedFile> file, std::vector<FileTensor> tensors)
      : IndexedSource(file->where(), std::move(tensors)), file_(std::move(file)) {}

  at::Tensor view(std::string_view name) const override {
    const TensorInfo& info = require(name);
    const at::Tensor mapped = map(info);
    return mapped.defined() ? mapped : load(name);
  }

  void read(std::string_view name, const at::Tensor& destination) const override {
    const TensorInfo& info = require(name);
    check(info, destination);
    if (destination.numel() == 0) return;
    const at::Tensor target = destination.detach();  // weights are loaded outside of autograd
    if (place(info).strides.empty() && target.device().is_cpu() && target.is_contiguous()) {
      read_elements(info, target);
    } else {
      const at::Tensor mapped = map(info);
      target.copy_((mapped.defined() ? mapped : read_whole(info)).reshape(target.sizes()));
    }
  }

 private:
  void check(const TensorInfo& info, const at::Tensor& destination) const {
    if (destination.numel() != info.elements()) {
      throw Error(ErrorCode::Internal,
                  fmt::format("{}: tensor \"{}\" {} read into one of {} elements", where(),
                              info.name, shape_text(info.shape), destination.numel()));
    }
    if (is_floating(info.dtype) && !destination.is_floating_point()) {
      throw Error(ErrorCode::BadFile, fmt::format("{}: tensor \"{}\" holds {}, expected integers",
                                                  where(), info.name, name_of(info.dtype)));
    }
  }

  // The tensor in the mapping; undefined when it cannot be used there: elements that straddle their
  // alignment, or bytes that are no booleans.
  at::Tensor map(const TensorInfo& info) const {
    const FilePlace& spot = place(info);
    const bool aligned = spot.offset % static_cast<uint64_t>(size_of(info.dtype)) == 0;
    if (info.dtype == DType::Bool || !aligned) return {};
    const auto options = at::TensorOptions().dtype(scalar_type(info.dtype));
    if (info.elements() == 0) return at::empty(info.shape, options);
    uint8_t* start = file_->bytes().data() + spot.offset;
    const auto keep = [file = file_](void*) {};
    return spot.strides.empty() ? at::from_blob(start, info.shape, keep, options)
                                : at::from_blob(start, info.shape, spot.strides, keep, options);
  }

  // Consecutive elements from the tensor's place on, as many as `target` has.
  void read_elements(const TensorInfo& info, const at::Tensor& target) const {
    const uint64_t offset = place(info).offset;
    const bool is_bool = info.dtype == DType::Bool;
    if (!is_bool && target.scalar_type() == scalar_type(info.dtype)) {
      file_->read(offset, target.data_ptr(), static_cast<uint64_t>(target.nbytes()));
      return;
    }
    const at::Tensor flat = target.view({-1});
    const int64_t size = size_of(info.dtype);
    const at::Tensor buffer =
        at::empty({std::min(kChunk, flat.numel())}, is_bool ? at::kByte : scalar_type(info.dtype));
    for (int64_t begin = 0; begin < flat.numel(); begin += kChunk) {
      const int64_t count = std::min(kChunk, flat.numel() - begin);
      const at::Tensor part = buffer.narrow(0, 0, count);
      file_->read(offset + static_cast<uint64_t>(begin * size), part.data_ptr(),
                  static_cast<uint64_t>(count * size));
      flat.narrow(0, begin, count).copy_(is_bool ? part.ne(0) : part);
    }
  }

  // A copy in the shape and type on disk, through all elements that the strides span.
  at::Tensor read_whole(const TensorInfo& info) const {
    const auto& strides = place(info).strides;
    int64_t span = strides.empty() ? info.elements() : 1;
    for (size_t i = 0; i < strides.size(); ++i) span += (info.shape[i] - 1) * strides[i];
    const at::Tensor elements = at::empty({span}, scalar_type(info.dtype));
    read_elements(info, elements);
    return strides.empty() ? elements.view(info.shape) : elements.as_strided(info.shape, strides);
  }

  std::shared_ptr<const MappedFile> file_;
};

}  // namespace

TensorSourcePtr make_file_source(std::shared_ptr<const MappedFile> file,
                                 std::vector<FileTensor> tensors) {
  return std::make_shared<FileSource>(std::move(file), std::move(tensors));
}

}  // namespace riffle::weights::detail
