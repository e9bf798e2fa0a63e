// SPDX-License-Identifier: GPL-3.0-or-later
// Songs to sound: every track is one stem, treated as on a mixing desk. What is drawn at random
// (presets, balance, equalizer, room, bus) is drawn from the song's seed, so a song always sounds
// the same.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "audio/waveform.h"
#include "core/job.h"
#include "corpus/effects.h"
#include "corpus/song.h"
#include "corpus/soundfonts.h"

namespace riffle::corpus {

// What was done to one track.
struct StemTreatment {
  std::string preset;  // the soundfont's name for it
  int bank = 0;
  int program = 0;
  double gain_db = 0;  // from the synthesizer's level to that in the mix
  double detune_cents = 0;
  Equalizer eq;
  Chorus chorus{.wet = 0};
  double reverb_send_db = -120;
};

// What is done to the sum.
struct Bus {
  Reverb reverb;
  Compressor compressor{.ratio = 1};
  double drive_db = -120;  // of the saturation; below -60: none
  double gain_db = 0;      // afterwards: brings the whole mix to its loudness
};

struct Rendering {
  std::string soundfont;
  std::vector<audio::Waveform> stems;  // [track] stereo, treated, without reverberation
  std::vector<StemTreatment> treatments;
  Bus bus;
};

class Renderer {
 public:
  static constexpr double kMixLufs = -18;

  // A soundfont is loaded when first needed and stays loaded; render() and fitting() throw
  // Error{NotFound, BadFile} then. Throws Error{InvalidArgument} for a rate the synthesizer does
  // not take.
  Renderer(std::vector<Soundfont> soundfonts, int sample_rate);
  ~Renderer();
  Renderer(Renderer&&) noexcept;
  Renderer& operator=(Renderer&&) noexcept;

  const std::vector<Soundfont>& soundfonts() const;
  // Those of `among` (indices) that have every program of the song; where none has, all of them.
  std::vector<size_t> fitting(const Song& song, const std::vector<size_t>& among);

  // frames: of the sound, which may end before or after the song. Not for several threads at once.
  // Throws Error{Unsupported} for a song of more than 16 tracks, Error{Cancelled}.
  Rendering render(const Song& song, size_t soundfont, int64_t frames, const Job& job = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The sum of these tracks' stems and of their reverberation, before the bus. Linear: over all
// tracks it is the sum of the sounds of single tracks.
audio::Waveform mix_stems(const Rendering& rendering, const std::vector<int>& tracks);
// Compressor, saturation and gain.
void apply_bus(audio::Waveform& mix, const Bus& bus);

}  // namespace riffle::corpus
