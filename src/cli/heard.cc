// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/heard.h"

#include <fmt/format.h>

#include "eval/chroma.h"
#include "eval/key.h"
#include "eval/onset.h"
#include "eval/tempo.h"

namespace riffle::cli {

OrderedJson heard_in(const audio::Waveform& sound, const Job& job) {
  const Job quiet{job.stop, {}};
  OrderedJson heard = {{"bpm", nullptr}, {"key", nullptr}, {"mode", nullptr}};
  const eval::Tempo tempo = eval::estimate_tempo(eval::onset_strength(sound, quiet));
  if (tempo.bpm > 0) heard["bpm"] = tempo.bpm;
  const auto keys = eval::rank_keys(eval::key_features(eval::chroma_of(sound, quiet)),
                                    eval::KeyModel::of_ratings(), {"major", "minor"});
  if (!keys.empty()) {
    heard["key"] = eval::pitch_name(keys.front().key.tonic);
    heard["mode"] = keys.front().key.mode;
  }
  return heard;
}

std::string heard_text(const OrderedJson& heard) {
  const std::string tempo = heard.at("bpm").is_null()
                                ? "no clear tempo"
                                : fmt::format("{:.0f} BPM", heard.at("bpm").get<double>());
  if (heard.at("key").is_null()) return tempo + ", no key";
  return fmt::format("{}, {} {}", tempo, heard.at("key").get<std::string>(),
                     heard.at("mode").get<std::string>());
}

}  // namespace riffle::cli
