// SPDX-License-Identifier: GPL-3.0-or-later
// A song as files, for models that work on stems: mix.flac, 01-slap-bass.flac, ..., song.mid and
// song.json with every fact about it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/job.h"
#include "core/json.h"
#include "corpus/renderer.h"
#include "corpus/song.h"

namespace riffle::corpus {

inline constexpr const char* kSongFile = "song.json";

struct SongFilesOptions {
  bool stems = true;  // mix.flac and a FLAC a track, 16 bits
  bool midi = true;   // song.mid
};

// Every fact: tempo, key, chords, sections, tracks with their presets and treatment, the bus.
// maybe_stem_gain_db: from the rendering's stems to the files; absent: there are no files.
OrderedJson song_to_json(const Song& song, const Rendering& rendering,
                         std::optional<double> maybe_stem_gain_db);

// "01-slap-bass.flac" of track 0.
std::string stem_file_name(const Song& song, size_t track);

// One track of a song that was written.
struct SongTrack {
  std::filesystem::path file;
  std::string instrument;
  std::string role;
  bool drums = false;
};

// Of a song.json and the folder it lies in. Throws Error{BadFile} for what does not fit, and for
// files that do not lie beside it.
std::vector<SongTrack> tracks_of_song(const Json& song, const std::filesystem::path& folder);

// Makes the folder; song.json is written last. The stems hold their share of the reverberation, so
// that their sum is the mix before the bus; all files have one common gain that keeps their peaks
// below full scale. Throws Error{Io}, Error{Cancelled}.
void write_song_files(const std::filesystem::path& folder, const Song& song,
                      const Rendering& rendering, const SongFilesOptions& options,
                      const Job& job = {});

}  // namespace riffle::corpus
