// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/jam_settings.h"

#include "core/error.h"
#include "library/ids.h"

namespace riffle::server {
namespace {

constexpr double kLastSeed = 4294967295;

// What a jam begins with.
struct JamBeginning {
  std::string prompt = {};
  int64_t seed = -1;
  JamSettings settings = {};

  void visit(pipelines::FieldVisitor& v) {
    v.field(prompt, {.name = "prompt",
                     .help = "What plays, or what to go to next, for example \"funky piano\"",
                     .required = true});
    v.field(seed, {.name = "seed",
                   .help = "Where its walk from seed to seed begins; -1: another one each time",
                   .minimum = -1,
                   .maximum = kLastSeed});
    settings.visit(v);
  }
};

// The settings the request names, over those there are.
JamSettings read_settings(BodyReader& reader, const JamSettings& now) {
  Json merged = pipelines::request_to_json(now);
  for (const pipelines::Field& field : pipelines::fields_of<JamSettings>()) {
    const char* name = field.info.name.c_str();
    if (const Json* value = reader.value(name)) merged[name] = *value;
    if (reader.is_null(name)) merged.erase(name);
  }
  return pipelines::request_from_json<JamSettings>(merged, "jam");
}

}  // namespace

bool is_of_library(const std::string& seed_image) {
  return library::is_id(seed_image, "clip_") || library::is_id(seed_image, "up_");
}

std::optional<std::string> JamSettings::seed_or_none() const {
  return seed_image.empty() ? std::nullopt : std::optional(seed_image);
}

void JamSettings::visit(pipelines::FieldVisitor& v) {
  v.field(negative_prompt, {.name = "negative_prompt", .help = "What it should not sound like"});
  v.field(seed_image, {.name = "seed_image",
                       .help = "Seed image, clip or upload whose beat and shape the music keeps",
                       .absent = "none",
                       .is_file = true});
  v.field(denoising, {.name = "denoising",
                      .help = "How far it may leave the seed image: 0.75 keeps the beat, 0.95 "
                              "forgets it",
                      .minimum = 0,
                      .maximum = 1});
  v.field(bpm, {.name = "bpm",
                .help = "Tempo",
                .unit = "BPM",
                .minimum = 40,
                .maximum = 240,
                .absent = "the seed image's own"});
  v.field(beats_per_bar,
          {.name = "beats_per_bar", .help = "Beats a bar has", .minimum = 1, .maximum = 16});
  v.field(guidance, {.name = "guidance",
                     .help = "How closely the prompt is followed; 1 and below: not at all",
                     .minimum = 0,
                     .maximum = 50,
                     .absent = "what suits the model"});
  v.field(steps, {.name = "steps",
                  .help = "Steps of the scheduler",
                  .minimum = 1,
                  .maximum = 1000,
                  .absent = "the preset's"});
  v.field(preset, {.name = "preset",
                   .help = "Quality against time: it should be made faster than it plays",
                   .choices = {"fast", "balanced", "best"}});
  v.field(transition_segments, {.name = "transition_segments",
                                .help = "Segments from one prompt or seed to the next",
                                .minimum = 1,
                                .maximum = 32});
  v.field(hold_segments, {.name = "hold_segments",
                          .help = "Segments a prompt of the queue stays before the next begins",
                          .minimum = 0,
                          .maximum = 64});
  v.field(ahead, {.name = "ahead",
                  .help = "Segments made beyond the one that plays",
                  .minimum = 1,
                  .maximum = 16,
                  .advanced = true});
  v.field(loudness, {.name = "loudness",
                     .help = "Loudness it is brought to",
                     .unit = "LUFS",
                     .minimum = -60,
                     .maximum = 0,
                     .advanced = true});
  v.field(preview_interval, {.name = "preview_interval",
                             .help = "A picture after so many steps; 0: none",
                             .minimum = 0,
                             .maximum = 1000,
                             .advanced = true});
}

JamChange read_jam_change(BodyReader& reader, const JamSettings& now, const Sources& sources) {
  JamChange change;
  change.prompt = reader.text("prompt", 1000);
  if (change.prompt && change.prompt->empty()) {
    throw Error(ErrorCode::InvalidArgument, "jam: prompt is empty",
                "say what you want to hear, for example \"funky piano\"");
  }
  change.queue = reader.texts("queue", 100, 1000);
  change.seed = reader.integer("seed", -1, static_cast<int64_t>(kLastSeed));
  reader.text("negative_prompt", 1000);
  change.settings = read_settings(reader, now);
  const std::string& seed = change.settings.seed_image;
  if (!seed.empty() && seed != now.seed_image) {
    sources.require(is_of_library(seed) ? seed : "seed:" + seed, "seed_image");
  }
  return change;
}

std::vector<pipelines::Field> jam_fields() { return pipelines::fields_of<JamBeginning>(); }

}  // namespace riffle::server
