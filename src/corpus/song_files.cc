// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/song_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <numeric>
#include <system_error>

#include "audio/audio_writer.h"
#include "core/error.h"
#include "core/files.h"
#include "corpus/midi_file.h"

namespace riffle::corpus {
namespace {

namespace fs = std::filesystem;

constexpr double kCeiling = 0.99;

float peak_of(const audio::Waveform& sound) {
  float peak = 0;
  for (const auto& channel : sound.samples) {
    for (const float x : channel) peak = std::max(peak, std::abs(x));
  }
  return peak;
}

OrderedJson tracks_to_json(const Song& song, const Rendering& rendering, bool files) {
  OrderedJson tracks = OrderedJson::array();
  for (size_t i = 0; i < song.tracks.size(); ++i) {
    const Track& track = song.tracks[i];
    const StemTreatment& treatment = rendering.treatments.at(i);
    tracks.push_back(
        {{"file", files ? OrderedJson(stem_file_name(song, i)) : OrderedJson()},
         {"instrument", track.instrument},
         {"role", track.role},
         {"drums", track.drums},
         {"program", track.program},
         {"notes", track.notes.size()},
         {"preset",
          {{"name", treatment.preset}, {"bank", treatment.bank}, {"program", treatment.program}}},
         {"pan", track.pan},
         {"gain_db", treatment.gain_db},
         {"detune_cents", treatment.detune_cents},
         {"chorus", treatment.chorus.wet},
         {"reverb_send_db", treatment.reverb_send_db}});
  }
  return tracks;
}

void write_flac(const std::filesystem::path& path, const audio::Waveform& sound, const Job& job) {
  audio::AudioWriterOptions options;
  options.maybe_sample_type = audio::SampleType::Int16;
  options.dither = false;  // the same song gives the same bytes
  audio::write_audio(path, sound, options, Job{job.stop, {}});
}

// Returns the gain, in dB, of the files beside the rendering's stems.
double write_stems(const std::filesystem::path& folder, const Song& song,
                   const Rendering& rendering, const Job& job) {
  std::vector<int> all(song.tracks.size());
  std::iota(all.begin(), all.end(), 0);
  std::vector<audio::Waveform> stems;
  float peak = 0;
  for (const int track : all) {
    stems.push_back(mix_stems(rendering, {track}));
    peak = std::max(peak, peak_of(stems.back()));
  }
  audio::Waveform mix = mix_stems(rendering, all);
  apply_bus(mix, rendering.bus);
  const double bus_gain = std::pow(10, rendering.bus.gain_db / 20);
  const double loudest = std::max<double>(peak * bus_gain, peak_of(mix));
  const double gain = std::min(1.0, kCeiling / std::max(loudest, 1e-9));
  scale(mix, gain);
  write_flac(folder / "mix.flac", mix, job);
  for (size_t i = 0; i < stems.size(); ++i) {
    scale(stems[i], gain * bus_gain);
    write_flac(folder / stem_file_name(song, i), stems[i], job);
  }
  return rendering.bus.gain_db + 20 * std::log10(gain);
}

}  // namespace

OrderedJson song_to_json(const Song& song, const Rendering& rendering,
                         std::optional<double> maybe_stem_gain_db) {
  OrderedJson chords = OrderedJson::array();
  for (const Chord& chord : song.chords) {
    chords.push_back({{"tick", chord.tick},
                      {"start_s", song.seconds_of(chord.tick)},
                      {"root", chord.root},
                      {"quality", chord.quality}});
  }
  OrderedJson sections = OrderedJson::array();
  for (const Section& section : song.sections) {
    sections.push_back({{"name", section.name},
                        {"first_bar", section.first_bar},
                        {"bars", section.bars},
                        {"tracks", section.tracks}});
  }
  const Bus& bus = rendering.bus;
  return {{"seed", song.seed},
          {"bpm", song.bpm},
          {"beats_per_bar", song.beats_per_bar},
          {"bars", song.bars},
          {"ticks_per_beat", kTicksPerBeat},
          {"key", song.key},
          {"mode", song.mode},
          {"genre", song.genre},
          {"groove", song.groove},
          {"mood", song.mood},
          {"soundfont", rendering.soundfont},
          {"sample_rate", rendering.stems.at(0).sample_rate},
          {"frames", rendering.stems[0].frames()},
          {"stem_gain_db", maybe_stem_gain_db ? OrderedJson(*maybe_stem_gain_db) : OrderedJson()},
          {"bus",
           {{"reverb_decay_s", bus.reverb.decay_s},
            {"compressor_ratio", bus.compressor.ratio},
            {"saturated", bus.drive_db > -60}}},
          {"chords", std::move(chords)},
          {"sections", std::move(sections)},
          {"tracks", tracks_to_json(song, rendering, maybe_stem_gain_db.has_value())}};
}

std::string stem_file_name(const Song& song, size_t track) {
  std::string word = song.tracks.at(track).instrument;
  for (char& c : word) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '-';
  }
  return fmt::format("{:02}-{}.flac", track + 1, word);
}

std::vector<SongTrack> tracks_of_song(const Json& song, const fs::path& folder) {
  const std::string where = (folder / kSongFile).string();
  if (!song.contains("tracks") || !song.at("tracks").is_array()) {
    throw Error(ErrorCode::BadFile, where + ": \"tracks\": expected a list");
  }
  std::vector<SongTrack> tracks;
  for (const Json& track : song.at("tracks")) {
    const auto file = json_get<std::string>(track, "file", where);
    if (fs::path(file).filename() != file) {
      throw Error(ErrorCode::BadFile,
                  fmt::format("{}: \"{}\" does not lie beside it", where, file));
    }
    tracks.push_back({.file = folder / file,
                      .instrument = json_get<std::string>(track, "instrument", where),
                      .role = json_get<std::string>(track, "role", where),
                      .drums = json_get<bool>(track, "drums", where)});
  }
  return tracks;
}

void write_song_files(const std::filesystem::path& folder, const Song& song,
                      const Rendering& rendering, const SongFilesOptions& options, const Job& job) {
  std::error_code ec;
  std::filesystem::create_directories(folder, ec);
  if (ec) {
    throw Error(ErrorCode::Io, fmt::format("cannot make {}: {}", folder.string(), ec.message()));
  }
  std::optional<double> maybe_gain_db;
  if (options.stems) maybe_gain_db = write_stems(folder, song, rendering, job);
  if (options.midi) write_file(folder / "song.mid", write_midi(song));
  write_text_file(folder / kSongFile, song_to_json(song, rendering, maybe_gain_db).dump(2) + "\n");
}

}  // namespace riffle::corpus
