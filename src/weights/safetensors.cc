// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <string_view>

#include "core/error.h"
#include "core/files.h"
#include "core/json.h"
#include "weights/detail/file_tensors.h"
#include "weights/detail/mapped_file.h"
#include "weights/detail/safetensors_header.h"

namespace riffle::weights {
namespace {

using Named = std::pair<std::string, at::Tensor>;

int64_t bytes_of(const at::Tensor& tensor) {
  return tensor.numel() * static_cast<int64_t>(tensor.element_size());
}

std::vector<const Named*> file_order(const std::vector<Named>& tensors) {
  std::vector<const Named*> order;
  std::set<std::string_view> names;
  for (const Named& t : tensors) {
    if (t.first.empty() || t.first == "__metadata__" || !names.insert(t.first).second) {
      throw Error(ErrorCode::InvalidArgument,
                  fmt::format("a tensor to be written is called \"{}\": {}", t.first,
                              names.contains(t.first) ? "so is another" : "not a usable name"));
    }
    order.push_back(&t);
  }
  std::sort(order.begin(), order.end(), [](const Named* a, const Named* b) {
    const auto size_a = a->second.element_size();
    const auto size_b = b->second.element_size();
    return size_a != size_b ? size_a > size_b : a->first < b->first;
  });
  return order;
}

// The JSON, padded with spaces so that the data after it begins at a multiple of 8 bytes.
std::string header_text(const std::vector<const Named*>& order,
                        const SafetensorsMetadata& metadata) {
  try {
    std::string text = "{";
    if (!metadata.empty()) text += fmt::format("\"__metadata__\":{}", Json(metadata).dump());
    int64_t offset = 0;
    for (const Named* t : order) {
      const auto& [name, tensor] = *t;
      const int64_t end = offset + bytes_of(tensor);
      text += fmt::format("{}{}:{{\"dtype\":\"{}\",\"shape\":{},\"data_offsets\":[{},{}]}}",
                          text.size() > 1 ? "," : "", Json(name).dump(),
                          name_of(dtype_of(tensor.scalar_type())), shape_text(tensor.sizes()),
                          offset, end);
      offset = end;
    }
    text += '}';
    text.append((8 - text.size() % 8) % 8, ' ');
    return text;
  } catch (const Json::exception& e) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("a tensor's name or the metadata is not UTF-8: {}", e.what()));
  }
}

void write_bytes(std::ofstream& out, const void* bytes, uint64_t count,
                 const std::filesystem::path& path) {
  out.write(static_cast<const char*>(bytes), static_cast<std::streamsize>(count));
  if (!out) {
    throw Error(ErrorCode::Io,
                fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)),
                "check the free space");
  }
}

}  // namespace

Safetensors open_safetensors(const std::filesystem::path& path) {
  auto file = detail::MappedFile::open(path, "weights");
  auto header = detail::parse_safetensors_header(file->bytes(), file->where());
  std::vector<detail::FileTensor> tensors;
  tensors.reserve(header.entries.size());
  for (auto& e : header.entries) {
    tensors.push_back({{std::move(e.name), e.dtype, std::move(e.shape)}, {e.begin, {}}});
  }
  return {detail::make_file_source(std::move(file), std::move(tensors)),
          std::move(header.metadata)};
}

void write_safetensors(const std::filesystem::path& path, const std::vector<Named>& tensors,
                       const SafetensorsMetadata& metadata, const Job& job) {
  const std::vector<const Named*> order = file_order(tensors);
  const std::string header = header_text(order, metadata);
  int64_t total = 0;
  for (const Named* t : order) total += bytes_of(t->second);

  PendingFile pending(path);
  std::ofstream out(pending.path(), std::ios::binary);
  const uint64_t header_size = header.size();
  write_bytes(out, &header_size, sizeof header_size,
              path);  // little-endian, as file_tensors asserts
  write_bytes(out, header.data(), header.size(), path);
  int64_t done = 0;
  for (const Named* t : order) {
    job.check();
    const at::Tensor plain = t->second.detach().cpu().contiguous();
    write_bytes(out, plain.data_ptr(), static_cast<uint64_t>(bytes_of(plain)), path);
    done += bytes_of(plain);
    job.report("write", done, total);
  }
  out.close();
  write_bytes(out, nullptr, 0, path);
  pending.commit();
}

}  // namespace riffle::weights
