// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/registry.h"

#include <fmt/format.h>

#include "core/error.h"
#include "pipelines/accompany.h"
#include "pipelines/compose.h"
#include "pipelines/cover.h"
#include "pipelines/edit_stem.h"
#include "pipelines/generate.h"
#include "pipelines/inpaint.h"
#include "pipelines/morph.h"
#include "pipelines/vary.h"

namespace riffle::pipelines {
namespace {

template <class Request>
void check_request(const Json& json) {
  const auto request = request_from_json<Request>(json, "request");
  if constexpr (requires { request.check(); }) request.check();
}

template <class Request, std::vector<Clip> (*kRun)(MusicModel&, Request, const RunContext&)>
constexpr PipelineEntry entry(std::string_view name, std::string_view summary,
                              std::string_view examples) {
  return {ModelKind::Riff,
          name,
          summary,
          examples,
          &fields_of<Request>,
          [](Model& model, const Json& request, const RunContext& context) {
            return kRun(dynamic_cast<MusicModel&>(model),
                        request_from_json<Request>(request, "request"), context);
          },
          &check_request<Request>};
}

template <class Request, std::vector<Clip> (*kRun)(BandModel&, Request, const RunContext&)>
constexpr PipelineEntry band_entry(std::string_view name, std::string_view summary,
                                   std::string_view examples) {
  return {ModelKind::Band,
          name,
          summary,
          examples,
          &fields_of<Request>,
          [](Model& model, const Json& request, const RunContext& context) {
            return kRun(dynamic_cast<BandModel&>(model),
                        request_from_json<Request>(request, "request"), context);
          },
          &check_request<Request>};
}

constexpr PipelineEntry kTable[] = {
    entry<GenerateRequest, generate>(
        "generate", "Make music from a prompt",
        "riffle generate \"funky synth solo\" -o solo.wav\n"
        "riffle generate \"techno drums\" --bars 4 --bpm 128 --loop -o loop.wav\n"
        "riffle generate \"0s: lo-fi piano; 20s: lo-fi piano and drums\" --seconds 40 -o "
        "song.flac\n"
        "riffle generate \"sad violin\" --count 4 --seed 1 --preset fast -o takes/violin.mp3"),
    entry<MorphRequest, morph>(
        "morph", "Let one sound turn into another, on the beat",
        "riffle morph \"church bells\" \"jazz piano\" --clips 8 -o morph.wav\n"
        "riffle morph \"funk guitar\" \"acid bass\" --init beat.wav --strength 0.75 -o jam.mp3"),
    entry<CoverRequest, cover>(
        "cover", "Play a recording with another sound",
        "riffle cover song.mp3 \"string quartet\" -o quartet.wav\n"
        "riffle cover song.mp3 \"piano\" --to \"church organ\" -o cover.flac"),
    entry<InpaintRequest, inpaint>(
        "inpaint", "Make a part of a recording anew",
        "riffle inpaint song.wav \"drum fill\" --from 12s --to 14s -o filled.wav\n"
        "riffle inpaint song.wav \"walking bass\" --from 0s --to 20s --high-hz 250 -o bass.wav"),
    entry<ExtendRequest, extend>(
        "extend", "Let a recording go on",
        "riffle extend riff.wav --seconds 10 -o longer.wav\n"
        "riffle extend riff.wav \"with drums\" --bars 4 --bpm 120 --side start -o intro.wav"),
    entry<VaryRequest, vary>("vary", "Make variations of a clip",
                             "riffle vary solo.wav --amount 0.2 --count 4 -o solo-varied.wav"),
    band_entry<AccompanyRequest, accompany>(
        "accompany", "Play a stem that fits other music",
        "riffle accompany song.wav --prompt \"slap bass\" --mix -o bass.wav\n"
        "riffle accompany song.wav --like drums.wav --count 4 --seed 1 -o takes/drums.wav\n"
        "riffle accompany loop.wav --like pad.wav --prompt \"warm\" --blend 0.3 --loop 4 -o "
        "pad.wav"),
    band_entry<SoloRequest, solo>(
        "solo", "Play one instrument alone",
        "riffle solo --prompt \"slow evolving pad synth\" --seconds 20 -o pad.wav\n"
        "riffle solo --like guitar.wav --bars 4 --bpm 96 --loop 2 -o riff.wav"),
    band_entry<ComposeRequest, compose>(
        "compose", "Make a whole mix, stem by stem",
        "riffle compose --refs references --seconds 20 -o mix.wav\n"
        "riffle compose --plan plan.json --bars 8 --bpm 110 --seed 3 -o mix.wav"),
    band_entry<InpaintStemRequest, inpaint_stem>(
        "inpaint-stem", "Make a part of a stem anew",
        "riffle inpaint-stem bass.wav --from 4s --to 6s --context drums.wav -o bass2.wav"),
    band_entry<ExtendStemRequest, extend_stem>(
        "extend-stem", "Let a stem go on",
        "riffle extend-stem bass.wav --seconds 6 --context drums.wav -o longer.wav"),
    band_entry<VaryStemRequest, vary_stem>(
        "vary-stem", "Make other takes of a stem, wider ones, loops of it",
        "riffle vary-stem bass.wav --amount 0.3 --context drums.wav -o take2.wav\n"
        "riffle vary-stem pad.wav --amount 0 --stereo 0.4 -o wide.wav\n"
        "riffle vary-stem beat.wav --amount 0.6 --loop 4 --loop-strength 0.8 -o loop.wav"),
    band_entry<InterpolateRequest, interpolate>(
        "interpolate", "Play what lies between two sounds",
        "riffle interpolate bongos.wav --prompt \"huge metal plates\" --steps 6 -o way.wav\n"
        "riffle interpolate a.wav b.wav --context song.wav -o way.wav"),
};

}  // namespace

std::vector<Clip> PipelineEntry::run(Model& model, const Json& request,
                                     const RunContext& context) const {
  if (model.kind() == kind) return run_on(model, request, context);
  throw Error(ErrorCode::InvalidArgument,
              fmt::format("{} needs a {} model, and {} is a {} model", name, name_of(kind),
                          model.name(), name_of(model.kind())),
              kind == ModelKind::Band ? "name a band model with --model, for example riffle-band"
                                      : "name a riff model with --model, for example riffle-small");
}

std::span<const PipelineEntry> pipeline_table() { return kTable; }

int64_t clips_of(const PipelineEntry& pipeline, const Json& request) {
  const char* field = pipeline.name == "interpolate" ? "steps" : "count";
  for (const Field& known : pipeline.fields()) {
    if (known.info.name == field) return request.value(field, known.default_value.get<int64_t>());
  }
  return 1;
}

const PipelineEntry& pipeline_entry(std::string_view name) {
  std::string names;
  for (const PipelineEntry& row : kTable) {
    if (row.name == name) return row;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", row.name);
  }
  throw Error(ErrorCode::NotFound, fmt::format("there is no pipeline \"{}\"", name),
              "the pipelines are " + names);
}

}  // namespace riffle::pipelines
