// SPDX-License-Identifier: GPL-3.0-or-later
#include "pipelines/vary.h"

#include <fmt/format.h>

#include "audio/audio_reader.h"
#include "core/error.h"
#include "pipelines/cover.h"
#include "pipelines/generate.h"
#include "pipelines/render.h"
#include "pipelines/sound_file.h"
#include "pipelines/sound_latents.h"

namespace riffle::pipelines {
namespace {

GenerateRequest generate_request_of(Json made_by, const MusicModel& model,
                                    const std::string& file) {
  const std::string maker = json_get_or<std::string>(made_by, "model", "", file);
  if (maker != model.name()) {
    throw Error(ErrorCode::InvalidArgument,
                fmt::format("{} was made with the model {}, not {}", file, maker, model.name()),
                "name the model it was made with (--model)");
  }
  made_by.erase("pipeline");
  made_by.erase("model");
  return request_from_json<GenerateRequest>(made_by, file + ": request");
}

std::vector<Clip> vary_generated(MusicModel& model, const VaryRequest& request,
                                 const GenerateRequest& made_by, const RunContext& context) {
  std::vector<Clip> clips;
  for (int64_t i = 0; i < request.count; ++i) {
    GenerateRequest again = made_by;
    again.varied_before = variations_of(made_by);
    again.variation = request.amount;
    again.variation_seed = static_cast<int64_t>(seed_of(request.seed, i));
    for (Clip& clip : generate(model, again, context)) clips.push_back(std::move(clip));
  }
  return clips;
}

std::vector<Clip> vary_any(MusicModel& model, const VaryRequest& request,
                           const RunContext& context) {
  std::vector<Clip> clips;
  RunContext inner = context;
  inner.on_clip = {};
  for (int64_t i = 0; i < request.count; ++i) {
    VaryRequest own = request;
    own.count = 1;
    own.seed = static_cast<int64_t>(seed_of(request.seed, i));
    CoverRequest again{.file = request.file,
                       .latents = request.latents,
                       .prompt = request.prompt,
                       .strength = request.amount};
    again.sampling.seed = own.seed;
    for (Clip& clip : cover(model, again, inner)) {
      // Not the cover's own request, which cannot do without a prompt.
      clip.request = request_record("vary", model, request_to_json(own));
      clip.notes.emplace_back("the file does not say how it was made: varied as a cover");
      context.deliver(std::move(clip), clips);
    }
  }
  return clips;
}

}  // namespace

void VaryRequest::visit(FieldVisitor& v) {
  v.field(file, {.name = "file",
                 .help = "The clip; best one that riffle generate made",
                 .required = true,
                 .place = 1,
                 .is_file = true});
  v.field(amount, {.name = "amount",
                   .help = "0 is the clip itself, 1 another one of the same prompt",
                   .minimum = 0,
                   .maximum = 1});
  v.field(count, {.name = "count", .help = "How many variations", .minimum = 1, .maximum = 1000});
  v.field(seed, {.name = "seed",
                 .help = "Of the variation; -1: another one each time",
                 .minimum = -1,
                 .maximum = 4294967295.0});
  v.field(prompt,
          {.name = "prompt", .help = "For sounds that were not made by Riffle", .absent = "none"});
  v.field(latents, latents_field());
}

std::vector<Clip> vary(MusicModel& model, VaryRequest request, const RunContext& context) {
  settle_seed(request.seed);
  const auto made_by = request_in(audio::AudioReader(request.file).info().tags);
  if (made_by && made_by->at("pipeline") == "generate") {
    return vary_generated(model, request, generate_request_of(*made_by, model, request.file),
                          context);
  }
  return vary_any(model, request, context);
}

}  // namespace riffle::pipelines
