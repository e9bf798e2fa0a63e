// SPDX-License-Identifier: GPL-3.0-or-later
// Stems and what they go with, as an accompaniment model sees them: what is learned from is a pair
// of one stem (the target) and a mixture of others of the same song (the context).
//   PAIRS/pairs.json
//   PAIRS/shards/00000.safetensors   <id>.stem.I     float16 [channels, columns]: latents of stem I
//                                    <id>.mix.J      the same, of the sum of several stems' sound
//                                    <id>.stem.I.chroma, <id>.mix.J.chroma   float16 [12, columns]:
//                                    how much of each pitch class is heard in it, C first, 0 to 1
//                                    <id>.active     uint8 [stems, columns]: 1 where a stem sounds
//   PAIRS/shards/00000.jsonl         one song (or excerpt of one) a line, after its tensors
//   PAIRS/embeddings/00000.safetensors   <id>.style.I   float16 [parts, D], of unit length: what a
//                                    model of sound and text (CLAP) makes of parts of stem I
//                                    <id>.words.I   the same of what is said of stem I, moved to
//                                    where sounds lie; absent where nothing is said
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "shards/record.h"

namespace riffle::shards {

inline constexpr int64_t kPairChromaRows = 12;

struct PairStem {
  std::string instrument;  // "slap bass"; empty: not known
  std::string role;        // "bass", "chords", ...; empty: not known
  bool drums = false;
  std::vector<std::string> captions;
};

struct PairChord {
  double start_s = 0;
  int root = 0;         // pitch class, 0 = C
  std::string quality;  // "maj", "min7", ...
};

struct PairSong {
  std::string id;    // unique; names the tensors
  std::string song;  // excerpts of one song share it, and are in one split
  Split split = Split::Train;
  int64_t columns = 0;
  std::string source;  // "synth" or "folder"
  std::optional<double> maybe_bpm;
  int beats_per_bar = 4;
  double first_beat_s = 0;
  std::optional<std::string> maybe_key;
  std::optional<std::string> maybe_mode;
  std::string genre;
  std::string soundfont;
  std::vector<PairChord> chords;  // empty: not known
  std::vector<PairStem> stems;
  std::vector<std::vector<int64_t>> mixes;  // of which stems each is the sum; rising
};

OrderedJson to_json(const PairSong& song);
// Throws Error{BadFile} for fields missing or of another type, and for mixes of stems that are not
// there.
PairSong pair_song_from_json(const Json& json, std::string_view where);

// What all songs have in common: pairs.json.
struct PairHeader {
  int64_t channels = 192;
  int sample_rate = 44100;
  int64_t samples_per_column = 7056;
  std::string autoencoder;  // of what made the latents
  double max_value = 0;     // amplitude of its pictures' black; 0: it makes none
  OrderedJson made_by = {};

  double columns_per_second() const {
    return static_cast<double>(sample_rate) / static_cast<double>(samples_per_column);
  }
};
OrderedJson to_json(const PairHeader& header);
// Throws Error{BadFile, Unsupported}.
PairHeader pair_header_from_json(const Json& json, std::string_view where);

std::filesystem::path pair_header_path(const std::filesystem::path& pairs);
std::filesystem::path embeddings_path(const std::filesystem::path& pairs, int64_t shard);

std::string stem_name(const std::string& id, size_t stem);
std::string mix_name(const std::string& id, size_t mix);
std::string chroma_name(const std::string& sound);  // of stem_name() or mix_name()
std::string active_name(const std::string& id);
std::string style_name(const std::string& id, size_t stem);
std::string words_name(const std::string& id, size_t stem);

}  // namespace riffle::shards
