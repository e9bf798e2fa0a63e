// SPDX-License-Identifier: GPL-3.0-or-later
// riffle generate, morph, cover, ...: one command a row of the pipelines' table, its options made
// of the fields of the request.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "audio/audio_writer.h"
#include "audio/loudness.h"
#include "cli/commands.h"
#include "cli/heard.h"
#include "cli/inputs.h"
#include "cli/model_options.h"
#include "cli/options.h"
#include "cli/write_sound.h"
#include "core/error.h"
#include "image/picture_file.h"
#include "pipelines/clip_file.h"
#include "pipelines/registry.h"
#include "pipelines/sound_file.h"

namespace riffle::cli {
namespace {

namespace fs = std::filesystem;
using pipelines::Field;
using pipelines::FieldKind;

struct Options {
  std::vector<Field> fields;
  std::vector<std::string> values;  // one a field, as given
  std::vector<CLI::Option*> given;
  std::unique_ptr<bool[]> flags;
  std::string request_file;
  std::string output;
  std::string image;
  std::string preview;
  std::string bits = "24";
  ModelOptions model;
};

std::string flag_name(const Field& field) {
  std::string name = field.info.name;
  std::ranges::replace(name, '_', '-');
  return name;
}

std::string help_of(const Field& field) {
  return field.info.absent.empty()
             ? field.info.help
             : fmt::format("{} (default: {})", field.info.help, field.info.absent);
}

std::string type_of(const Field& field) {
  if (field.info.is_file) return kFileType;
  if (!field.info.unit.empty()) return field.info.unit;
  if (field.kind == FieldKind::Text) return "TEXT";
  return "N";
}

CLI::Option* add_field(CLI::App& app, Options& options, size_t i) {
  const Field& field = options.fields[i];
  const std::string name = flag_name(field);
  if (field.kind == FieldKind::Boolean) {
    return app.add_flag("--" + name, options.flags[i], help_of(field));
  }
  std::string& value = options.values[i];
  if (!field.default_value.is_null()) {
    value = field.default_value.is_string() ? field.default_value.get<std::string>()
                                            : field.default_value.dump();
  }
  if (!field.info.choices.empty()) {
    return add_choice(app, "--" + name, value, field.info.choices, help_of(field));
  }
  const std::string names = field.info.place > 0 ? name + ",--" + name : "--" + name;
  CLI::Option* option = app.add_option(names, value, help_of(field))->type_name(type_of(field));
  if (!value.empty()) option->capture_default_str();
  if (field.info.minimum && field.info.maximum) {
    option->check(between(*field.info.minimum, *field.info.maximum));
  }
  return option;
}

Json value_of(const Options& options, size_t i) {
  const Field& field = options.fields[i];
  const std::string& text = options.values[i];
  if (field.kind == FieldKind::Boolean) return options.flags[i];
  if (field.kind == FieldKind::Text) return text;
  const Json number = Json::parse(text, nullptr, false);
  if (!number.is_number()) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("--{}: expected a number, got {}", flag_name(field), text));
  }
  return number;
}

// What a file of requests says, then what flags say.
Json request_of(const Options& options) {
  Json request = Json::object();
  if (!options.request_file.empty()) {
    request = read_json_file(options.request_file);
    if (request.is_object()) {
      request.erase("pipeline");
      request.erase("model");
    }
  }
  for (size_t i = 0; i < options.fields.size(); ++i) {
    if (options.given[i]->count() > 0) request[options.fields[i].info.name] = value_of(options, i);
  }
  return request;
}

// "funky synth solo" -> "funky-synth-solo-42.wav"
fs::path default_output(const std::string& pipeline, const OrderedJson& request) {
  std::string text = request.value("prompt", "");
  for (const char* source : {"file", "context", "like", "from"}) {
    if (text.empty()) text = request.value(source, "");
  }
  std::string name;
  for (const char c : text) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (plain)
      name += c;
    else if (!name.empty() && name.back() != '-')
      name += '-';
    if (name.size() >= 40) break;
  }
  while (!name.empty() && name.back() == '-') name.pop_back();
  if (name.empty()) name = pipeline;
  return fmt::format("{}-{}.wav", name, request.value("seed", int64_t{0}));
}

audio::AudioWriterOptions writer_options(const pipelines::Clip& clip, const Options& options,
                                         const fs::path& path) {
  audio::AudioWriterOptions writer = pipelines::clip_writer_options(clip);
  const std::string ending = lower_ending(path);
  if (ending == ".wav" || ending == ".flac") {
    writer.maybe_sample_type = options.bits == "16"   ? audio::SampleType::Int16
                               : options.bits == "24" ? audio::SampleType::Int24
                                                      : audio::SampleType::Float32;
  }
  return writer;
}

// "song.wav", "mix" -> "song-mix.wav"
fs::path beside(const fs::path& path, const std::string& name) {
  fs::path result = path;
  result.replace_filename(
      fmt::format("{}-{}{}", path.stem().string(), name, path.extension().string()));
  return result;
}

// A part has the clip's tempo, but not its request: it was not made by it alone.
audio::AudioWriterOptions part_writer_options(const pipelines::Clip& clip, const Options& options,
                                              const fs::path& path) {
  audio::AudioWriterOptions writer = writer_options(clip, options, path);
  writer.tags.clear();
  return writer;
}

// The clip as files. Returns what the JSON document says of it.
OrderedJson write_clip(const pipelines::Clip& clip, const Options& options, const fs::path& path,
                       const fs::path& picture, Context& context) {
  const auto notes = audio::write_audio(path, clip.sound, writer_options(clip, options, path),
                                        Job{context.job.stop, {}});
  if (!picture.empty()) image::write_picture(picture, clip.picture);
  OrderedJson parts = OrderedJson::array();
  for (const pipelines::ClipPart& part : clip.parts) {
    const fs::path part_path = beside(path, part.name);
    audio::write_audio(part_path, part.sound, part_writer_options(clip, options, part_path),
                       Job{context.job.stop, {}});
    context.out.line("{}", part_path.string());
    parts.push_back({{"name", part.name}, {"audio", part_path.string()}});
  }
  const audio::Loudness loudness = audio::measure_loudness(clip.sound);
  context.out.line("{} ({:.3f} s, {} Hz, {}, {:.1f} LUFS, seed {})", path.string(),
                   clip.sound.duration_s(), clip.sound.sample_rate,
                   clip.sound.channels() == 1 ? "mono" : "stereo", loudness.integrated_lufs,
                   clip.request.value("seed", int64_t{0}));
  OrderedJson all_notes = clip.notes;
  for (const std::string& note : notes) all_notes.push_back(note);
  for (const auto& note : all_notes) context.out.line("  {}", note.get_ref<const std::string&>());
  OrderedJson document = {{"audio", path.string()},
                          {"frames", clip.sound.frames()},
                          {"duration_s", clip.sound.duration_s()},
                          {"sample_rate", clip.sound.sample_rate},
                          {"channels", clip.sound.channels()},
                          {"loudness_lufs", loudness.integrated_lufs},
                          {"notes", std::move(all_notes)},
                          {"request", clip.request}};
  if (!picture.empty()) document["image"] = picture.string();
  if (!clip.parts.empty()) document["parts"] = std::move(parts);
  return document;
}

pipelines::RunContext run_context(const Options& options, Context& context) {
  pipelines::RunContext run{.job = context.job, .on_preview = {}, .on_clip = {}};
  if (options.preview.empty()) return run;
  const fs::path folder = options.preview;
  fs::create_directories(folder);
  run.on_preview = [folder](const pipelines::Preview& preview) {
    image::write_picture(folder / fmt::format("step-{:04}.png", preview.step), preview.picture);
  };
  return run;
}

void run(const std::string& name, const Options& options, Context& context) {
  const pipelines::PipelineEntry& pipeline = pipelines::pipeline_entry(name);
  const Json request = request_of(options);
  pipeline.check(request);
  if (!options.output.empty()) require_writable_sound(options.output);
  if (!options.image.empty()) require_writable(options.image);
  const auto model = options.model.open(pipeline.kind, context.globals, context.job);
  OrderedJson documents = OrderedJson::array();
  const bool many = pipelines::clips_of(pipeline, request) > 1;
  pipelines::RunContext run = run_context(options, context);
  const std::string other = request.value("context", "");
  OrderedJson context_heard;
  if (!other.empty()) {
    context_heard = heard_in(pipelines::read_sound_file(other, context.job).sound, context.job);
    context.out.line("{}: {}", other, heard_text(context_heard));
  }
  run.on_clip = [&](pipelines::Clip&& clip) {
    const auto number = static_cast<int64_t>(documents.size()) + 1;
    fs::path path = options.output;
    if (path.empty()) path = default_output(name, clip.request);
    fs::path picture = options.image;
    if (many) path = numbered(path, number);
    if (many && !picture.empty()) picture = numbered(picture, number);
    documents.push_back(write_clip(clip, options, path, picture, context));
    if (other.empty()) return;
    OrderedJson heard = heard_in(clip.sound, context.job);
    context.out.line("  {}", heard_text(heard));
    documents.back()["heard"] = std::move(heard);
  };
  pipeline.run(*model, request, run);
  context.out.document() = {{"pipeline", name}, {"clips", std::move(documents)}};
  if (!context_heard.is_null()) context.out.document()["context_heard"] = std::move(context_heard);
}

Action add(const pipelines::PipelineEntry& pipeline, CLI::App& app) {
  const auto options = std::make_shared<Options>();
  options->fields = pipeline.fields();
  options->values.resize(options->fields.size());
  options->flags = std::make_unique<bool[]>(options->fields.size());
  for (size_t i = 0; i < options->fields.size(); ++i) {
    options->given.push_back(add_field(app, *options, i));
  }
  app.add_option(
         "-o,--output", options->output,
         "Sound to write: .wav .flac .mp3 .ogg .opus .m4a (default: named after the prompt)")
      ->type_name(kFileType);
  app.add_option("--image", options->image, "Write the spectrogram too: .png or .jpg")
      ->type_name(kFileType);
  app.add_option("--preview", options->preview, "Write pictures of the running work there")
      ->type_name(kFolderType);
  add_choice(app, "--bits", options->bits, {"16", "24", "32f"},
             "Sample format of wav and flac files (32f: wav only)");
  app.add_option("--request", options->request_file,
                 "Request as a JSON file, as clips carry it; flags come on top")
      ->type_name(kFileType);
  options->model.add_to(app, pipeline.kind);
  const std::string name(pipeline.name);
  return [name, options](Context& context) { run(name, *options, context); };
}

}  // namespace

std::vector<Command> pipeline_commands() {
  std::vector<Command> commands;
  for (const pipelines::PipelineEntry& pipeline : pipelines::pipeline_table()) {
    commands.push_back({std::string(pipeline.name), "Music", std::string(pipeline.summary),
                        std::string(pipeline.examples),
                        [&pipeline](CLI::App& app) { return add(pipeline, app); }});
  }
  return commands;
}

}  // namespace riffle::cli
