// SPDX-License-Identifier: GPL-3.0-or-later
// libfluidsynth as the renderer uses it: every MIDI channel comes out as its own dry stereo sound.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "audio/waveform.h"
#include "core/job.h"

namespace riffle::corpus::detail {

struct Preset {
  int bank = 0;  // 128: drums
  int program = 0;
  std::string name;
};

// What a channel is told at a sample. FluidSynth begins sounds at multiples of 64 samples.
struct SynthEvent {
  enum class Kind { NoteOff, Control, Bend, NoteOn };  // in the order they take at one moment
  int64_t block = 0;                                   // of kSynthBlock samples
  Kind kind = Kind::NoteOn;
  int channel = 0;
  int a = 0;  // key, controller, bend of 0..16383
  int b = 0;  // velocity, value
};

inline constexpr int kSynthBlock = 64;
inline constexpr int kSynthChannels = 16;

// Not for several threads at once. What it plays depends on what it is told alone, not on what it
// played before.
class FluidSynth {
 public:
  // Throws Error{InvalidArgument} for a rate FluidSynth does not take (8 to 96 kHz).
  explicit FluidSynth(int sample_rate);
  ~FluidSynth();
  FluidSynth(const FluidSynth&) = delete;
  FluidSynth& operator=(const FluidSynth&) = delete;

  // Returns the font's number; it stays loaded. Its samples are shared by all synthesizers of the
  // process. Throws Error{NotFound, BadFile}.
  int load(const std::filesystem::path& soundfont);
  // Sorted by bank and program.
  const std::vector<Preset>& presets(int font) const;

  // To be called before every song: the channels below play this font.
  void begin(int font);
  void select(int channel, const Preset& preset);
  void set_detune(int channel, double cents);
  void set_pan(int channel, double pan);  // -1 left .. 1 right

  // Plays events sorted by block. stems: [channel] stereo sounds of equal length, silent before,
  // as many as there are channels in use.
  void play(const std::vector<SynthEvent>& events, std::vector<audio::Waveform>& stems,
            const Job& job = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace riffle::corpus::detail
