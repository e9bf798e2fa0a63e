// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/torch_checkpoint.h"

#include <fmt/format.h>

#include <map>
#include <span>
#include <string>
#include <utility>

#include "core/error.h"
#include "weights/detail/file_tensors.h"
#include "weights/detail/mapped_file.h"
#include "weights/detail/torch_pickle.h"
#include "weights/detail/zip_directory.h"

namespace riffle::weights {
namespace {

using Entries = std::map<std::string, detail::ZipEntry, std::less<>>;

[[noreturn]] void unsupported(const std::string& where, std::string_view problem) {
  throw Error(
      ErrorCode::Unsupported, fmt::format("{}: {}", where, problem),
      "convert it where it came from: torch.save(model.state_dict(), ...) with torch 1.6 or "
      "newer, or safetensors.torch.save_file");
}

std::span<const uint8_t> contents(const detail::MappedFile& file, const Entries& entries,
                                  const std::string& name) {
  const auto found = entries.find(name);
  if (found == entries.end()) {
    throw Error(ErrorCode::BadFile,
                fmt::format("{}: its archive has no entry \"{}\"", file.where(), name));
  }
  if (!found->second.plain) {
    unsupported(file.where(), fmt::format("entry \"{}\" is compressed or encrypted", name));
  }
  return file.bytes().subspan(found->second.offset, found->second.size);
}

// The folder inside the archive, with a slash: "archive/" or the file's name when it was saved.
std::string archive_root(const std::string& where, const Entries& entries) {
  constexpr std::string_view kPickle = "data.pkl";
  for (const auto& [name, entry] : entries) {
    if (!name.ends_with(kPickle)) continue;
    std::string root = name.substr(0, name.size() - kPickle.size());
    if (entries.contains(root + "constants.pkl")) {
      unsupported(where, "is a TorchScript program, not a file of weights");
    }
    return root;
  }
  throw Error(
      ErrorCode::BadFile,
      fmt::format("{}: a zip archive without data.pkl, so not a PyTorch checkpoint", where));
}

bool is_contiguous(const detail::PickledTensor& t) {
  int64_t expected = 1;
  for (size_t i = t.shape.size(); i-- > 0;) {
    if (t.shape[i] != 1 && t.strides[i] != expected) return false;
    expected *= t.shape[i];
  }
  return true;
}

detail::FileTensor place(detail::PickledTensor t, const std::string& where, const std::string& root,
                         const detail::MappedFile& file, const Entries& entries) {
  const auto bytes = contents(file, entries, fmt::format("{}data/{}", root, t.storage));
  const auto size = static_cast<uint64_t>(size_of(t.dtype));
  if (static_cast<uint64_t>(t.storage_elements) > bytes.size() / size) {
    throw Error(ErrorCode::BadFile,
                fmt::format("{}: \"{}\" needs a storage of {} {}, entry {} has {} bytes", where,
                            t.name, t.storage_elements, name_of(t.dtype), t.storage, bytes.size()));
  }
  const auto start = static_cast<uint64_t>(bytes.data() - file.bytes().data());
  const bool is_empty = *element_count(t.shape) == 0;
  detail::FilePlace spot{is_empty ? start : start + static_cast<uint64_t>(t.offset) * size, {}};
  if (!is_empty && !is_contiguous(t)) spot.strides = std::move(t.strides);
  return {{std::move(t.name), t.dtype, std::move(t.shape)}, std::move(spot)};
}

}  // namespace

TorchCheckpoint open_torch_checkpoint(const std::filesystem::path& path) {
  const auto file = detail::MappedFile::open(path, "weights");
  const std::string& where = file->where();
  const auto bytes = file->bytes();
  // Before torch 1.6: pickles one after another, the first of them a magic number.
  if (bytes.size() >= 2 && bytes[0] == 0x80 && bytes[1] >= 2) {
    unsupported(where, "was saved in the form used before torch 1.6, which Riffle does not read");
  }
  const Entries entries = detail::read_zip_directory(bytes, where);
  const std::string root = archive_root(where, entries);
  if (entries.contains(root + "byteorder")) {
    const auto order = contents(*file, entries, root + "byteorder");
    if (std::string_view(reinterpret_cast<const char*>(order.data()), order.size()) != "little") {
      unsupported(where, "its tensors are not little-endian");
    }
  }
  auto pickle = detail::read_torch_pickle(contents(*file, entries, root + "data.pkl"),
                                          fmt::format("{}: data.pkl", where));
  if (pickle.tensors.empty()) {
    unsupported(where, fmt::format("holds no tensors that can be reached without running code ({} "
                                   "objects passed over): perhaps a whole model object",
                                   pickle.skipped));
  }
  std::vector<detail::FileTensor> tensors;
  tensors.reserve(pickle.tensors.size());
  for (auto& t : pickle.tensors)
    tensors.push_back(place(std::move(t), where, root, *file, entries));
  return {detail::make_file_source(file, std::move(tensors)), std::move(pickle.numbers),
          pickle.skipped};
}

}  // namespace riffle::weights
