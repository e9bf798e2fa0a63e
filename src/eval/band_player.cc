// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/band_player.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "audio/resample.h"
#include "pipelines/band_sampling.h"
#include "pipelines/play.h"
#include "pipelines/registry.h"

namespace riffle::eval {
namespace {

struct Settings {
  pipelines::BandSampling sampling = {};
  std::optional<int64_t> best_of = {};
};

}  // namespace

BandPlayer band_player(pipelines::BandModel& model, const Json& fields) {
  const auto settings = std::make_shared<Settings>();
  pipelines::FieldReader reader(fields, "sampling");
  settings->sampling.visit(reader);
  pipelines::visit_best_of(reader, settings->best_of);
  reader.finish();
  pipelines::settle(settings->sampling, model);
  BandPlayer player{.name = model.name(), .play = {}, .embed = {}, .through_codec = {}};
  player.play = [&model, settings](const audio::Waveform& context, const audio::Waveform& like,
                                   uint64_t seed, const Job& job) {
    const pipelines::BandShape shape{.stereo = 0};
    const int64_t samples =
        audio::resampled_frames(context.frames(), context.sample_rate, model.codec().sample_rate());
    const double gain_db = pipelines::listening_gain_db(context);
    const pipelines::BandPiece piece{
        .samples = samples,
        .context = pipelines::context_of_sound(
            model, pipelines::heard(model, context, samples, gain_db, job), shape, job),
        .style = model.reads_style() ? pipelines::style_of_sound(model, like, job) : at::Tensor(),
        .seed = seed,
        .best_of = settings->best_of.value_or(model.defaults().best_of)};
    const pipelines::PlayedStem stem =
        pipelines::play(model, piece, shape, settings->sampling, {.job = job});
    return pipelines::given_back(stem.sound, context.sample_rate, context.frames(), gain_db, job);
  };
  if (model.reads_style()) {
    player.embed = [&model](const audio::Waveform& sound, const Job& job) {
      return pipelines::style_of_sound(model, sound, job).squeeze(0);
    };
  }
  player.through_codec = [&model](const audio::Waveform& sound, const Job& job) {
    pipelines::StemCodec& codec = model.codec();
    const audio::Waveform mono = audio::resample(sound, codec.sample_rate(), job);
    return audio::resample(codec.decode(codec.encode(mono, job), mono.frames(), {}, job),
                           sound.sample_rate, job);
  };
  return player;
}

}  // namespace riffle::eval
