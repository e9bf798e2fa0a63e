// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/detail/zip_directory.h"

#include <fmt/format.h>

#include <algorithm>

#include "weights/detail/byte_reader.h"

namespace riffle::weights::detail {
namespace {

constexpr uint32_t kEnd = 0x06054b50;
constexpr uint32_t kEnd64 = 0x06064b50;
constexpr uint32_t kEnd64Locator = 0x07064b50;
constexpr uint32_t kCentral = 0x02014b50;
constexpr uint32_t kLocal = 0x04034b50;
constexpr uint64_t kEndSize = 22;
constexpr uint64_t kLocatorSize = 20;
constexpr uint64_t kLongestComment = 65535;
constexpr uint16_t kZip64Extra = 1;
constexpr uint32_t kSee64 = 0xffffffff;  // "the value stands in the zip64 field"

struct Directory {
  uint64_t count = 0;
  uint64_t offset = 0;
};

// The end record is the last thing in the file but for a comment.
uint64_t find_end_record(std::span<const uint8_t> file, std::string_view where) {
  ByteReader reader(file, where);
  if (file.size() >= kEndSize) {
    const uint64_t last = file.size() - kEndSize;
    const uint64_t first = last > kLongestComment ? last - kLongestComment : 0;
    for (uint64_t at = last + 1; at-- > first;) {
      reader.seek(at);
      if (reader.u32() == kEnd) return at;
    }
  }
  reader.seek(file.size());
  reader.fail("a zip archive ends here without its table of contents (incomplete download?)");
}

Directory find_directory(std::span<const uint8_t> file, std::string_view where) {
  const uint64_t end = find_end_record(file, where);
  ByteReader reader(file, where, end + 10);
  Directory directory;
  directory.count = reader.u16();
  reader.skip(4);  // size of the directory
  directory.offset = reader.u32();
  if (end < kLocatorSize) return directory;
  reader.seek(end - kLocatorSize);
  if (reader.u32() != kEnd64Locator) return directory;
  reader.skip(4);  // number of the disk
  reader.seek(reader.u64());
  if (reader.u32() != kEnd64) reader.fail("expected the zip64 end record");
  reader.skip(28);
  directory.count = reader.u64();
  reader.skip(8);
  directory.offset = reader.u64();
  return directory;
}

// Replaces those of the 32-bit values that say so by the 64-bit ones of the extra field, in order.
void apply_zip64(ByteReader& extra, std::initializer_list<uint64_t*> values) {
  while (extra.left() >= 4) {
    const uint16_t id = extra.u16();
    const uint16_t size = extra.u16();
    if (id != kZip64Extra) {
      extra.skip(size);
      continue;
    }
    for (uint64_t* value : values) {
      if (*value == kSee64) *value = extra.u64();
    }
    return;
  }
}

uint64_t data_offset(std::span<const uint8_t> file, std::string_view where, uint64_t local_header) {
  ByteReader reader(file, where, local_header);
  if (reader.u32() != kLocal) reader.fail("expected the header of an archive entry");
  reader.skip(22);
  const uint64_t name_size = reader.u16();
  const uint64_t extra_size = reader.u16();
  reader.skip(name_size + extra_size);
  return reader.position();
}

}  // namespace

std::map<std::string, ZipEntry, std::less<>> read_zip_directory(std::span<const uint8_t> file,
                                                                std::string_view where) {
  const Directory directory = find_directory(file, where);
  std::map<std::string, ZipEntry, std::less<>> entries;
  ByteReader reader(file, where, directory.offset);
  for (uint64_t i = 0; i < directory.count; ++i) {
    if (reader.u32() != kCentral) reader.fail(fmt::format("expected entry {} of the archive", i));
    reader.skip(4);  // versions
    const uint16_t flags = reader.u16();
    const uint16_t method = reader.u16();
    reader.skip(8);  // time, date, CRC-32
    uint64_t stored_size = reader.u32();
    uint64_t full_size = reader.u32();
    const uint64_t name_size = reader.u16();
    const uint64_t extra_size = reader.u16();
    const uint64_t comment_size = reader.u16();
    reader.skip(8);  // disk, attributes
    uint64_t local_header = reader.u32();
    std::string name(reader.text(name_size));
    const uint64_t extra_start = reader.position();
    reader.skip(extra_size);
    ByteReader extra(file.first(reader.position()), where, extra_start);
    apply_zip64(extra, {&full_size, &stored_size, &local_header});
    reader.skip(comment_size);

    ZipEntry entry{data_offset(file, where, local_header), stored_size,
                   method == 0 && (flags & 1) == 0};
    if (entry.size > file.size() - entry.offset) {
      reader.fail(fmt::format("entry \"{}\" of {} bytes ends past the file", name, entry.size));
    }
    if (!entries.emplace(std::move(name), entry).second) {
      reader.fail(fmt::format("entry {} has the name of another", i));
    }
  }
  return entries;
}

}  // namespace riffle::weights::detail
