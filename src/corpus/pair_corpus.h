// SPDX-License-Identifier: GPL-3.0-or-later
// Pairs of stems and contexts (shards/pairs.h) out of songs as stems: latents once and for all,
// embeddings of the stems' sound in a pass of its own, which is cheap and made anew when the model
// of sound and text changes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "audio/waveform.h"
#include "core/job.h"
#include "corpus/pair_sources.h"

namespace riffle::corpus {

struct PairOptions {
  PairSourceOptions source{};
  // Of each song, beside the mixes of all stems but one: so many random subsets a stem.
  double mixes_a_stem = 1;
  // Of songs to train on, beside each as it is: so many as from a tape that runs faster or slower,
  // by whole semitones.
  int varied = 0;
  int style_parts = 4;  // parts of a stem that are embedded
  int64_t songs = 0;    // at most; 0: all
};

// What makes latents: pipelines' StemCodec, or a test's own.
struct LatentEncoder {
  std::string name;  // of the autoencoder
  int sample_rate = 44100;
  int64_t samples_per_column = 7056;
  int64_t channels = 192;
  double max_value = 0;  // amplitude of its pictures' black; 0: it makes none
  std::function<at::Tensor(const audio::Waveform& mono, const Job& job)> encode;
};

// What embeds sound: models' Clap, or a test's own.
struct SoundEmbedder {
  std::string name;
  int sample_rate = 48000;
  std::function<at::Tensor(const at::Tensor& mono, const Job& job)> embed;  // [samples] -> [D]
  // Sentences to where such sounds lie, [sentences, D]; empty: words are not embedded.
  std::function<at::Tensor(const std::vector<std::string>& sentences, const Job& job)> read = {};
};

struct PairReport {
  int64_t shards_written = 0;
  int64_t shards_present = 0;  // from earlier runs
  int64_t songs_written = 0;
  int64_t pieces_written = 0;  // excerpts of songs, and varied ones
  int64_t stems_written = 0;
  int64_t mixes_written = 0;
  double seconds_written = 0;        // of songs
  std::vector<std::string> refused;  // songs that could not be read, with the reason
};

inline constexpr int64_t kPairSongsPerShard = 16;

// The subsets of `stems` stems that are encoded as mixes: all but one, and `more` random ones of
// two or more; each once, none of one stem (its latents are there anyway) and not all of them
// (nothing would be left to play). The same seed gives the same.
std::vector<std::vector<int64_t>> draw_mixes(int64_t stems, int64_t more, uint64_t seed);

// The song as from a tape that runs so many semitones higher, faster too: id, tempo, key, chords
// and sound. What captions say would no longer hold: there are none.
PairSource varied(const PairSource& source, int semitones, const Job& job = {});

// Encodes what is not there yet; a shard whose songs have become more since is made anew. Throws
// what open_pair_sources() and PairWriter throw, Error{Cancelled}; finished shards stay.
PairReport make_pairs(const std::filesystem::path& songs, const std::filesystem::path& out,
                      const LatentEncoder& encoder, const PairOptions& options,
                      const Job& job = {});

// Embeds the stems of shards that have no embeddings of this embedder yet, and what is said of
// them: their captions and the instrument's name. Returns how many shards it made.
int64_t embed_pairs(const std::filesystem::path& songs, const std::filesystem::path& out,
                    const SoundEmbedder& embedder, const PairOptions& options, const Job& job = {});

}  // namespace riffle::corpus
