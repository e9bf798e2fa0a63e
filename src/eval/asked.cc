// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/asked.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string_view>

#include "corpus/caption_words.h"
#include "corpus/instruments.h"

namespace riffle::eval {
namespace {

bool in_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '#'; }

// Whether the words stand in the text as whole words.
bool tells(std::string_view text, std::string_view words) {
  for (size_t at = text.find(words); at != std::string_view::npos; at = text.find(words, at + 1)) {
    const size_t end = at + words.size();
    const bool begins = at == 0 || !in_word(text[at - 1]);
    if (begins && (end == text.size() || !in_word(text[end]))) return true;
  }
  return false;
}

bool tells_any(std::string_view text, const std::vector<std::string>& words) {
  return std::ranges::any_of(words, [&](const std::string& word) { return tells(text, word); });
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return std::tolower(c); });
  return result;
}

const corpus::Instrument* find_instrument(std::string_view word) {
  const auto found = std::ranges::find(corpus::instruments(), word, &corpus::Instrument::word);
  return found == corpus::instruments().end() ? nullptr : &*found;
}

// Its word or a synonym; a word for many, such as "guitar" for each guitar, names none of them.
bool names_instrument(std::string_view text, const std::string& word) {
  const corpus::Instrument* known = find_instrument(word);
  if (tells(text, word) || (known != nullptr && tells_any(text, known->synonyms))) return true;
  return std::ranges::any_of(corpus::drum_kits(), [&](const corpus::DrumKit& kit) {
    return kit.word == word && tells_any(text, kit.synonyms);
  });
}

bool tells_drums(std::string_view text) {
  return tells_any(text, {"drum", "beat"}) ||
         std::ranges::any_of(corpus::drum_kits(), [&](const corpus::DrumKit& kit) {
           return tells_any(text, corpus::instrument_words(kit.word));
         });
}

std::optional<bool> drums_asked(std::string_view text, bool there_are) {
  if (tells_any(text, {"no drums", "without drums"})) return false;
  if (there_are) return tells_drums(text) ? std::optional(true) : std::nullopt;
  return tells_any(text, {"solo", "alone"}) ? std::optional(false) : std::nullopt;
}

}  // namespace

Asked asked_by_caption(const std::string& caption, const shards::Record& record,
                       const shards::Segment& segment) {
  const std::string text = lower(caption);
  Asked asked{.prompt = caption,
              .instruments = {},
              .maybe_drums = drums_asked(text, segment.drums),
              .maybe_bpm = {},
              .maybe_key = {},
              .genre = {}};
  for (const std::string& word : segment.instruments) {
    if (names_instrument(text, word) &&
        std::ranges::find(asked.instruments, word) == asked.instruments.end()) {
      asked.instruments.push_back(word);
    }
  }
  if (record.maybe_bpm && tells(text, fmt::format("{} bpm", std::lround(*record.maybe_bpm)))) {
    asked.maybe_bpm = record.maybe_bpm;
  }
  if (record.maybe_key && record.maybe_mode) {
    const auto tonic = pitch_class_of(*record.maybe_key);
    const std::string words = fmt::format("{} {}", lower(*record.maybe_key), *record.maybe_mode);
    if (tonic && tells(text, words)) asked.maybe_key = Key{*tonic, *record.maybe_mode};
  }
  const std::string& genre = segment.genre.empty() ? record.genre : segment.genre;
  if (!genre.empty() && tells_any(text, corpus::genre_words(genre))) asked.genre = genre;
  return asked;
}

std::string family_of(const std::string& instrument) {
  const corpus::Instrument* known = find_instrument(instrument);
  return known == nullptr ? std::string() : std::string(corpus::family_word(known->family));
}

OrderedJson to_json(const Asked& asked) {
  OrderedJson json = {{"prompt", asked.prompt}, {"instruments", asked.instruments}};
  if (asked.maybe_drums) json["drums"] = *asked.maybe_drums;
  if (asked.maybe_bpm) json["bpm"] = *asked.maybe_bpm;
  if (asked.maybe_key) {
    json["key"] = pitch_name(asked.maybe_key->tonic);
    json["mode"] = asked.maybe_key->mode;
  }
  if (!asked.genre.empty()) json["genre"] = asked.genre;
  return json;
}

Asked asked_from_json(const Json& json, const std::string& where) {
  Asked asked;
  asked.prompt = json_get<std::string>(json, "prompt", where);
  asked.instruments = json_get_or(json, "instruments", std::vector<std::string>{}, where);
  if (json.contains("drums")) asked.maybe_drums = json_get<bool>(json, "drums", where);
  if (json.contains("bpm")) asked.maybe_bpm = json_get<double>(json, "bpm", where);
  const auto tonic = pitch_class_of(json_get_or(json, "key", std::string(), where));
  if (tonic) asked.maybe_key = Key{*tonic, json_get<std::string>(json, "mode", where)};
  asked.genre = json_get_or(json, "genre", std::string(), where);
  return asked;
}

}  // namespace riffle::eval
