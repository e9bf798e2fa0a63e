// SPDX-License-Identifier: GPL-3.0-or-later
#include "eval/band_player.h"

#include <ATen/ops/from_blob.h>

#include <memory>
#include <utility>

#include "audio/resample.h"
#include "pipelines/band_sampling.h"
#include "pipelines/play.h"
#include "pipelines/registry.h"

namespace riffle::eval {
namespace {

at::Tensor embed(pipelines::BandModel& model, const audio::Waveform& mono, const Job& job) {
  models::Clap& clap = model.clap(job);
  audio::Waveform sound = audio::resample(mono, clap.sample_rate(), job);
  std::vector<float>& samples = sound.samples[0];
  return clap.embed_sound(
      at::from_blob(samples.data(), {static_cast<int64_t>(samples.size())}, at::kFloat), job);
}

}  // namespace

BandPlayer band_player(pipelines::BandModel& model, const Json& fields) {
  const auto sampling = std::make_shared<pipelines::BandSampling>();
  pipelines::FieldReader reader(fields, "sampling");
  sampling->visit(reader);
  reader.finish();
  pipelines::settle(*sampling, model);
  BandPlayer player{.name = model.name(), .play = {}, .embed = {}, .through_codec = {}};
  player.play = [&model, sampling](const audio::Waveform& context, const audio::Waveform& like,
                                   uint64_t seed, const Job& job) {
    const pipelines::BandShape shape{.stereo = 0};
    const int64_t samples =
        audio::resampled_frames(context.frames(), context.sample_rate, model.codec().sample_rate());
    const double gain_db = pipelines::listening_gain_db(context);
    const pipelines::BandPiece piece{
        .samples = samples,
        .context = pipelines::context_of_sound(
            model, pipelines::heard(model, context, samples, gain_db, job), shape, job),
        .style = model.reads_style() ? embed(model, like, job).unsqueeze(0) : at::Tensor(),
        .seed = seed};
    const pipelines::PlayedStem stem =
        pipelines::play(model, piece, shape, *sampling, {.job = job});
    return pipelines::given_back(stem.sound, context.sample_rate, context.frames(), gain_db, job);
  };
  if (model.reads_style()) {
    player.embed = [&model](const audio::Waveform& sound, const Job& job) {
      return embed(model, sound, job);
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
