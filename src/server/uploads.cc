// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/uploads.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "audio/audio_info.h"
#include "core/error.h"
#include "image/picture_file.h"
#include "library/ids.h"
#include "pipelines/sound_file.h"
#include "server/problem.h"
#include "weights/safetensors.h"

namespace riffle::server {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kLatentsBytes = int64_t{64} << 20;
constexpr image::PictureLimits kPictureLimits{
    .max_width = 65'536, .max_height = 4096, .max_pixels = 64'000'000};

// Removed unless it is kept.
class Arriving {
 public:
  explicit Arriving(fs::path path) : path_(std::move(path)) {}
  ~Arriving() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove(path_, ignored);
  }
  Arriving(const Arriving&) = delete;
  Arriving& operator=(const Arriving&) = delete;
  const fs::path& path() const { return path_; }
  void keep_as(const fs::path& path) {
    fs::rename(path_, path);
    path_.clear();
  }

 private:
  fs::path path_;
};

enum class Kind { Png, Jpeg, Safetensors, Other };

Kind kind_of(const fs::path& path) {
  std::array<char, 16> head{};
  std::ifstream(path, std::ios::binary).read(head.data(), head.size());
  if (std::memcmp(head.data(), "\x89PNG", 4) == 0) return Kind::Png;
  if (std::memcmp(head.data(), "\xFF\xD8\xFF", 3) == 0) return Kind::Jpeg;
  // A length of 8 bytes, then a JSON object.
  if (head[8] == '{' && std::memcmp(head.data() + 3, "\0\0\0\0\0", 5) == 0) {
    return Kind::Safetensors;
  }
  return Kind::Other;
}

int64_t receive(const Request& request, const fs::path& path, std::string& name, int64_t most) {
  std::ofstream file(path, std::ios::binary);
  int64_t bytes = 0;
  request.read_file(
      {.on_name =
           [&](const std::string& given) {
             if (!given.empty()) name = given;
           },
       .on_bytes =
           [&](std::string_view part) {
             bytes += static_cast<int64_t>(part.size());
             if (bytes > most) {
               throw ProblemError(
                   {.status = 413,
                    .code = "too_large",
                    .detail = fmt::format("the file has more than {} MiB", most >> 20),
                    .hint = "send a shorter or a compressed one"});
             }
             if (!file.write(part.data(), static_cast<std::streamsize>(part.size()))) {
               throw Error(ErrorCode::Io, "the file could not be written",
                           "check the free space of the library's disk");
             }
           }});
  file.close();
  if (!file) {
    throw Error(ErrorCode::Io, "the file could not be written",
                "check the free space of the library's disk");
  }
  return bytes;
}

void look_at_picture(const fs::path& path, library::UploadRecord& upload) {
  const image::Picture picture = image::read_picture(path, kPictureLimits);
  upload.kind = library::UploadKind::Picture;
  upload.width = picture.width;
  upload.height = picture.height;
}

void look_at_latents(const fs::path& path, library::UploadRecord& upload) {
  upload.kind = library::UploadKind::Latents;
  if (upload.bytes > kLatentsBytes) {
    throw ProblemError({.status = 413,
                        .code = "too_large",
                        .detail = fmt::format("latents of more than {} MiB", kLatentsBytes >> 20)});
  }
  const auto file = weights::open_safetensors(path);
  if (file.tensors->find("latents") == nullptr) {
    throw Error(ErrorCode::BadFile, fmt::format("{}: no tensor \"latents\" in it", upload.name));
  }
}

void look_at_sound(const fs::path& path, library::UploadRecord& upload, const Limits& limits) {
  upload.kind = library::UploadKind::Audio;
  audio::AudioReader reader(path);
  const int rate = reader.info().sample_rate;
  if (const auto request = pipelines::request_in(reader.info().tags)) {
    upload.request = OrderedJson(*request);
  }
  // Counted by reading it: a header may say anything.
  const auto most = static_cast<int64_t>(limits.upload_s * rate);
  int64_t frames = 0;
  for (;;) {
    const int64_t got = reader.read(1 << 18).frames();
    frames += got;
    if (got == 0) break;
    if (frames > most) {
      throw ProblemError(
          {.status = 413,
           .code = "too_large",
           .detail = fmt::format("the sound is longer than {:.0f} s", limits.upload_s),
           .hint = "cut a part out of it first"});
    }
  }
  upload.sample_rate = rate;
  upload.channels = reader.info().channels;
  upload.duration_s = static_cast<double>(frames) / rate;
}

// ".mp3" of "song.mp3"; what looks strange is left out.
std::string ending_of(const std::string& name) {
  const std::string ending = fs::path(name).extension().string();
  const bool plain = ending.size() >= 2 && ending.size() <= 6 &&
                     std::all_of(ending.begin() + 1, ending.end(),
                                 [](unsigned char c) { return std::isalnum(c) != 0 && c < 128; });
  return plain ? ending : "";
}

}  // namespace

library::UploadRecord receive_upload(const Request& request, const std::string& name,
                                     library::Library& library, const Limits& limits) {
  library::UploadRecord upload;
  upload.id = library::new_id("up_");
  upload.created_ms = library::now_ms();
  upload.name = name;
  Arriving file(library.uploads().folder() / (upload.id + ".part"));
  upload.bytes = receive(request, file.path(), upload.name, limits.upload_bytes);
  if (upload.bytes == 0) {
    throw ProblemError({.status = 400,
                        .code = "invalid_argument",
                        .detail = "there is no file in the request",
                        .hint = "send it as the field \"file\" of a form, or as the body"});
  }
  upload.name = audio::to_utf8(fs::path(upload.name).filename().string().substr(0, 200));
  if (upload.name.empty()) upload.name = "upload";
  std::string ending = ending_of(upload.name);
  try {
    switch (kind_of(file.path())) {
      case Kind::Png:
        look_at_picture(file.path(), upload);
        ending = ".png";
        break;
      case Kind::Jpeg:
        look_at_picture(file.path(), upload);
        ending = ".jpg";
        break;
      case Kind::Safetensors:
        look_at_latents(file.path(), upload);
        ending = ".safetensors";
        break;
      case Kind::Other:
        look_at_sound(file.path(), upload, limits);
        // An ending of a picture would make pipelines take it for one.
        if (ending == ".png" || ending == ".jpg" || ending == ".jpeg") ending = ".bin";
        break;
    }
  } catch (const Error& error) {
    // Where the file lies is nobody's business.
    std::string message = error.message();
    const std::string path = file.path().string();
    for (size_t at = message.find(path); at != std::string::npos; at = message.find(path)) {
      message.replace(at, path.size(), upload.name);
    }
    throw Error(error.code(), message,
                error.hint().empty() ? "send a sound (WAV, FLAC, MP3, Ogg, ...) or a picture (PNG, "
                                       "JPEG)"
                                     : error.hint());
  }
  upload.file = upload.id + ending;
  file.keep_as(library.uploads().folder() / upload.file);
  library.uploads().add(upload);
  return upload;
}

}  // namespace riffle::server
