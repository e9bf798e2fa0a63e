// SPDX-License-Identifier: GPL-3.0-or-later
#include "corpus/detail/fluid_synth.h"

#include <fluidsynth.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <map>
#include <string_view>

#include "core/error.h"
#include "core/files.h"

namespace riffle::corpus::detail {
namespace {

constexpr int kPolyphony = 512;
constexpr double kGain = 0.6;  // of all sounds; stems are balanced afterwards
constexpr int kPanController = 10;
constexpr int kCheckEvery = 64;  // events between two looks at whether to stop

struct SettingsFree {
  void operator()(fluid_settings_t* settings) const { delete_fluid_settings(settings); }
};
struct SynthFree {
  void operator()(fluid_synth_t* synth) const { delete_fluid_synth(synth); }
};
using SettingsPtr = std::unique_ptr<fluid_settings_t, SettingsFree>;
using SynthPtr = std::unique_ptr<fluid_synth_t, SynthFree>;

SettingsPtr make_settings(int sample_rate) {
  // Its complaints about presets that are not there would go to stderr.
  for (const int level : {FLUID_PANIC, FLUID_ERR, FLUID_WARN, FLUID_INFO, FLUID_DBG}) {
    fluid_set_log_function(level, nullptr, nullptr);
  }
  SettingsPtr settings(new_fluid_settings());
  if (!settings) throw Error(ErrorCode::OutOfMemory, "no memory for a synthesizer");
  const std::array<std::pair<const char*, int>, 9> numbers{{
      {"synth.midi-channels", kSynthChannels},
      {"synth.audio-channels", kSynthChannels},
      {"synth.audio-groups", kSynthChannels},
      {"synth.polyphony", kPolyphony},
      {"synth.reverb.active", 0},
      {"synth.chorus.active", 0},
      {"synth.threadsafe-api", 0},
      {"synth.lock-memory", 0},
      {"synth.cpu-cores", 1},
  }};
  bool good = true;
  for (const auto& [name, value] : numbers) {
    good = good && fluid_settings_setint(settings.get(), name, value) == FLUID_OK;
  }
  good = good && fluid_settings_setnum(settings.get(), "synth.gain", kGain) == FLUID_OK;
  if (!good) throw Error(ErrorCode::Unsupported, "this FluidSynth lacks a setting Riffle needs");
  if (fluid_settings_setnum(settings.get(), "synth.sample-rate", sample_rate) != FLUID_OK) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("the synthesizer does not run at {} Hz", sample_rate),
                "it takes 8000 to 96000 Hz");
  }
  return settings;
}

std::vector<Preset> list_presets(fluid_sfont_t* font) {
  std::vector<Preset> presets;
  fluid_sfont_iteration_start(font);
  while (fluid_preset_t* preset = fluid_sfont_iteration_next(font)) {
    presets.push_back({fluid_preset_get_banknum(preset), fluid_preset_get_num(preset),
                       fluid_preset_get_name(preset)});
  }
  std::stable_sort(presets.begin(), presets.end(), [](const Preset& a, const Preset& b) {
    return a.bank != b.bank ? a.bank < b.bank : a.program < b.program;
  });
  return presets;
}

SynthPtr make_synth(const SettingsPtr& settings) {
  SynthPtr synth(new_fluid_synth(settings.get()));
  if (!synth) throw Error(ErrorCode::OutOfMemory, "no memory for a synthesizer");
  return synth;
}

// Other loaders behind FluidSynth take other files for theirs and complain to stderr.
void require_soundfont(const std::filesystem::path& path) {
  require_file(path, "soundfont");
  std::array<char, 12> head{};
  std::ifstream(path, std::ios::binary).read(head.data(), head.size());
  const std::string_view text(head.data(), head.size());
  if (!text.starts_with("RIFF") || text.substr(8) != "sfbk") {
    throw Error(ErrorCode::BadFile, fmt::format("{}: not a soundfont", path.string()),
                "expected an .sf2 or .sf3 file");
  }
}

// One song's synthesizer: a used one keeps gains of earlier voices, and would begin notes
// otherwise. It borrows a font that another synthesizer holds.
class Player {
 public:
  Player(const SettingsPtr& settings, fluid_sfont_t* font)
      : synth_(make_synth(settings)), font_(font) {
    number_ = fluid_synth_add_sfont(synth_.get(), font);
    if (number_ == FLUID_FAILED) throw Error(ErrorCode::Internal, "a soundfont cannot be shared");
  }
  ~Player() {
    // No voice may hold a sample of the font when it is taken away; they end when rendered.
    fluid_synth_all_sounds_off(synth_.get(), -1);
    std::array<std::array<float, kSynthBlock>, 2> sound{};
    std::array<float*, 2> out{sound[0].data(), sound[1].data()};
    for (int i = 0; i < 100 && (i < 2 || fluid_synth_get_active_voice_count(synth_.get()) > 0);
         ++i) {
      fluid_synth_process(synth_.get(), kSynthBlock, 0, nullptr, 2, out.data());
    }
    fluid_synth_remove_sfont(synth_.get(), font_);
  }
  Player(const Player&) = delete;
  Player& operator=(const Player&) = delete;

  fluid_synth_t* get() const { return synth_.get(); }
  int font() const { return number_; }

 private:
  SynthPtr synth_;
  fluid_sfont_t* font_;
  int number_ = 0;
};

}  // namespace

struct FluidSynth::Impl {
  SettingsPtr settings;  // outlives the synthesizers
  SynthPtr library;      // holds the fonts, plays nothing
  std::map<int, fluid_sfont_t*> fonts;
  std::map<int, std::vector<Preset>> presets;
  std::unique_ptr<Player> player;

  void send(const SynthEvent& event) {
    switch (event.kind) {
      case SynthEvent::Kind::NoteOff:
        fluid_synth_noteoff(player->get(), event.channel, event.a);
        break;
      case SynthEvent::Kind::Control:
        fluid_synth_cc(player->get(), event.channel, event.a, event.b);
        break;
      case SynthEvent::Kind::Bend:
        fluid_synth_pitch_bend(player->get(), event.channel, event.a);
        break;
      case SynthEvent::Kind::NoteOn:
        fluid_synth_noteon(player->get(), event.channel, event.a, event.b);
        break;
    }
  }

  // Adds `frames` frames to the stems at `at`; channels without a stem are not computed.
  void render(std::vector<audio::Waveform>& stems, int64_t at, int64_t frames) {
    if (frames <= 0) return;
    std::array<float*, static_cast<size_t>(2 * kSynthChannels)> out{};
    for (size_t i = 0; i < stems.size(); ++i) {
      out[2 * i] = stems[i].samples[0].data() + at;
      out[2 * i + 1] = stems[i].samples[1].data() + at;
    }
    if (fluid_synth_process(player->get(), static_cast<int>(frames), 0, nullptr, 2 * kSynthChannels,
                            out.data()) != FLUID_OK) {
      throw Error(ErrorCode::Internal, "the synthesizer refused to render");
    }
  }
};

FluidSynth::FluidSynth(int sample_rate) : impl_(std::make_unique<Impl>()) {
  impl_->settings = make_settings(sample_rate);
  impl_->library = make_synth(impl_->settings);
}

FluidSynth::~FluidSynth() = default;

int FluidSynth::load(const std::filesystem::path& soundfont) {
  require_soundfont(soundfont);
  fluid_synth_t* library = impl_->library.get();
  const int font = fluid_synth_sfload(library, soundfont.c_str(), 0);
  fluid_sfont_t* loaded =
      font == FLUID_FAILED ? nullptr : fluid_synth_get_sfont_by_id(library, font);
  if (loaded == nullptr) {
    throw Error(ErrorCode::BadFile,
                fmt::format("{}: a soundfont FluidSynth cannot load", soundfont.string()),
                "it may be damaged, or of a form this FluidSynth does not know");
  }
  impl_->fonts[font] = loaded;
  impl_->presets[font] = list_presets(loaded);
  return font;
}

const std::vector<Preset>& FluidSynth::presets(int font) const { return impl_->presets.at(font); }

void FluidSynth::begin(int font) {
  impl_->player.reset();
  impl_->player = std::make_unique<Player>(impl_->settings, impl_->fonts.at(font));
}

void FluidSynth::select(int channel, const Preset& preset) {
  if (fluid_synth_program_select(impl_->player->get(), channel, impl_->player->font(), preset.bank,
                                 preset.program) != FLUID_OK) {
    throw Error(ErrorCode::Internal, fmt::format("preset {}:{} \"{}\" cannot be selected",
                                                 preset.bank, preset.program, preset.name));
  }
}

void FluidSynth::set_detune(int channel, double cents) {
  fluid_synth_set_gen(impl_->player->get(), channel, GEN_FINETUNE, static_cast<float>(cents));
}

void FluidSynth::set_pan(int channel, double pan) {
  const auto value = static_cast<int>(std::lround(64 + 63 * std::clamp(pan, -1.0, 1.0)));
  fluid_synth_cc(impl_->player->get(), channel, kPanController, value);
}

void FluidSynth::play(const std::vector<SynthEvent>& events, std::vector<audio::Waveform>& stems,
                      const Job& job) {
  if (stems.empty()) return;
  const int64_t frames = stems[0].frames();
  int64_t at = 0;
  int64_t sent = 0;
  for (const SynthEvent& event : events) {
    const int64_t when = event.block * kSynthBlock;
    if (when >= frames) break;
    impl_->render(stems, at, when - at);
    at = std::max(at, when);
    impl_->send(event);
    if (++sent % kCheckEvery == 0) job.check();
  }
  impl_->render(stems, at, frames - at);
}

}  // namespace riffle::corpus::detail
