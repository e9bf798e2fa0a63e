// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/renderer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>
#include <string_view>

#include "audio/loudness.h"
#include "core/error.h"
#include "corpus/detail/fluid_synth.h"
#include "corpus/random.h"

namespace riffle::corpus {
namespace {

using detail::Preset;
using detail::SynthEvent;

constexpr int kDrumBank = 128;
constexpr int kLastVariationBank = 16;
constexpr double kVariationShare = 0.35;
constexpr double kMaxDetuneCents = 15;
constexpr int kAllSoundOff = 120;  // and the other channel modes above it
constexpr double kReferenceDb = -18;
constexpr double kLowestStemDb = -8;  // beside a track of 0 dB

// Variation presets of the same program that are another instrument, or that need a controller the
// songs do not send, by parts of their names.
constexpr std::array<std::string_view, 18> kForeign = {
    "Expr",    "Ukulele", "Mandolin", "12",       "Hawaiian", "Feedback",
    "Piano &", "Bell",    "Harpsi",   "Woodwind", "Castanet", "Metronome",
    "Temple",  "Taisho",  "EPs",      "Carillon", "Pizz",     "Trem"};

bool foreign(const std::string& name) {
  return std::any_of(kForeign.begin(), kForeign.end(),
                     [&](std::string_view part) { return name.find(part) != std::string::npos; });
}

// Presets for a track, the plain ones first. Kits come in groups of eight, variants of the first;
// of these 24, 25 and 26 are different kits.
struct Candidates {
  std::vector<const Preset*> plain;
  std::vector<const Preset*> variations;
};

Candidates candidates_for(const Track& track, const std::vector<Preset>& presets) {
  Candidates found;
  for (const Preset& preset : presets) {
    if (track.drums) {
      if (preset.bank != kDrumBank) continue;
      if (preset.program == track.program) found.plain.push_back(&preset);
      const bool variant =
          track.program % 8 == 0 && track.program < 24 && preset.program / 8 == track.program / 8;
      if (variant && preset.program != track.program) found.variations.push_back(&preset);
    } else if (preset.program == track.program) {
      if (preset.bank == 0) found.plain.push_back(&preset);
      if (preset.bank > 0 && preset.bank <= kLastVariationBank && !foreign(preset.name)) {
        found.variations.push_back(&preset);
      }
    }
  }
  return found;
}

const Preset& choose_preset(const Track& track, const std::vector<Preset>& presets, Random random) {
  const Candidates found = candidates_for(track, presets);
  const bool vary = random.chance(kVariationShare);
  if (!found.variations.empty() && (vary || found.plain.empty())) {
    return *random.pick(found.variations);
  }
  if (!found.plain.empty()) return *random.pick(found.plain);
  // A kit that is not there: the standard one; a program that is not there: the first of its group
  // of eight, or whatever there is.
  const Preset* best = nullptr;
  for (const Preset& preset : presets) {
    if ((preset.bank == kDrumBank) != track.drums) continue;
    if (best == nullptr || (!track.drums && preset.program / 8 == track.program / 8 &&
                            best->program / 8 != track.program / 8)) {
      best = &preset;
    }
  }
  if (best != nullptr) return *best;
  throw Error(ErrorCode::BadFile, fmt::format("the soundfont has no presets for {}",
                                              track.drums ? "drums" : "instruments"));
}

struct RoleSend {
  std::string_view role;
  double low_db;  // of the reverb send
  double high_db;
};
constexpr std::array<RoleSend, 7> kSends = {{{"drums", -30, -14},
                                             {"bass", -45, -24},
                                             {"chords", -22, -8},
                                             {"pad", -18, -6},
                                             {"arpeggio", -20, -8},
                                             {"lead", -20, -7},
                                             {"counter", -18, -7}}};

double draw_send_db(const Track& track, Random& random) {
  const auto found = std::find_if(kSends.begin(), kSends.end(), [&](const RoleSend& send) {
    return send.role == (track.drums ? "drums" : track.role);
  });
  const RoleSend& send = found != kSends.end() ? *found : kSends[2];
  return random.uniform(send.low_db, send.high_db);
}

Equalizer draw_equalizer(Random& random) {
  Equalizer eq;
  eq.low_hz = random.uniform(120, 350);
  eq.low_db = random.uniform(-3, 2);
  eq.mid_hz = 400 * std::exp2(random.uniform(0, 3));
  eq.mid_db = random.uniform(-3, 3);
  eq.mid_q = random.uniform(0.5, 1.2);
  eq.high_hz = random.uniform(3500, 9000);
  eq.high_db = random.uniform(-4, 3);
  return eq;
}

Chorus draw_chorus(const Track& track, Random& random) {
  const bool fits = !track.drums && track.role != "bass";
  if (!random.chance(fits ? 0.2 : 0)) return {.wet = 0};
  return {.delay_ms = random.uniform(8, 18),
          .depth_ms = random.uniform(0.6, 2.5),
          .rate_hz = random.uniform(0.2, 1.2),
          .wet = random.uniform(0.25, 0.6)};
}

Bus draw_bus(Random random) {
  Bus bus;
  bus.reverb.decay_s = 0.35 * std::exp2(random.uniform(0, 2.8));
  bus.reverb.size = random.uniform(0.6, 1.6);
  bus.reverb.damping = random.uniform(0.15, 0.7);
  bus.reverb.predelay_ms = random.uniform(2, 30);
  if (random.chance(0.4)) {
    bus.compressor = {.threshold_db = kReferenceDb + random.uniform(-6, 0),
                      .ratio = random.uniform(1.5, 4),
                      .attack_ms = random.uniform(3, 25),
                      .release_ms = random.uniform(60, 300)};
  }
  if (random.chance(0.3)) bus.drive_db = random.uniform(0, 9);
  return bus;
}

std::vector<SynthEvent> events_of(const Song& song, int sample_rate) {
  const auto block_of = [&](int64_t tick) {
    return std::llround(song.seconds_of(tick) * sample_rate / detail::kSynthBlock);
  };
  using Kind = SynthEvent::Kind;
  std::vector<SynthEvent> events;
  for (size_t i = 0; i < song.tracks.size(); ++i) {
    const int channel = static_cast<int>(i);
    for (const Note& note : song.tracks[i].notes) {
      const int64_t begin = block_of(note.start);
      const int64_t end = std::max<int64_t>(begin + 1, block_of(note.start + note.length));
      events.push_back({begin, Kind::NoteOn, channel, note.key, note.velocity});
      events.push_back({end, Kind::NoteOff, channel, note.key, 0});
    }
    for (const Control& control : song.tracks[i].controls) {
      const int64_t when = block_of(control.tick);
      if (control.controller == kPitchBend) {
        events.push_back({when, Kind::Bend, channel, std::clamp(control.value + 8192, 0, 16383)});
      } else if (control.controller >= 0 && control.controller < kAllSoundOff) {
        events.push_back(
            {when, Kind::Control, channel, control.controller, std::clamp(control.value, 0, 127)});
      }
    }
  }
  std::stable_sort(events.begin(), events.end(), [](const SynthEvent& a, const SynthEvent& b) {
    return a.block != b.block ? a.block < b.block : a.kind < b.kind;
  });
  return events;
}

std::vector<int> all_tracks(size_t count) {
  std::vector<int> tracks(count);
  std::iota(tracks.begin(), tracks.end(), 0);
  return tracks;
}

// Brings a stem to its place in the mix and draws what is done to it.
void treat(audio::Waveform& stem, const Track& track, StemTreatment& treatment, Random random) {
  treatment.eq = draw_equalizer(random);
  treatment.chorus = draw_chorus(track, random);
  treatment.reverb_send_db = draw_send_db(track, random);
  // The song says how loud a track is beside the others; what is there has to be heard.
  const double wished = kReferenceDb + std::max(track.gain_db, kLowestStemDb) +
                        std::clamp(1.2 * random.normal(), -2.5, 2.5);
  equalize(stem, treatment.eq);
  add_chorus(stem, treatment.chorus);
  const double measured = active_level_db(stem);
  treatment.gain_db = measured > -150 ? wished - measured : 0;
  scale(stem, std::pow(10, treatment.gain_db / 20));
}

}  // namespace

struct Renderer::Impl {
  Impl(std::vector<Soundfont> soundfonts_in, int rate)
      : soundfonts(std::move(soundfonts_in)),
        sample_rate(rate),
        synth(rate),
        fonts(soundfonts.size()) {}

  // The synthesizer's number of a font, which is loaded when first asked for.
  int font(size_t soundfont) {
    auto& number = fonts.at(soundfont);
    if (!number) number = synth.load(soundfonts[soundfont].path);
    return *number;
  }

  std::vector<Soundfont> soundfonts;
  int sample_rate;
  detail::FluidSynth synth;
  std::vector<std::optional<int>> fonts;  // [soundfont]
};

Renderer::Renderer(std::vector<Soundfont> soundfonts, int sample_rate)
    : impl_(std::make_unique<Impl>(std::move(soundfonts), sample_rate)) {}
Renderer::~Renderer() = default;
Renderer::Renderer(Renderer&&) noexcept = default;
Renderer& Renderer::operator=(Renderer&&) noexcept = default;

const std::vector<Soundfont>& Renderer::soundfonts() const { return impl_->soundfonts; }

std::vector<size_t> Renderer::fitting(const Song& song, const std::vector<size_t>& among) {
  std::vector<size_t> fit;
  for (const size_t font : among) {
    const auto& presets = impl_->synth.presets(impl_->font(font));
    const bool all = std::all_of(song.tracks.begin(), song.tracks.end(), [&](const Track& track) {
      return !candidates_for(track, presets).plain.empty();
    });
    if (all) fit.push_back(font);
  }
  return fit.empty() ? among : fit;
}

Rendering Renderer::render(const Song& song, size_t soundfont, int64_t frames, const Job& job) {
  const size_t tracks = song.tracks.size();
  if (tracks > static_cast<size_t>(detail::kSynthChannels)) {
    throw Error(ErrorCode::Unsupported, fmt::format("a song has {} tracks, expected at most {}",
                                                    tracks, detail::kSynthChannels));
  }
  Random random(song.seed ^ 0x72656e646572ULL);
  Rendering result;
  result.soundfont = impl_->soundfonts.at(soundfont).name;
  result.bus = draw_bus(random.fork());
  const double detune = random.uniform(-kMaxDetuneCents, kMaxDetuneCents);

  detail::FluidSynth& synth = impl_->synth;
  const int font = impl_->font(soundfont);
  synth.begin(font);
  result.treatments.resize(tracks);
  for (size_t i = 0; i < tracks; ++i) {
    const Track& track = song.tracks[i];
    const Preset& preset = choose_preset(track, synth.presets(font), random.fork());
    StemTreatment& treatment = result.treatments[i];
    treatment.preset = preset.name;
    treatment.bank = preset.bank;
    treatment.program = preset.program;
    treatment.detune_cents = track.drums ? 0 : detune;
    const int channel = static_cast<int>(i);
    synth.select(channel, preset);
    synth.set_detune(channel, treatment.detune_cents);
    synth.set_pan(channel, track.pan);
  }
  audio::Waveform silence{impl_->sample_rate, {}};
  silence.samples.assign(2, std::vector<float>(static_cast<size_t>(frames), 0.0F));
  result.stems.assign(tracks, silence);
  synth.play(events_of(song, impl_->sample_rate), result.stems, job);

  for (size_t i = 0; i < tracks; ++i) {
    job.check();
    treat(result.stems[i], song.tracks[i], result.treatments[i], random.fork());
  }
  audio::Waveform mix = mix_stems(result, all_tracks(tracks));
  // The bus is fed at the level it was set for.
  if (const double level = active_level_db(mix); level > -150) {
    const double gain = kReferenceDb - level;
    for (size_t i = 0; i < tracks; ++i) {
      scale(result.stems[i], std::pow(10, gain / 20));
      result.treatments[i].gain_db += gain;
    }
    scale(mix, std::pow(10, gain / 20));
  }
  apply_bus(mix, result.bus);
  const auto loudness = audio::measure_loudness(mix, audio::kUnknownLayout, job);
  if (!loudness.silent()) result.bus.gain_db = kMixLufs - loudness.integrated_lufs;
  return result;
}

audio::Waveform mix_stems(const Rendering& rendering, const std::vector<int>& tracks) {
  audio::Waveform dry{rendering.stems.at(0).sample_rate, {}};
  dry.samples.assign(2, std::vector<float>(static_cast<size_t>(rendering.stems[0].frames()), 0.0F));
  audio::Waveform send = dry;
  for (const int track : tracks) {
    const auto i = static_cast<size_t>(track);
    add_scaled(dry, rendering.stems.at(i), 1);
    add_scaled(send, rendering.stems[i],
               std::pow(10, rendering.treatments.at(i).reverb_send_db / 20));
  }
  add_scaled(dry, reverberation(send, rendering.bus.reverb), 1);
  return dry;
}

void apply_bus(audio::Waveform& mix, const Bus& bus) {
  compress(mix, bus.compressor);
  if (bus.drive_db > -60) saturate(mix, bus.drive_db);
  scale(mix, std::pow(10, bus.gain_db / 20));
}

}  // namespace riffle::corpus
