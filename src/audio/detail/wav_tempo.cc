// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/detail/wav_tempo.h"

#include <fmt/format.h>

#include <bit>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <limits>
#include <string>

#include "audio/audio_writer.h"
#include "core/error.h"

namespace riffle::audio::detail {
namespace {

// Little-endian values one after the other.
class ChunkBytes {
 public:
  ChunkBytes(const char* id, uint32_t size) {
    bytes_.append(id, 4);
    u32(size);
  }
  ChunkBytes& u32(uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) bytes_ += static_cast<char>(value >> shift & 0xFF);
    return *this;
  }
  ChunkBytes& u16(uint16_t value) {
    bytes_ += static_cast<char>(value & 0xFF);
    bytes_ += static_cast<char>(value >> 8);
    return *this;
  }
  ChunkBytes& f32(float value) { return u32(std::bit_cast<uint32_t>(value)); }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

constexpr uint16_t kMiddleC = 60;

// As Sony's ACID writes it: flags, root note, two fields nobody has explained, beats, meter, tempo.
std::string acid_chunk(const TempoMarks& marks) {
  constexpr uint32_t kOneShot = 1;
  constexpr uint32_t kStretch = 4;
  ChunkBytes chunk("acid", 24);
  chunk.u32(marks.loop ? kStretch : kOneShot | kStretch).u16(kMiddleC).u16(0x8000).f32(0);
  chunk.u32(static_cast<uint32_t>(marks.beats));
  chunk.u16(4).u16(static_cast<uint16_t>(marks.beats_per_bar));
  return chunk.f32(static_cast<float>(marks.bpm)).bytes();
}

// RIFF "smpl": manufacturer, product, sample period in ns, unity note, pitch fraction, SMPTE format
// and offset, number of loops, extra bytes; then a loop: identifier, type (0: forward), first and
// last frame, fraction, count (0: for ever).
std::string sampler_chunk(int sample_rate, int64_t frames) {
  ChunkBytes chunk("smpl", 36 + 24);
  chunk.u32(0).u32(0).u32(static_cast<uint32_t>(1'000'000'000LL / sample_rate)).u32(kMiddleC);
  chunk.u32(0).u32(0).u32(0).u32(1).u32(0);
  chunk.u32(0).u32(0).u32(0).u32(static_cast<uint32_t>(frames - 1)).u32(0).u32(0);
  return chunk.bytes();
}

}  // namespace

bool append_tempo_chunks(const std::filesystem::path& path, const TempoMarks& marks,
                         int sample_rate, int64_t frames) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  char id[4] = {};
  file.read(id, sizeof id);
  if (!file || std::memcmp(id, "RIFF", 4) != 0) return false;
  file.seekp(0, std::ios::end);
  std::string chunks = acid_chunk(marks);
  if (marks.loop) chunks += sampler_chunk(sample_rate, frames);
  const auto end = static_cast<int64_t>(file.tellp());
  const int64_t padding = end % 2;
  const int64_t riff_size = end + padding + static_cast<int64_t>(chunks.size()) - 8;
  if (riff_size > std::numeric_limits<uint32_t>::max()) return false;
  if (padding != 0) file.put('\0');
  file << chunks;
  file.seekp(4);
  file << ChunkBytes("size", static_cast<uint32_t>(riff_size)).bytes().substr(4);
  file.flush();
  if (!file) {
    throw Error(ErrorCode::Io, fmt::format("cannot write tempo marks into {}", path.string()));
  }
  return true;
}

}  // namespace riffle::audio::detail
