// SPDX-License-Identifier: GPL-3.0-or-later
// Any text as a prompt: refused as not UTF-8, or tokens of the model's length whose text comes
// back. What begins like JSON is read as a tokenizer's file too, and used if it can be.
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "../text/small_vocabulary.h"
#include "core/error.h"
#include "core/files.h"
#include "fuzz_support.h"
#include "text/detail/split_words.h"
#include "text/prompt_weights.h"
#include "text/roberta_tokenizer.h"

using riffle::fuzz::require;

namespace {

const riffle::text::ClipTokenizer& tokenizer() {
  static const riffle::text::ClipTokenizer instance(riffle::text::small_clip_files(
      {{"l", "o"}, {"lo", "w</w>"}, {"e", "r</w>"}, {"lo", "w"}, {"a", "a"}, {"aa", "aa"}}));
  return instance;
}

// A folder of this process, on the machine's memory disk where there is one.
const std::filesystem::path& folder() {
  static const std::filesystem::path path = [] {
    const std::filesystem::path memory = "/dev/shm";
    std::error_code ec;
    auto root =
        std::filesystem::is_directory(memory, ec) ? memory : std::filesystem::temp_directory_path();
    root /= "riffle-fuzz-" + std::to_string(::getpid());
    std::filesystem::create_directories(root);
    return root;
  }();
  return path;
}
void remove_folder() { std::filesystem::remove_all(folder()); }

template <class Tokenizer>
void use_files() {
  try {
    const Tokenizer made = Tokenizer::load(folder());
    for (const int64_t id : made.encode("a low lower 7!")) require(id >= 0);
  } catch (const riffle::Error& e) {
    require(e.code() == riffle::ErrorCode::BadFile);
  }
}

void read_as_tokenizer(std::string_view text) {
  riffle::write_text_file(folder() / "tokenizer.json", text);
  use_files<riffle::text::ClipTokenizer>();
  use_files<riffle::text::RobertaTokenizer>();
}

}  // namespace

int LLVMFuzzerInitialize(int*, char***) {
  riffle::fuzz::silence();
  folder();
  std::atexit(remove_folder);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<std::string> prompts = {std::string(reinterpret_cast<const char*>(data), size),
                                            ""};
  if (prompts[0].starts_with('{')) read_as_tokenizer(prompts[0]);
  try {
    const auto tokens = riffle::text::tokenize_prompts(tokenizer(), prompts);
    require(tokens.size() == 2 && tokens[0].ids.size() == tokens[1].ids.size());
    for (const auto& t : tokens) {
      require(t.ids.size() >= 1 && t.ids.size() <= 3 && t.ids.size() == t.weights.size());
      for (size_t i = 0; i < t.ids.size(); ++i) {
        require(t.ids[i].size() == 77 && t.weights[i].size() == 77);
        for (const float w : t.weights[i]) require(w >= -1e4F && w <= 1e4F);
      }
    }
    std::string joined;
    for (const auto& word : riffle::text::detail::split_gpt2_words(prompts[0])) joined += word;
    require(joined == prompts[0]);
    const auto ids = tokenizer().encode(prompts[0]);
    require(!ids.empty() || tokenizer().decode(ids).empty());
  } catch (const riffle::Error& e) {
    require(e.code() == riffle::ErrorCode::InvalidArgument);
  }
  return 0;
}
