// SPDX-License-Identifier: GPL-3.0-or-later
#include "weights/detail/digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <fstream>
#include <vector>

#include "core/error.h"

namespace riffle::weights::detail {
namespace {

void require(int success, const char* what) {
  if (success != 1) throw Error(ErrorCode::Internal, fmt::format("libcrypto: {} failed", what));
}

void add_file(Digest& digest, const std::filesystem::path& path, const Job& job) {
  std::ifstream in(path, std::ios::binary);
  std::vector<char> buffer(size_t{4} << 20);
  while (in) {
    job.check();
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    digest.update({buffer.data(), static_cast<size_t>(in.gcount())});
  }
  if (!in.eof()) throw Error(ErrorCode::Io, fmt::format("cannot read {}", path.string()));
}

}  // namespace

Digest::Digest(Kind kind) : context_(EVP_MD_CTX_new()) {
  if (context_ == nullptr) throw Error(ErrorCode::OutOfMemory, "libcrypto: no memory");
  require(EVP_DigestInit_ex(context_, kind == Kind::Sha256 ? EVP_sha256() : EVP_sha1(), nullptr),
          "starting a hash");
}

Digest::~Digest() { EVP_MD_CTX_free(context_); }

void Digest::update(std::span<const char> bytes) {
  require(EVP_DigestUpdate(context_, bytes.data(), bytes.size()), "hashing");
}

std::string Digest::hex() {
  unsigned char value[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  require(EVP_DigestFinal_ex(context_, value, &size), "ending a hash");
  std::string text;
  for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", value[i]);
  return text;
}

std::string sha256_of_file(const std::filesystem::path& path, const Job& job) {
  Digest digest(Digest::Kind::Sha256);
  add_file(digest, path, job);
  return digest.hex();
}

std::string git_id_of_file(const std::filesystem::path& path, const Job& job) {
  Digest digest(Digest::Kind::Sha1);
  std::string head = fmt::format("blob {}", std::filesystem::file_size(path));
  head.push_back('\0');
  digest.update(head);
  add_file(digest, path, job);
  return digest.hex();
}

}  // namespace riffle::weights::detail
