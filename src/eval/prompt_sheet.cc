// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/prompt_sheet.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <sstream>

#include "core/error.h"
#include "eval/prompt_sheet_text.h"

namespace riffle::eval {
namespace {

std::string trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r") - first + 1));
}

// What follows `mark` is cut off and returned; empty where it is not there.
std::string cut_after(std::string& text, std::string_view mark) {
  const size_t at = text.find(mark);
  if (at == std::string::npos) return {};
  std::string rest = trimmed(std::string_view(text).substr(at + mark.size()));
  text = trimmed(std::string_view(text).substr(0, at));
  return rest;
}

bool read_number(const std::string& text, int64_t& number) {
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && rest == end;
}

// "bars=2": numbers, true and false as such, all else as text.
void read_field(Json& request, const std::string& word, const std::string& where) {
  const size_t at = word.find('=');
  if (at == std::string::npos || at == 0) {
    throw Error(ErrorCode::BadFile, fmt::format("{}: expected FIELD=VALUE, got {}", where, word));
  }
  const std::string text = word.substr(at + 1);
  const Json value = Json::parse(text, nullptr, false);
  request[word.substr(0, at)] = value.is_discarded() ? Json(text) : value;
}

SheetClip read_line(const std::string& line, const std::string& section, const std::string& where) {
  SheetClip clip;
  clip.section = section;
  std::string head = line;
  clip.prompt = cut_after(head, "|");
  std::istringstream words(head);
  std::string seed;
  std::string pipeline;
  words >> seed >> pipeline;
  if (clip.prompt.empty() || pipeline.empty() || !read_number(seed, clip.seed) || clip.seed < 1) {
    throw Error(ErrorCode::BadFile,
                fmt::format("{}: expected SEED PIPELINE ... | PROMPT, got {}", where, line));
  }
  clip.request = {{"pipeline", pipeline}, {"seed", clip.seed}};
  for (std::string word; words >> word;) read_field(clip.request, word, where);
  const std::string source = cut_after(clip.prompt, "<-");
  if (!source.empty() && !read_number(source, clip.source)) {
    throw Error(ErrorCode::BadFile,
                fmt::format("{}: expected a seed after <-, got {}", where, source));
  }
  clip.to = cut_after(clip.prompt, "->");
  clip.request["prompt"] = clip.prompt;
  if (!clip.to.empty()) clip.request["to"] = clip.to;
  return clip;
}

}  // namespace

std::string SheetClip::title() const {
  if (!to.empty()) return fmt::format("{} -> {}", prompt, to);
  if (source > 0) return fmt::format("{} <- {}", prompt, source);
  return prompt;
}

std::vector<SheetClip> parse_prompt_sheet(std::string_view text, std::string_view where) {
  std::vector<SheetClip> clips;
  std::set<int64_t> seeds;
  std::string section;
  std::istringstream lines{std::string(text)};
  int64_t number = 0;
  for (std::string raw; std::getline(lines, raw);) {
    const std::string place = fmt::format("{}:{}", where, ++number);
    const std::string line = trimmed(raw);
    if (line.empty() || line.starts_with('#')) continue;
    if (line.starts_with('[') && line.ends_with(']')) {
      section = line.substr(1, line.size() - 2);
      continue;
    }
    clips.push_back(read_line(line, section, place));
    const SheetClip& clip = clips.back();
    if (clip.source > 0 && !seeds.contains(clip.source)) {
      throw Error(ErrorCode::BadFile,
                  fmt::format("{}: no clip above has the seed {}", place, clip.source));
    }
    if (!seeds.insert(clip.seed).second) {
      throw Error(ErrorCode::BadFile,
                  fmt::format("{}: the seed {} stands twice", place, clip.seed));
    }
  }
  if (clips.empty()) throw Error(ErrorCode::BadFile, fmt::format("{}: no clips in it", where));
  return clips;
}

std::string_view built_in_prompt_sheet() { return kPromptSheetText; }

}  // namespace riffle::eval
