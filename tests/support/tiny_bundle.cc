// SPDX-License-Identifier: GPL-3.0-or-later
#include "support/tiny_bundle.h"

#include <nlohmann/json.hpp>
#include <string>

#include "core/files.h"
#include "support/test_files.h"

namespace riffle::test {
namespace {

namespace fs = std::filesystem;

// UTF-8 of a code point below 0x800.
std::string utf8(unsigned code) {
  if (code < 0x80) return {static_cast<char>(code)};
  return {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
}

// Byte-level BPE's letters for the 256 bytes (GPT-2's table): printable ones stand for themselves,
// the others for the code points from 256.
nlohmann::json byte_vocabulary() {
  nlohmann::json vocabulary;
  unsigned next = 256;
  int id = 0;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool printable =
        (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    const std::string letter = utf8(printable ? byte : next++);
    vocabulary[letter] = id;
    vocabulary[letter + "</w>"] = id + 256;
    ++id;
  }
  vocabulary["<|startoftext|>"] = 49406;
  vocabulary["<|endoftext|>"] = 49407;
  return vocabulary;
}

}  // namespace

void make_tiny_bundle(const fs::path& folder, const char* spectrogram) {
  fs::create_directories(folder / "tokenizer");
  for (const auto& entry : fs::directory_iterator(golden_file("riff-tiny"))) {
    fs::create_symlink(entry.path(), folder / entry.path().filename());
  }
  write_text_file(folder / "tokenizer" / "vocab.json", byte_vocabulary().dump());
  write_text_file(folder / "tokenizer" / "merges.txt", "#version: 0.2\n");
  if (*spectrogram != '\0') write_text_file(folder / "spectrogram.json", spectrogram);
}

}  // namespace riffle::test
