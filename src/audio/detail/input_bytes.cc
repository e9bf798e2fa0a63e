// SPDX-License-Identifier: GPL-3.0-or-later
#include "audio/detail/input_bytes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/error.h"
#include "core/files.h"

namespace riffle::audio::detail {
namespace {

constexpr int kBufferBytes = 1 << 16;

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

class FileBytes final : public InputBytes {
 public:
  explicit FileBytes(const std::filesystem::path& path) : file_(std::fopen(path.c_str(), "rb")) {
    if (file_ == nullptr) {
      throw Error(ErrorCode::Io,
                  fmt::format("cannot read {}: {}", path.string(), std::strerror(errno)),
                  "check the file's permissions");
    }
    std::setvbuf(file_.get(), nullptr, _IONBF, 0);  // the AVIOContext has a buffer of its own
    if (fseeko(file_.get(), 0, SEEK_END) == 0) size_ = ftello(file_.get());
    if (size_ >= 0 && fseeko(file_.get(), 0, SEEK_SET) != 0) size_ = -1;
  }

  int read(uint8_t* to, int size) override {
    const size_t count = std::fread(to, 1, static_cast<size_t>(size), file_.get());
    if (count == 0 && std::ferror(file_.get()) != 0) return AVERROR(errno);
    position_ += static_cast<int64_t>(count);
    return static_cast<int>(count);
  }

  bool seek(int64_t to) override {
    if (size_ < 0 || fseeko(file_.get(), to, SEEK_SET) != 0) return false;
    position_ = to;
    return true;
  }

  int64_t position() const override { return position_; }
  int64_t size() const override { return size_; }

 private:
  std::unique_ptr<std::FILE, FileCloser> file_;
  int64_t position_ = 0;
  int64_t size_ = -1;
};

class MemoryBytes final : public InputBytes {
 public:
  explicit MemoryBytes(std::vector<uint8_t> bytes) : bytes_(std::move(bytes)) {}

  int read(uint8_t* to, int size) override {
    const int64_t count = std::clamp<int64_t>(this->size() - position_, 0, size);
    if (count > 0) std::memcpy(to, bytes_.data() + position_, static_cast<size_t>(count));
    position_ += count;
    return static_cast<int>(count);
  }

  bool seek(int64_t to) override {
    position_ = to;
    return true;
  }

  int64_t position() const override { return position_; }
  int64_t size() const override { return static_cast<int64_t>(bytes_.size()); }

 private:
  std::vector<uint8_t> bytes_;
  int64_t position_ = 0;
};

int read_callback(void* opaque, uint8_t* to, int size) {
  const int count = static_cast<InputBytes*>(opaque)->read(to, size);
  return count == 0 ? AVERROR_EOF : count;
}

int64_t seek_callback(void* opaque, int64_t offset, int whence) {
  auto& bytes = *static_cast<InputBytes*>(opaque);
  if ((whence & AVSEEK_SIZE) != 0) return bytes.size() >= 0 ? bytes.size() : AVERROR(ENOSYS);
  int64_t from = 0;
  switch (whence & ~AVSEEK_FORCE) {
    case SEEK_SET:
      break;
    case SEEK_CUR:
      from = bytes.position();
      break;
    case SEEK_END:
      from = bytes.size();
      break;
    default:
      return AVERROR(EINVAL);
  }
  int64_t to = 0;
  if (__builtin_add_overflow(from, offset, &to) || to < 0 || !bytes.seek(to)) {
    return AVERROR(EINVAL);
  }
  return to;
}

}  // namespace

std::unique_ptr<InputBytes> open_file_bytes(const std::filesystem::path& path) {
  require_file(path, "sound file");
  return std::make_unique<FileBytes>(path);
}

std::unique_ptr<InputBytes> own_memory_bytes(std::vector<uint8_t> bytes) {
  return std::make_unique<MemoryBytes>(std::move(bytes));
}

InputStream::InputStream(std::unique_ptr<InputBytes> bytes) : bytes_(std::move(bytes)) {
  auto* buffer = static_cast<unsigned char*>(require_memory(av_malloc(kBufferBytes)));
  context_ = avio_alloc_context(buffer, kBufferBytes, 0, bytes_.get(), read_callback, nullptr,
                                bytes_->size() >= 0 ? seek_callback : nullptr);
  if (context_ == nullptr) {
    av_free(buffer);
    throw_out_of_memory();
  }
}

InputStream::~InputStream() {
  av_freep(&context_->buffer);
  avio_context_free(&context_);
}

}  // namespace riffle::audio::detail
