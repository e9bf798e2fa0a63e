// SPDX-License-Identifier: GPL-3.0-or-later
// Writing sound files as a stream of planar float blocks. The file appears whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audio/channel_layout.h"
#include "audio/tags.h"
#include "audio/waveform.h"
#include "core/job.h"

namespace riffle::audio {

enum class SampleType { Int16, Int24, Float32 };

// What a sequencer needs to know to play a file in time.
struct TempoMarks {
  double bpm = 120;
  int64_t beats = 0;  // of the whole file
  int beats_per_bar = 4;
  bool loop = false;  // plays seamlessly from its end to its beginning
};

// | ending     | codec, default                     | channels | rates                           |
// | .wav       | PCM, 24 bits                       | 64       | 1 to 768 kHz; RF64 above 4 GB   |
// | .flac      | FLAC, 24 bits                      | 8        | 1 to 655 kHz                    |
// | .mp3       | LAME, variable bit rate, quality 0 | 2        | 8 to 48 kHz, the nine of MPEG   |
// | .ogg, .oga | Vorbis, quality 6                  | 8        | 8 to 192 kHz                    |
// | .opus      | Opus, 64 kbit/s a channel          | 8        | 48 kHz                          |
// | .m4a       | AAC-LC, 96 kbit/s a channel        | 8        | 8 to 96 kHz, the twelve of MPEG |
// A rate the format does not have is converted to the next one above it, or to its highest; more
// channels than it takes are mixed to stereo (downmix.h); both are told in notes() and logged.
struct AudioWriterOptions {
  std::optional<SampleType> maybe_sample_type = {};  // wav: any; flac: Int16 or Int24; others: none
  bool dither = true;  // 16 bits: noise instead of distortion; what is exact at 16 bits stays exact
  std::optional<int> maybe_bitrate_kbps = {};  // lossy formats: of all channels together
  std::optional<double> maybe_quality = {};    // instead: mp3 0 (best) to 9; Vorbis -1 to 10 (best)
  ChannelMask layout = kUnknownLayout;         // unknown: default_layout(channels)
  // wav keeps title, artist, album, comment, date, genre, track, copyright, language and encoder,
  // m4a the keys of iTunes, the others every key. What cannot be kept is told in notes().
  Tags tags = {};
  // wav: as "acid" and "smpl" chunks; others: the tempo as the tag "bpm".
  std::optional<TempoMarks> maybe_tempo = {};
  // A promise that no more than this many frames come: a wav file below 4 GB then has the plain
  // header every program reads, without room for RF64.
  std::optional<int64_t> maybe_max_frames = {};
};

class AudioWriter {
 public:
  // Throws Error{Unsupported} for another ending, Error{InvalidArgument} for options that do not
  // fit the format, Error{Io} where the system refuses.
  AudioWriter(const std::filesystem::path& path, int sample_rate, int channels,
              const AudioWriterOptions& options = {});
  // Without close() nothing is left of the file.
  ~AudioWriter();
  AudioWriter(AudioWriter&&) noexcept;
  AudioWriter& operator=(AudioWriter&&) noexcept;

  // block: any number of frames with the writer's rate and channels. Throws Error{InvalidArgument}
  // for a sample that is not a finite number, Error{Io} for a full disk.
  void write(const Waveform& block);
  // Finishes the file and gives it its name. Throws Error{InvalidArgument} when no frame was
  // written.
  void close();

  // Of what is in the file, which may differ from what is written into it.
  int file_sample_rate() const;
  int file_channels() const;
  // What differs from what was asked for; final after close().
  const std::vector<std::string>& notes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Endings with their dot, lower case.
std::vector<std::string> writable_endings();

// Returns the writer's notes.
std::vector<std::string> write_audio(const std::filesystem::path& path, const Waveform& sound,
                                     AudioWriterOptions options = {}, const Job& job = {});

}  // namespace riffle::audio
